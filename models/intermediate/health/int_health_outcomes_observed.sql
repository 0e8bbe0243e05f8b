with

customers as (
    select * from {{ ref('fct_account_months') }}
    where is_active_customer
),

losses as (
    select * from {{ ref('int_health_losses_found') }}
),

horizons as (
    select * from {{ ref('health_horizons') }}
),

windows as (
    select
        customers.account_id,
        customers.month_end,
        horizons.horizon_days,
        {{ add_days('customers.month_end', 'horizons.horizon_days') }} as window_end_date
    from customers
    cross join horizons
),

-- Until a window is over, nobody knows that the account stayed.
closed_windows as (
    select * from windows
    where window_end_date <= {{ as_of_date() }}
)

select
    closed_windows.account_id,
    closed_windows.month_end,
    closed_windows.horizon_days,
    closed_windows.window_end_date,
    max(case when losses.has_churned then 1 else 0 end) = 1 as has_churned,
    max(case when losses.has_contracted then 1 else 0 end) = 1 as has_contracted,
    coalesce(sum(losses.mrr_lost), 0) as mrr_lost
from closed_windows
left join losses
    on closed_windows.account_id = losses.account_id
    and closed_windows.month_end < losses.month_end
    and closed_windows.window_end_date >= losses.month_end
group by
    closed_windows.account_id,
    closed_windows.month_end,
    closed_windows.horizon_days,
    closed_windows.window_end_date
