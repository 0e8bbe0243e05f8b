with

days as (
    select * from {{ ref('int_days_listed') }}
),

holidays as (
    select * from {{ ref('holidays') }}
),

calendar as (
    select
        days.date_day,
        {{ iso_weekday('days.date_day') }} as iso_weekday,
        {{ month_start('days.date_day') }} as month_start,
        {{ month_end('days.date_day') }} as month_end,
        cast({{ dbt.date_trunc('quarter', 'days.date_day') }} as date) as quarter_start,
        cast({{ dbt.date_trunc('year', 'days.date_day') }} as date) as year_start,
        holidays.holiday_name,
        cast(
            {{ dbt.dateadd('month', 1 - var('fiscal_year_start_month'), 'days.date_day') }}
            as date
        ) as fiscal_day
    from days
    left join holidays
        on days.date_day = holidays.holiday_date
),

described as (
    select
        date_day,
        cast(iso_weekday as integer) as iso_weekday,
        month_start,
        month_end,
        quarter_start,
        year_start,
        cast(extract(year from fiscal_day) as integer) as fiscal_year,
        cast(extract(quarter from fiscal_day) as integer) as fiscal_quarter,
        holiday_name,
        iso_weekday <= 5 and holiday_name is null as is_business_day
    from calendar
),

numbered as (
    select
        *,
        cast(
            count(case when is_business_day then 1 end) over (order by date_day) as integer
        ) as business_day_number
    from described
)

select * from numbered
