with

requests as (
    select * from {{ ref('int_requests_resolved') }}
),

open_requests as (
    select * from {{ ref('int_open_requests_observed') }}
    where period_type = 'as_of'
),

dates as (
    select * from {{ ref('dim_dates') }}
),

timed as (
    select
        requests.request_id,
        requests.requester_id,
        requests.team,
        requests.priority,
        requests.kind,
        requests.created_at,
        requests.created_date,
        requests.first_response_at,
        requests.delivered_at,
        requests.delivered_date,
        requests.is_counted,
        requests.is_open,
        requests.kind = 'dashboard_served' as is_self_served,
        delivered.business_day_number - created.business_day_number as business_days_to_delivery,
        open_requests.age_days,
        open_requests.limit_days,
        coalesce(open_requests.is_over_limit, false) as is_over_limit
    from requests
    left join dates as created
        on requests.created_date = created.date_day
    left join dates as delivered
        on requests.delivered_date = delivered.date_day
    left join open_requests
        on requests.request_id = open_requests.request_id
)

select * from timed
