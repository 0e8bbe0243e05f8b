with

invitations as (
    select * from {{ ref('int_survey_invitations_resolved') }}
),

tickets as (
    select
        counted.ticket_id,
        counted.account_id,
        counted.created_date,
        staged.subject
    from {{ ref('fct_tickets') }} as counted
    inner join {{ ref('stg_tickets__tickets') }} as staged
        on counted.ticket_id = staged.ticket_id
    where counted.is_counted
),

listed as (
    select
        'survey_comment' as source_type,
        response_id as source_id,
        account_id,
        responded_date as said_date,
        comment as said
    from invitations
    where audience = 'customers'
        and comment is not null

    union all

    select
        'ticket_subject' as source_type,
        ticket_id as source_id,
        account_id,
        created_date as said_date,
        subject as said
    from tickets
    where subject is not null
)

select
    source_type,
    source_id,
    account_id,
    said_date,
    -- Words parted by single marks or spaces, so that a rule can ask for whole ones.
    ' ' || translate(lower(said), '.,;:!?()"-/', '           ') || ' ' as words
from listed
