with

invitations as (
    select * from {{ ref('int_survey_invitations_resolved') }}
),

texts as (
    select
        'survey_comment' as text_type,
        response_id as source_id,
        comment as written
    from invitations

    union all

    select
        'ticket_subject' as text_type,
        ticket_id as source_id,
        subject as written
    from {{ ref('stg_tickets__tickets') }}
    where cast(created_at as date) <= {{ as_of_date() }}

    union all

    select
        'cta_reason' as text_type,
        cta_id as source_id,
        reason as written
    from {{ ref('stg_success__ctas') }}
    where cast(created_at as date) <= {{ as_of_date() }}

    union all

    select
        'override_reason' as text_type,
        override_id as source_id,
        reason as written
    from {{ ref('int_health_overrides_resolved') }}

    union all

    select
        'close_plan' as text_type,
        opportunity_id as source_id,
        close_plan as written
    from {{ ref('stg_crm__opportunities') }}
    where cast(created_at as date) <= {{ as_of_date() }}

    union all

    select
        'dependency_description' as text_type,
        dependency_id as source_id,
        description as written
    from {{ ref('stg_ops__dependencies') }}
)

select
    text_type || '|' || source_id as text_id,
    text_type,
    source_id,
    written
from texts
where written is not null
