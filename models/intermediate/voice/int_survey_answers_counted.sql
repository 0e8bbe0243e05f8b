with

answers as (
    select
        *,
        min(responded_date) over (partition by survey_type, respondent) as first_answer_date
    from {{ ref('int_survey_answers_resolved') }}
),

policies as (
    select * from {{ ref('survey_policies') }}
),

numbered as (
    select
        answers.*,
        policies.counting_days,
        {{ days_between('answers.first_answer_date', 'answers.responded_date') }}
            as days_since_first_answer
    from answers
    inner join policies
        on answers.survey_type = policies.survey_type
),

-- A respondent's time is cut into spans, the first of which begins with the first answer, so
-- that a later answer never changes which one of an earlier span counted.
spanned as (
    select
        *,
        days_since_first_answer - mod(days_since_first_answer, counting_days) + counting_days - 1
            as days_to_span_end
    from numbered
),

dated as (
    select
        *,
        {{ add_days('first_answer_date', 'days_to_span_end') }} as span_end_date
    from spanned
),

ranked as (
    select
        *,
        row_number() over (
            partition by survey_type, respondent, span_end_date
            order by responded_at desc, response_id desc
        ) as answer_rank
    from dated
)

select
    response_id,
    span_end_date,
    answer_rank = 1 as is_latest
from ranked
