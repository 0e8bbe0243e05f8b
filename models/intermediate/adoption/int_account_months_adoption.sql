with

observed as (
    select * from {{ ref('int_accounts_usage_observed') }}
),

months as (
    select * from {{ ref('int_months_closed') }}
)

select
    observed.account_id,
    months.month_start,
    observed.monthly_active_users,
    observed.weekly_active_users,
    observed.daily_active_users,
    observed.active_user_days,
    observed.active_weeks
from observed
inner join months
    on observed.observation_date = months.month_end
