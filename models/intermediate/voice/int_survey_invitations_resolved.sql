with

responses as (
    select
        *,
        cast(sent_at as date) as sent_date,
        -- What is answered after the as-of date is not answered yet.
        coalesce(cast(responded_at as date) <= {{ as_of_date() }}, false) as is_answered
    from {{ ref('stg_surveys__responses') }}
    where cast(sent_at as date) <= {{ as_of_date() }}
),

contacts as (
    select * from {{ ref('stg_crm__contacts') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

policies as (
    select * from {{ ref('survey_policies') }}
),

resolved as (
    select
        responses.response_id,
        responses.survey_type,
        -- The people of an internal account are colleagues.
        case when ids.is_internal then 'employees' else policies.audience end as audience,
        coalesce(ids.resolved_account_id, 'unassigned') as account_id,
        responses.contact_id,
        coalesce(responses.contact_id, responses.email, responses.response_id) as respondent,
        responses.sent_at,
        responses.sent_date,
        case when responses.is_answered then responses.responded_at end as responded_at,
        case when responses.is_answered then cast(responses.responded_at as date) end
            as responded_date,
        case when responses.is_answered then responses.score end as score,
        case when responses.is_answered then responses.comment end as comment
    from responses
    inner join policies
        on responses.survey_type = policies.survey_type
    left join contacts
        on responses.contact_id = contacts.contact_id
    left join ids
        on coalesce(responses.account_id, contacts.account_id) = ids.account_id
)

select * from resolved
