with

months as (
    select * from {{ ref('int_months_closed') }}
),

-- A survey is what was sent in one month, whenever it was answered.
answers as (
    select
        {{ month_start('sent_date') }} as survey_month,
        responded_date,
        score
    from {{ ref('fct_survey_responses') }}
    where survey_type = 'stakeholder'
        and score is not null
),

latest_surveys as (
    select
        months.month_start,
        months.month_end,
        max(answers.survey_month) as survey_month
    from months
    inner join answers
        on months.month_end >= answers.responded_date
    group by months.month_start, months.month_end
)

select
    latest_surveys.month_start,
    latest_surveys.survey_month,
    cast(count(*) as integer) as responses,
    cast(sum(answers.score) as integer) as total_score
from latest_surveys
inner join answers
    on latest_surveys.survey_month = answers.survey_month
    and latest_surveys.month_end >= answers.responded_date
group by latest_surveys.month_start, latest_surveys.survey_month
