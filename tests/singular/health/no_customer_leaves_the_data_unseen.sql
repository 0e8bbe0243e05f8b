-- Each account whose outcome is told has a row for every closed month up to the end of the
-- window: who vanished from the data would pass for one who stayed.
with

outcomes as (
    select * from {{ ref('fct_health_outcomes') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
),

months as (
    select * from {{ ref('int_months_closed') }}
)

select
    outcomes.health_outcome_id,
    months.month_start
from outcomes
inner join months
    on outcomes.month_end < months.month_end
    and outcomes.window_end_date >= months.month_end
left join account_months
    on outcomes.account_id = account_months.account_id
    and months.month_end = account_months.month_end
where account_months.account_id is null
