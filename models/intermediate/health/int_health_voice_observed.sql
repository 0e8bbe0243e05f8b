{%- set answer_days = 180 -%}

with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

answers as (
    select * from {{ ref('int_survey_answers_resolved') }}
    where survey_type = 'nps'
),

ranked as (
    select
        accounts.account_id,
        accounts.observation_date,
        answers.score,
        row_number() over (
            partition by accounts.account_id, accounts.observation_date, answers.respondent
            order by answers.responded_at desc, answers.response_id desc
        ) as answer_rank
    from accounts
    inner join answers
        on accounts.account_id = answers.account_id
        and accounts.observation_date >= answers.responded_date
        and {{ add_days('accounts.observation_date', -answer_days) }} < answers.responded_date
)

select
    account_id,
    observation_date,
    avg(score) as nps_180_days
from ranked
where answer_rank = 1
group by account_id, observation_date
