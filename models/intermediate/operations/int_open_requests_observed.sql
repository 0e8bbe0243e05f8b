with

requests as (
    select * from {{ ref('int_requests_resolved') }}
    where is_counted
),

observation_dates as (
    select * from {{ ref('int_observation_dates_listed') }}
    where period_type <> 'week_end'
),

limits as (
    select
        priority,
        limit_days,
        effective_from,
        lead(effective_from) over (
            partition by priority order by effective_from
        ) as effective_to
    from {{ ref('request_limits') }}
),

open_requests as (
    select
        requests.request_id,
        requests.priority,
        observation_dates.observation_date,
        observation_dates.period_type,
        {{ days_between('requests.created_date', 'observation_dates.observation_date') }}
            as age_days
    from requests
    inner join observation_dates
        on requests.created_date <= observation_dates.observation_date
        and (
            requests.delivered_date is null
            or requests.delivered_date > observation_dates.observation_date
        )
),

with_limit as (
    select
        open_requests.*,
        limits.limit_days,
        coalesce(open_requests.age_days > limits.limit_days, false) as is_over_limit
    from open_requests
    left join limits
        on open_requests.priority = limits.priority
        and {{ is_in_force(
            'open_requests.observation_date', 'limits.effective_from', 'limits.effective_to'
        ) }}
)

select * from with_limit
