with

users_observed as (
    select * from {{ ref('int_users_observed') }}
),

months as (
    select * from {{ ref('int_months_closed') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
)

select
    users_observed.product_user_id,
    users_observed.account_id,
    account_months.account_month_id,
    account_versions.account_version_id,
    months.month_start,
    months.month_end,
    users_observed.active_days,
    users_observed.is_active_in_week,
    users_observed.is_active_on_day,
    coalesce(account_months.is_active_customer, false) as is_paying_account,
    count(*) over (
        partition by users_observed.product_user_id, months.month_start
    ) > 1 as is_in_several_accounts
from users_observed
inner join months
    on users_observed.observation_date = months.month_end
left join account_months
    on users_observed.account_id = account_months.account_id
    and months.month_start = account_months.month_start
{{ join_account_version('users_observed', 'months.month_end') }}
