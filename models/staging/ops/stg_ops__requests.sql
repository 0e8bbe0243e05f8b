with

requests as (
    select * from {{ ref('base_ops__requests') }}
),

kept_rows as (
    select
        request_id,
        requester_email,
        team,
        priority,
        kind,
        created_at,
        first_response_at,
        delivered_at,
        status
    from requests
    where row_status = 'kept'
)

select * from kept_rows
