with

events as (
    select * from {{ ref('stg_tickets__ticket_events') }}
)

select
    ticket_id,
    count(case when event_type = 'reply' then 1 end) > 0 as has_reply_log,
    min(case when event_type = 'reply' and new_value = 'public' then event_at end)
        as first_public_reply_at,
    min(case when event_type = 'root_cause' and new_value is not null then event_at end)
        as root_cause_set_at,
    min(case when event_type = 'resolution_code' and new_value is not null then event_at end)
        as resolution_code_set_at
from events
group by ticket_id
