{#- The longest window that active users are counted over, and a week of it. -#}
{%- set month_days = 28 -%}
{%- set week_days = 7 -%}

with

dates as (
    select observation_date
    from {{ ref('int_observation_dates_listed') }}
    group by observation_date
),

days as (
    select * from {{ ref('dim_dates') }}
),

user_days as (
    select * from {{ ref('int_user_days_aggregated') }}
    where qualifying_event_count > 0
),

-- Every day of every window, so that the large table is joined by equality.
window_days as (
    select
        dates.observation_date,
        days.date_day,
        {{ dbt.datediff('days.date_day', 'dates.observation_date', 'day') }} as days_before
    from dates
    inner join days
        on days.date_day <= dates.observation_date
        and days.date_day > {{ add_days('dates.observation_date', -month_days) }}
),

observed as (
    select
        user_days.product_user_id,
        user_days.account_id,
        window_days.observation_date,
        cast(count(*) as integer) as active_days,
        min(window_days.days_before) as days_since_active,
        {%- for week in range(4) %}
        max(
            case
                when window_days.days_before >= {{ week * week_days }}
                    and window_days.days_before < {{ (week + 1) * week_days }} then 1
                else 0
            end
        ) as was_active_{{ week }}_weeks_ago
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from user_days
    inner join window_days
        on user_days.activity_date = window_days.date_day
    group by
        user_days.product_user_id,
        user_days.account_id,
        window_days.observation_date
)

select
    product_user_id,
    account_id,
    observation_date,
    active_days,
    days_since_active < {{ week_days }} as is_active_in_week,
    days_since_active = 0 as is_active_on_day,
    was_active_0_weeks_ago,
    was_active_1_weeks_ago,
    was_active_2_weeks_ago,
    was_active_3_weeks_ago
from observed
