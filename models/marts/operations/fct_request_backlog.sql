with

months as (
    select * from {{ ref('int_months_closed') }}
),

requests as (
    select * from {{ ref('int_requests_resolved') }}
),

open_requests as (
    select * from {{ ref('int_open_requests_observed') }}
    where period_type = 'month_end'
),

priorities as (
    select priority from {{ ref('request_limits') }}
    group by priority
),

-- Nothing was recorded before the first request; from then on an empty backlog is 0.
first_request as (
    select min(created_date) as first_date from requests
),

measured as (
    select
        months.month_start,
        months.month_end,
        priorities.priority
    from months
    inner join first_request
        on months.month_end >= first_request.first_date
    cross join priorities
),

counted as (
    select
        measured.priority
        || '|' || cast(measured.month_start as {{ dbt.type_string() }}) as request_backlog_id,
        measured.priority,
        measured.month_start,
        measured.month_end,
        cast(count(open_requests.request_id) as integer) as open_requests,
        cast(count(case when open_requests.is_over_limit then 1 end) as integer)
            as over_limit_requests,
        max(open_requests.age_days) as oldest_age_days
    from measured
    left join open_requests
        on measured.priority = open_requests.priority
        and measured.month_end = open_requests.observation_date
    group by measured.priority, measured.month_start, measured.month_end
)

select * from counted
