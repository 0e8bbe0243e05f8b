with

dates as (
    select * from {{ ref('int_observation_dates_listed') }}
),

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

scores as (
    select * from {{ ref('int_health_scores_compared') }}
),

explained as (
    select * from {{ ref('int_health_scores_explained') }}
),

overrides as (
    select * from {{ ref('int_health_overrides_observed') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
),

renewals_due as (
    select
        account_id,
        observation_date,
        sum(arr) as arr
    from {{ ref('int_renewals_due_observed') }}
    group by account_id, observation_date
),

with_final_band as (
    select
        scores.*,
        overrides.override_band,
        overrides.override_reason,
        coalesce(overrides.override_band, scores.band) as final_band
    from scores
    left join overrides
        on scores.account_id = overrides.account_id
        and scores.observation_date = overrides.observation_date
),

final as (
    select
        dates.observation_date,
        dates.period_type,
        with_final_band.account_id,
        account_months.account_month_id,
        accounts.account_version_id,
        with_final_band.model_version,
        with_final_band.is_champion,
        with_final_band.score,
        with_final_band.band,
        with_final_band.override_band,
        {{ masked('with_final_band.override_reason') }} as override_reason,
        with_final_band.final_band,
        cast(with_final_band.weight_present as decimal(9, 4)) as weight_present,
        with_final_band.missing_inputs,
        with_final_band.has_required_inputs,
        with_final_band.previous_month_score,
        with_final_band.change_vs_previous_month,
        explained.moved_by,
        explained.reason_1,
        explained.reason_2,
        explained.reason_3,
        {{ money('accounts.mrr') }} as mrr,
        {{ money('accounts.mrr * 12') }} as arr,
        {{ money('coalesce(renewals_due.arr, 0)') }} as renewals_due_arr,
        -- Red puts all of an account's ARR at risk, yellow what is up for renewal.
        case with_final_band.final_band
            when 'red' then {{ money('accounts.mrr * 12') }}
            when 'yellow' then {{ money('coalesce(renewals_due.arr, 0)') }}
            else 0
        end as arr_at_risk,
        accounts.segment,
        accounts.region,
        accounts.product_tier,
        accounts.csm_id,
        cast(accounts.tenure_days as integer) as tenure_days,
        accounts.is_managed
    from dates
    inner join with_final_band
        on dates.observation_date = with_final_band.observation_date
    inner join accounts
        on with_final_band.account_id = accounts.account_id
        and with_final_band.observation_date = accounts.observation_date
    left join explained
        on with_final_band.account_id = explained.account_id
        and with_final_band.observation_date = explained.observation_date
        and with_final_band.model_version = explained.model_version
    left join renewals_due
        on with_final_band.account_id = renewals_due.account_id
        and with_final_band.observation_date = renewals_due.observation_date
    left join account_months
        on with_final_band.account_id = account_months.account_id
        and with_final_band.observation_date = account_months.month_end
)

select * from final
