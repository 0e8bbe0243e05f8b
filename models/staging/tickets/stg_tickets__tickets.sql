with

tickets as (
    select * from {{ ref('base_tickets__tickets') }}
),

kept_rows as (
    select
        ticket_id,
        account_id,
        requester_email,
        assignee_id,
        subject,
        type,
        channel,
        priority,
        status,
        is_escalated,
        escalated_at,
        root_cause,
        resolution_code,
        tags,
        csat_score,
        created_at,
        first_replied_at,
        solved_at,
        reopened_count,
        updated_at
    from tickets
    where row_status = 'kept'
)

select * from kept_rows
