with

dates as (
    select observation_date
    from {{ ref('int_observation_dates_listed') }}
    group by observation_date
),

users_observed as (
    select * from {{ ref('int_users_observed') }}
),

accounts as (
    select resolved_account_id as account_id from {{ ref('int_account_ids_resolved') }}

    union

    select 'unassigned' as account_id
),

-- Before the first event nothing was measured: usage is unknown, not zero.
-- Without usage data this has no date, and so the model no row.
coverage as (
    select min(activity_date) as first_date
    from {{ ref('int_user_days_aggregated') }}
    where qualifying_event_count > 0
),

covered as (
    select
        accounts.account_id,
        dates.observation_date,
        coverage.first_date
    from dates
    inner join coverage
        on dates.observation_date >= coverage.first_date
    cross join accounts
),

counted as (
    select
        account_id,
        observation_date,
        count(*) as monthly_active_users,
        sum(case when is_active_in_week then 1 else 0 end) as weekly_active_users,
        sum(case when is_active_on_day then 1 else 0 end) as daily_active_users,
        sum(active_days) as active_user_days,
        max(was_active_0_weeks_ago) + max(was_active_1_weeks_ago)
        + max(was_active_2_weeks_ago) + max(was_active_3_weeks_ago) as active_weeks
    from users_observed
    group by account_id, observation_date
)

select
    covered.account_id,
    covered.observation_date,
    covered.first_date as covered_from,
    cast(coalesce(counted.monthly_active_users, 0) as {{ dbt.type_bigint() }})
        as monthly_active_users,
    cast(coalesce(counted.weekly_active_users, 0) as {{ dbt.type_bigint() }})
        as weekly_active_users,
    cast(coalesce(counted.daily_active_users, 0) as {{ dbt.type_bigint() }})
        as daily_active_users,
    cast(coalesce(counted.active_user_days, 0) as {{ dbt.type_bigint() }}) as active_user_days,
    cast(coalesce(counted.active_weeks, 0) as integer) as active_weeks
from covered
left join counted
    on covered.account_id = counted.account_id
    and covered.observation_date = counted.observation_date
