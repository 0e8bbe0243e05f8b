with

answers as (
    select * from {{ ref('int_survey_invitations_resolved') }}
),

categories as (
    select * from {{ ref('survey_categories') }}
),

touches as (
    select * from {{ ref('int_touches_resolved') }}
),

detractors as (
    select answers.*
    from answers
    inner join categories
        on answers.survey_type = categories.survey_type
        and answers.score between categories.lowest_score and categories.highest_score
    where categories.category = 'detractor'
),

-- Whoever answered, or anybody else of the account: it is the customer who is followed up.
follow_ups as (
    select
        detractors.response_id,
        touches.touched_at
    from detractors
    inner join touches
        on detractors.account_id = touches.account_id
        and detractors.responded_at < touches.touched_at
    where detractors.account_id <> 'unassigned'

    union all

    select
        detractors.response_id,
        touches.touched_at
    from detractors
    inner join touches
        on detractors.contact_id = touches.contact_id
        and detractors.responded_at < touches.touched_at
)

select
    response_id,
    min(touched_at) as followed_up_at
from follow_ups
group by response_id
