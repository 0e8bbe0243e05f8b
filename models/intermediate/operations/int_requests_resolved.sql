with

requests as (
    select * from {{ ref('stg_ops__requests') }}
    where cast(created_at as date) <= {{ as_of_date() }}
),

employees as (
    select * from {{ ref('int_employee_emails_resolved') }}
),

withdrawals as (
    select * from {{ ref('request_withdrawals') }}
),

resolved as (
    select
        requests.request_id,
        employees.user_id as requester_id,
        requests.team,
        requests.priority,
        requests.kind,
        requests.created_at,
        cast(requests.created_at as date) as created_date,
        case
            when cast(requests.first_response_at as date) <= {{ as_of_date() }}
                then requests.first_response_at
        end as first_response_at,
        case
            when cast(requests.delivered_at as date) <= {{ as_of_date() }}
                then requests.delivered_at
        end as delivered_at,
        withdrawals.status is null as is_counted
    from requests
    left join employees
        on requests.requester_email = employees.email
    left join withdrawals
        on lower(requests.status) = withdrawals.status
)

select
    *,
    cast(delivered_at as date) as delivered_date,
    is_counted and delivered_at is null as is_open
from resolved
