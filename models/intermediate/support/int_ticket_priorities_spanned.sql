with

tickets as (
    select * from {{ ref('stg_tickets__tickets') }}
),

changes as (
    select
        ticket_id,
        event_at,
        old_value,
        new_value,
        row_number() over (partition by ticket_id order by event_at, new_value) as change_number
    from {{ ref('stg_tickets__ticket_events') }}
    where event_type = 'priority'
),

-- Before its first change a ticket had that change's old priority; one that was created
-- without any had the first it was given. Without changes it has always had its own.
priorities_from as (
    select
        tickets.ticket_id,
        0 as change_number,
        tickets.created_at as valid_from,
        case
            when changes.ticket_id is null then tickets.priority
            else coalesce(changes.old_value, changes.new_value)
        end as priority
    from tickets
    left join changes
        on tickets.ticket_id = changes.ticket_id
        and changes.change_number = 1

    union all

    select
        changes.ticket_id,
        changes.change_number,
        changes.event_at as valid_from,
        changes.new_value as priority
    from changes
    inner join tickets
        on changes.ticket_id = tickets.ticket_id
)

select
    ticket_id,
    change_number,
    priority,
    valid_from,
    lead(valid_from) over (partition by ticket_id order by change_number) as valid_to
from priorities_from
