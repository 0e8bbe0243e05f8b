{#- Days that monthly active users are counted over: four weeks. -#}
{%- set month_days = 28 -%}

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
windows as (
    select
        dates.observation_date,
        days.date_day
    from dates
    inner join days
        on dates.observation_date >= days.date_day
        and {{ add_days('dates.observation_date', -month_days) }} < days.date_day
),

window_days as (
    select
        observation_date,
        date_day,
        {{ days_between('date_day', 'observation_date') }} as days_before
    from windows
),

active as (
    select
        user_days.product_user_id,
        user_days.account_id,
        window_days.observation_date,
        window_days.days_before
    from user_days
    inner join window_days
        on user_days.activity_date = window_days.date_day
),

observed as (
    select
        product_user_id,
        account_id,
        observation_date,
        cast(count(*) as integer) as active_days,
        min(days_before) as days_since_active,
        max(case when days_before < 7 then 1 else 0 end) as was_active_0_weeks_ago,
        max(case when days_before between 7 and 13 then 1 else 0 end) as was_active_1_weeks_ago,
        max(case when days_before between 14 and 20 then 1 else 0 end) as was_active_2_weeks_ago,
        max(case when days_before >= 21 then 1 else 0 end) as was_active_3_weeks_ago
    from active
    group by product_user_id, account_id, observation_date
)

select
    product_user_id,
    account_id,
    observation_date,
    active_days,
    was_active_0_weeks_ago = 1 as is_active_in_week,
    days_since_active = 0 as is_active_on_day,
    was_active_0_weeks_ago,
    was_active_1_weeks_ago,
    was_active_2_weeks_ago,
    was_active_3_weeks_ago
from observed
