{#- Days that the use of a feature is looked for in: four weeks. -#}
{%- set window_days = 28 -%}

with

charges as (
    select * from {{ ref('int_charges_in_force') }}
    where account_id <> 'unassigned'
),

plan_features as (
    select * from {{ ref('int_plan_features_listed') }}
),

features as (
    select * from {{ ref('stg_usage__features') }}
    where is_core
),

activity as (
    select * from {{ ref('stg_usage__activity') }}
    where activity_date <= {{ as_of_date() }}
        and event_count > 0
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

days as (
    select * from {{ ref('dim_dates') }}
),

contained as (
    select
        charges.account_id,
        charges.observation_date,
        plan_features.feature_key
    from charges
    inner join plan_features
        on charges.plan_id = plan_features.plan_id
    inner join features
        on plan_features.feature_key = features.feature_key
    group by charges.account_id, charges.observation_date, plan_features.feature_key
),

dates as (
    select observation_date
    from contained
    group by observation_date
),

-- Every day of every window, so that the large table is joined by equality.
windows as (
    select
        dates.observation_date,
        days.date_day
    from dates
    inner join days
        on dates.observation_date >= days.date_day
        and {{ add_days('dates.observation_date', -window_days) }} < days.date_day
),

days_used as (
    select
        ids.resolved_account_id as account_id,
        activity.feature_key,
        activity.activity_date
    from activity
    inner join ids
        on activity.account_id = ids.account_id
    group by ids.resolved_account_id, activity.feature_key, activity.activity_date
),

used as (
    select
        days_used.account_id,
        windows.observation_date,
        days_used.feature_key
    from days_used
    inner join windows
        on days_used.activity_date = windows.date_day
    group by days_used.account_id, windows.observation_date, days_used.feature_key
)

select
    contained.account_id,
    contained.observation_date,
    count(*) as core_features_in_plan,
    count(used.feature_key) as core_features_used
from contained
left join used
    on contained.account_id = used.account_id
    and contained.observation_date = used.observation_date
    and contained.feature_key = used.feature_key
group by contained.account_id, contained.observation_date
