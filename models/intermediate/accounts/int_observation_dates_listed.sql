with

days as (
    select * from {{ ref('int_days_listed') }}
    where date_day <= {{ as_of_date() }}
),

first_start as (
    select min(start_month) as first_month from {{ ref('int_account_starts_found') }}
),

month_ends as (
    select
        days.date_day as observation_date,
        'month_end' as period_type
    from days
    inner join first_start
        on days.date_day >= first_start.first_month
    where days.date_day = {{ month_end('days.date_day') }}
),

week_ends as (
    select
        date_day as observation_date,
        'week_end' as period_type
    from days
    where {{ iso_weekday('date_day') }} = 7
        and date_day > {{ add_days(as_of_date(), -26 * 7) }}
),

as_of as (
    select
        {{ as_of_date() }} as observation_date,
        'as_of' as period_type
),

listed as (
    select * from month_ends

    union all

    select * from week_ends

    union all

    select * from as_of
)

select * from listed
