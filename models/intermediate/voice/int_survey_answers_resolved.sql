with

invitations as (
    select * from {{ ref('int_survey_invitations_resolved') }}
)

select
    response_id,
    survey_type,
    account_id,
    respondent,
    responded_at,
    responded_date,
    score
from invitations
where score is not null
