with

responses as (
    select * from {{ ref('base_surveys__responses') }}
),

kept_rows as (
    select
        response_id,
        survey_type,
        account_id,
        contact_id,
        email,
        sent_at,
        responded_at,
        score,
        comment,
        language
    from responses
    where row_status = 'kept'
)

select * from kept_rows
