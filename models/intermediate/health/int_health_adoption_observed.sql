{#- Windows of 28 days; the trend compares with those ending at up to three month
    ends, of which none overlaps the latest. -#}
{%- set window_days = 28 -%}

with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

usage as (
    select * from {{ ref('int_accounts_usage_observed') }}
),

features as (
    select * from {{ ref('int_account_features_observed') }}
),

users as (
    select
        ids.resolved_account_id as account_id,
        cast(users.created_at as date) as created_date,
        cast(users.deactivated_at as date) as deactivated_date
    from {{ ref('stg_usage__users') }} as users
    inner join {{ ref('int_account_ids_resolved') }} as ids
        on users.account_id = ids.account_id
),

usage_by_month as (
    select
        account_months.*,
        months.month_end
    from {{ ref('int_account_months_adoption') }} as account_months
    inner join {{ ref('int_months_closed') }} as months
        on account_months.month_start = months.month_start
),

-- A window that began before the first event of all was not wholly measured.
covered as (
    select
        accounts.account_id,
        accounts.observation_date,
        accounts.paid_seats,
        usage.monthly_active_users,
        usage.active_weeks
    from accounts
    inner join usage
        on accounts.account_id = usage.account_id
        and accounts.observation_date = usage.observation_date
    where usage.covered_from <= {{ add_days('accounts.observation_date', 1 - window_days) }}
),

baselines as (
    select
        covered.account_id,
        covered.observation_date,
        avg(usage_by_month.monthly_active_users) as baseline_users
    from covered
    inner join usage_by_month
        on covered.account_id = usage_by_month.account_id
        and usage_by_month.month_end
        <= {{ add_days('covered.observation_date', -window_days) }}
        and usage_by_month.month_end
        > {{ add_days('covered.observation_date', -window_days - 92) }}
    group by covered.account_id, covered.observation_date
),

users_counted as (
    select
        covered.account_id,
        covered.observation_date,
        count(*) as known_users
    from covered
    inner join users
        on covered.account_id = users.account_id
        and {{ is_in_force(
            'covered.observation_date', 'users.created_date', 'users.deactivated_date'
        ) }}
    group by covered.account_id, covered.observation_date
)

select
    covered.account_id,
    covered.observation_date,
    100 * (covered.monthly_active_users - baselines.baseline_users)
    / nullif(baselines.baseline_users, 0) as mau_change_pct,
    100.0 * covered.monthly_active_users / nullif(covered.paid_seats, 0)
        as seat_utilization_pct,
    100.0 * covered.monthly_active_users / users_counted.known_users as active_users_pct,
    100.0 * features.core_features_used / features.core_features_in_plan
        as core_features_used_pct,
    covered.active_weeks
from covered
left join baselines
    on covered.account_id = baselines.account_id
    and covered.observation_date = baselines.observation_date
left join users_counted
    on covered.account_id = users_counted.account_id
    and covered.observation_date = users_counted.observation_date
left join features
    on covered.account_id = features.account_id
    and covered.observation_date = features.observation_date
