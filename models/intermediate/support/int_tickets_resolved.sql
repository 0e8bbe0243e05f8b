with

tickets as (
    select * from {{ ref('stg_tickets__tickets') }}
    where cast(created_at as date) <= {{ as_of_date() }}
),

exclusions as (
    select * from {{ ref('ticket_exclusions') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

events as (
    select * from {{ ref('int_ticket_events_aggregated') }}
),

priorities as (
    select * from {{ ref('int_ticket_priorities_spanned') }}
),

-- What the ticket's log dates is dated by the log. A reply counts from the first public
-- one; without a log of replies the ticket's own field tells. A value without a date was
-- set by the ticket's last update.
logged as (
    select
        tickets.*,
        case
            when events.has_reply_log then events.first_public_reply_at
            else tickets.first_replied_at
        end as first_public_reply_at,
        case
            when tickets.root_cause is not null
                then coalesce(events.root_cause_set_at, tickets.updated_at)
        end as root_cause_set_at,
        case
            when tickets.resolution_code is not null
                then coalesce(events.resolution_code_set_at, tickets.updated_at)
        end as resolution_code_set_at
    from tickets
    left join events
        on tickets.ticket_id = events.ticket_id
),

-- Tags come as one text, parted by commas, semicolons, bars or spaces.
tagged as (
    select
        ticket_id,
        type,
        status,
        channel,
        resolution_code,
        ' ' || translate(lower(tags), ',;|', '   ') || ' ' as tag_words
    from tickets
),

excluded as (
    select
        tagged.ticket_id,
        min(exclusions.exclusion_reason) as exclusion_reason
    from tagged
    inner join exclusions
        on (exclusions.field = 'type' and exclusions.value = lower(tagged.type))
        or (exclusions.field = 'status' and exclusions.value = lower(tagged.status))
        or (exclusions.field = 'channel' and exclusions.value = lower(tagged.channel))
        or (
            exclusions.field = 'resolution_code'
            and exclusions.value = lower(tagged.resolution_code)
        )
        or (
            exclusions.field = 'tag'
            and tagged.tag_words like '% ' || exclusions.value || ' %'
        )
    group by tagged.ticket_id
),

-- What happened after the as-of date is not known yet: the ticket stands as it
-- stood then.
known as (
    select
        logged.*,
        coalesce(ids.resolved_account_id, 'unassigned') as resolved_account_id,
        coalesce(ids.is_internal, false) as is_internal_account,
        cast(logged.first_public_reply_at as date) <= {{ as_of_date() }} as is_reply_known,
        cast(logged.solved_at as date) <= {{ as_of_date() }} as is_solve_known,
        cast(logged.root_cause_set_at as date) <= {{ as_of_date() }} as is_root_cause_known,
        cast(logged.resolution_code_set_at as date) <= {{ as_of_date() }}
            as is_resolution_code_known,
        coalesce(logged.is_escalated, false)
        and cast(coalesce(logged.escalated_at, logged.created_at) as date)
        <= {{ as_of_date() }} as is_escalation_known
    from logged
    left join ids
        on logged.account_id = ids.account_id
),

resolved as (
    select
        known.ticket_id,
        known.resolved_account_id as account_id,
        known.assignee_id,
        known.subject,
        known.type as ticket_type,
        known.channel,
        latest.priority,
        initial.priority as priority_at_creation,
        case when known.is_root_cause_known then known.root_cause end as root_cause,
        case when known.is_root_cause_known then known.root_cause_set_at end
            as root_cause_set_at,
        case when known.is_resolution_code_known then known.resolution_code end
            as resolution_code,
        case when known.is_resolution_code_known then known.resolution_code_set_at end
            as resolution_code_set_at,
        known.created_at,
        case when known.is_reply_known then known.first_public_reply_at end as first_replied_at,
        case when known.is_solve_known then known.solved_at end as solved_at,
        case
            when known.is_escalation_known then coalesce(known.escalated_at, known.created_at)
        end as escalated_at,
        known.is_escalation_known as is_escalated,
        -- The source dates no reopening, so it counts once its outcome is known.
        case
            when known.is_solve_known or known.solved_at is null
                then coalesce(known.reopened_count, 0)
            else 0
        end as reopened_count,
        -- Customers rate a ticket once it is solved.
        case when known.is_solve_known then known.csat_score end as csat_score,
        case when known.is_solve_known then known.csat_score >= 4 end as is_csat_satisfied,
        coalesce(
            excluded.exclusion_reason,
            case when known.is_internal_account then 'internal' end
        ) as exclusion_reason
    from known
    left join excluded
        on known.ticket_id = excluded.ticket_id
    left join priorities as initial
        on known.ticket_id = initial.ticket_id
        and initial.change_number = 0
    left join priorities as latest
        on known.ticket_id = latest.ticket_id
        and {{ is_in_force(
            as_of_date(), 'cast(latest.valid_from as date)', 'cast(latest.valid_to as date)'
        ) }}
)

select * from resolved
