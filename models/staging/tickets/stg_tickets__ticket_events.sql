with

ticket_events as (
    select * from {{ ref('base_tickets__ticket_events') }}
),

kept_rows as {{ computed_once() }} (
    select
        ticket_id,
        event_at,
        event_type,
        {{ ticket_event_value('old_value') }} as old_value,
        {{ ticket_event_value('new_value') }} as new_value
    from ticket_events
    where row_status = 'kept'
)

select * from kept_rows
