with

responses as (
    select * from {{ ref('stg_surveys__responses') }}
    where cast(responded_at as date) <= {{ as_of_date() }}
        and score is not null
),

contacts as (
    select * from {{ ref('stg_crm__contacts') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

resolved as (
    select
        responses.response_id,
        responses.survey_type,
        coalesce(ids.resolved_account_id, 'unassigned') as account_id,
        coalesce(responses.contact_id, responses.email, responses.response_id) as respondent,
        responses.responded_at,
        cast(responses.responded_at as date) as responded_date,
        responses.score
    from responses
    left join contacts
        on responses.contact_id = contacts.contact_id
    left join ids
        on coalesce(responses.account_id, contacts.account_id) = ids.account_id
)

select * from resolved
