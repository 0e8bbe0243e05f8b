{#- A warning comes so many days before the month begins, neither too late nor too early. -#}
{%- set latest_warning_days = 30 -%}
{%- set earliest_warning_days = 180 -%}

with

losses as (
    select
        *,
        {{ add_days('month_start', -earliest_warning_days) }} as warned_from,
        {{ add_days('month_start', -latest_warning_days) }} as warned_until
    from {{ ref('int_health_losses_found') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
),

scores as (
    select * from {{ ref('fct_health_scores') }}
    where is_champion
        and period_type = 'month_end'
),

-- Before the first score of all nobody could be warned.
coverage as (
    select min(observation_date) as first_date from scores
),

warnings as (
    select
        losses.account_id,
        losses.month_start,
        min(scores.observation_date) as first_warned_date
    from losses
    inner join scores
        on losses.account_id = scores.account_id
        and scores.observation_date between losses.warned_from and losses.warned_until
    where scores.final_band in ('red', 'yellow')
    group by losses.account_id, losses.month_start
),

final as (
    select
        account_months.account_month_id,
        losses.account_id,
        account_months.account_version_id,
        losses.month_start,
        losses.has_churned,
        losses.has_contracted,
        {{ money('losses.mrr_lost') }} as mrr_lost,
        warnings.first_warned_date,
        case
            when coverage.first_date <= losses.warned_until
                then warnings.first_warned_date is not null
        end as was_warned
    from losses
    inner join account_months
        on losses.account_id = account_months.account_id
        and losses.month_start = account_months.month_start
    cross join coverage
    left join warnings
        on losses.account_id = warnings.account_id
        and losses.month_start = warnings.month_start
)

select * from final
