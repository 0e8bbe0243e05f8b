with

days as (
    select * from {{ ref('dim_dates') }}
),

closed_months as (
    select
        'month' as grain,
        month_start as period_start,
        month_end as period_end
    from {{ ref('int_months_closed') }}
),

closed_weeks as (
    select
        'week' as grain,
        date_day as period_start,
        {{ add_days('date_day', 6) }} as period_end
    from days
    where {{ iso_weekday('date_day') }} = 1
        and {{ add_days('date_day', 6) }} <= {{ as_of_date() }}
),

closed_periods as (
    select * from closed_months

    union all

    select * from closed_weeks
)

select
    *,
    row_number() over (partition by grain order by period_start desc) - 1 as periods_ago
from closed_periods
