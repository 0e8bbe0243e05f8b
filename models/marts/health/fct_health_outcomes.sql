with

outcomes as (
    select
        *,
        has_churned or has_contracted as has_lost
    from {{ ref('int_health_outcomes_observed') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
),

scores as (
    select * from {{ ref('fct_health_scores') }}
    where is_champion
        and period_type = 'month_end'
),

judged as (
    select * from {{ ref('int_health_observations_judged') }}
),

pairs as (
    select * from {{ ref('int_health_pairs_counted') }}
    where variant = 'whole'
        and outcome = 'churned_or_contracted'
),

final as (
    select
        outcomes.account_id
        || '|' || cast(outcomes.month_end as {{ dbt.type_string() }})
        || '|' || cast(outcomes.horizon_days as {{ dbt.type_string() }}) as health_outcome_id,
        outcomes.account_id,
        account_months.account_month_id,
        account_months.account_version_id,
        outcomes.month_end,
        cast(outcomes.horizon_days as integer) as horizon_days,
        outcomes.window_end_date,
        outcomes.has_churned,
        outcomes.has_contracted,
        outcomes.has_lost,
        {{ money('outcomes.mrr_lost') }} as mrr_lost,
        scores.score,
        coalesce(scores.final_band, 'unscored') as final_band,
        judged.decile = 1 as is_lowest_decile,
        cast(pairs.kept_accounts as integer) as kept_accounts,
        cast(pairs.kept_accounts_scored_higher as decimal(18, 1)) as kept_accounts_scored_higher
    from outcomes
    inner join account_months
        on outcomes.account_id = account_months.account_id
        and outcomes.month_end = account_months.month_end
    left join scores
        on outcomes.account_id = scores.account_id
        and outcomes.month_end = scores.observation_date
    left join judged
        on outcomes.account_id = judged.account_id
        and outcomes.month_end = judged.month_end
        and outcomes.horizon_days = judged.horizon_days
        and scores.model_version = judged.model_version
    left join pairs
        on outcomes.account_id = pairs.account_id
        and outcomes.month_end = pairs.month_end
        and outcomes.horizon_days = pairs.horizon_days
        and scores.model_version = pairs.model_version
)

select * from final
