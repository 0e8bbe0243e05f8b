with

outcomes as (
    select
        *,
        case when has_happened then 1 else 0 end as happened
    from {{ ref('int_health_observations_grouped') }}
),

observations as (
    select
        *,
        -- To twelve decimals, because a sum of binary fractions hangs on the order of its rows.
        {{ rounded('(expected_share - happened) * (expected_share - happened)', 18, 12) }}
            as squared_error,
        {{ rounded('(base_share - happened) * (base_share - happened)', 18, 12) }}
            as base_squared_error,
        csm_id || '|' || cast(month_end as {{ dbt.type_string() }}) as csm_month
    from outcomes
)

select
    model_version,
    horizon_days,
    outcome,
    segment,
    sample,
    count(*) as observations,
    count(distinct account_id) as accounts,
    sum(happened) as lost_observations,
    count(distinct case when has_happened then account_id end) as lost_accounts,
    count(distinct case when not has_happened then account_id end) as kept_accounts,
    count(expected_share) as forecast_observations,
    count(distinct case when expected_share is not null then account_id end) as forecast_accounts,
    avg(squared_error) as brier_score,
    -- Of the same observations, to be comparable.
    avg(case when expected_share is not null then base_squared_error end) as brier_reference,
    sum(mrr_lost) as mrr_lost,
    count(distinct csm_month) as csm_months,
    min(month_end) as first_month_end,
    max(month_end) as last_month_end
from observations
group by model_version, horizon_days, outcome, segment, sample
