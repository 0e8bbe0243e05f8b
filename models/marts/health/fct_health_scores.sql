with

dates as (
    select * from {{ ref('int_observation_dates_listed') }}
),

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

scores as (
    select * from {{ ref('int_health_scores_banded') }}
),

overrides as (
    select * from {{ ref('int_health_overrides_observed') }}
),

reasons as (
    select
        account_id,
        observation_date,
        model_version,
        max(case when reason_rank = 1 then measure_in_words end) as reason_1,
        max(case when reason_rank = 2 then measure_in_words end) as reason_2,
        max(case when reason_rank = 3 then measure_in_words end) as reason_3
    from {{ ref('int_health_reasons_ranked') }}
    group by account_id, observation_date, model_version
),

managed as (
    select
        account_id,
        is_managed
    from {{ ref('dim_accounts') }}
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

with_previous_month as (
    select
        scores.*,
        previous.score as previous_month_score
    from scores
    left join scores as previous
        on scores.account_id = previous.account_id
        and scores.model_version = previous.model_version
        and {{ add_days(month_start('scores.observation_date'), -1) }} = previous.observation_date
),

final as (
    select
        dates.observation_date,
        dates.period_type,
        with_previous_month.account_id,
        account_months.account_month_id,
        accounts.account_version_id,
        with_previous_month.model_version,
        with_previous_month.is_champion,
        with_previous_month.score,
        with_previous_month.band,
        overrides.override_band,
        overrides.override_reason,
        coalesce(overrides.override_band, with_previous_month.band) as final_band,
        cast(with_previous_month.weight_present as decimal(9, 4)) as weight_present,
        with_previous_month.missing_inputs,
        with_previous_month.has_required_inputs,
        with_previous_month.previous_month_score,
        with_previous_month.score - with_previous_month.previous_month_score
            as change_vs_previous_month,
        case when with_previous_month.score is not null then reasons.reason_1 end as reason_1,
        case when with_previous_month.score is not null then reasons.reason_2 end as reason_2,
        case when with_previous_month.score is not null then reasons.reason_3 end as reason_3,
        {{ money('accounts.mrr') }} as mrr,
        {{ money('accounts.mrr * 12') }} as arr,
        {{ money('coalesce(renewals_due.arr, 0)') }} as renewals_due_arr,
        -- Red puts all of an account's ARR at risk, yellow what is up for renewal.
        case coalesce(overrides.override_band, with_previous_month.band)
            when 'red' then {{ money('accounts.mrr * 12') }}
            when 'yellow' then {{ money('coalesce(renewals_due.arr, 0)') }}
            else 0
        end as arr_at_risk,
        accounts.segment,
        accounts.region,
        accounts.product_tier,
        accounts.csm_id,
        coalesce(managed.is_managed, false) as is_managed
    from dates
    inner join with_previous_month
        on dates.observation_date = with_previous_month.observation_date
    inner join accounts
        on with_previous_month.account_id = accounts.account_id
        and with_previous_month.observation_date = accounts.observation_date
    left join overrides
        on with_previous_month.account_id = overrides.account_id
        and with_previous_month.observation_date = overrides.observation_date
    left join reasons
        on with_previous_month.account_id = reasons.account_id
        and with_previous_month.observation_date = reasons.observation_date
        and with_previous_month.model_version = reasons.model_version
    left join renewals_due
        on with_previous_month.account_id = renewals_due.account_id
        and with_previous_month.observation_date = renewals_due.observation_date
    left join managed
        on with_previous_month.account_id = managed.account_id
    left join account_months
        on with_previous_month.account_id = account_months.account_id
        and with_previous_month.observation_date = account_months.month_end
)

select * from final
