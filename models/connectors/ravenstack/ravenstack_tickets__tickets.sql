with

support_tickets as (
    select * from {{ source('ravenstack', 'support_tickets') }}
),

-- Submission is known by the day, so the first reply is counted from its midnight.
mapped as (
    select
        ticket_id,
        account_id,
        priority,
        'solved' as status,
        escalation_flag as is_escalated,
        satisfaction_score as csat_score,
        submitted_at as created_at,
        {{ dbt.dateadd(
            'minute',
            clean_integer('first_response_time_minutes'),
            clean_timestamp('submitted_at')
        ) }} as first_replied_at,
        closed_at as solved_at,
        closed_at as updated_at
    from support_tickets
)

select * from mapped
