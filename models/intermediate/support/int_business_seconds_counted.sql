with

days as (
    select * from {{ ref('dim_dates') }}
),

hours as (
    select
        weekday,
        {{ seconds_of_day('opens') }} as opens_at_second,
        {{ seconds_of_day('closes') }} as closes_at_second,
        effective_from,
        lead(effective_from) over (partition by weekday order by effective_from) as effective_to
    from {{ ref('business_hours') }}
),

opened as (
    select
        days.date_day,
        coalesce(hours.opens_at_second, 0) as opens_at_second,
        case
            when days.holiday_name is null
                then coalesce(hours.closes_at_second - hours.opens_at_second, 0)
            else 0
        end as seconds_open
    from days
    left join hours
        on days.iso_weekday = hours.weekday
        and {{ is_in_force('days.date_day', 'hours.effective_from', 'hours.effective_to') }}
)

select
    date_day,
    opens_at_second,
    seconds_open,
    coalesce(
        sum(seconds_open) over (
            order by date_day rows between unbounded preceding and 1 preceding
        ), 0
    ) as seconds_open_before
from opened
