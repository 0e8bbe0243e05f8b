{#- Days that count as of late; as many before them are what the trend compares with. -#}
{%- set recent_days = 180 -%}

with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

invitations as (
    select * from {{ ref('int_survey_invitations_resolved') }}
    where audience = 'customers'
),

answers as (
    select * from invitations
    where survey_type in ('nps', 'csat')
        and score is not null
),

in_windows as (
    select
        accounts.account_id,
        accounts.observation_date,
        answers.survey_type,
        answers.respondent,
        answers.responded_at,
        answers.response_id,
        answers.score,
        {{ add_days('accounts.observation_date', -recent_days) }} < answers.responded_date
            as is_recent
    from accounts
    inner join answers
        on accounts.account_id = answers.account_id
        and accounts.observation_date >= answers.responded_date
        and {{ add_days('accounts.observation_date', -2 * recent_days) }} < answers.responded_date
),

ranked as (
    select
        *,
        row_number() over (
            partition by account_id, observation_date, survey_type, is_recent, respondent
            order by responded_at desc, response_id desc
        ) as answer_rank
    from in_windows
),

averaged as (
    select
        account_id,
        observation_date,
        avg(case when survey_type = 'nps' and is_recent then score end) as nps,
        avg(case when survey_type = 'nps' and not is_recent then score end) as nps_before,
        avg(case when survey_type = 'csat' and is_recent then score end) as csat
    from ranked
    where answer_rank = 1
    group by account_id, observation_date
),

asked as (
    select
        accounts.account_id,
        accounts.observation_date,
        count(*) as invitations,
        sum(case when invitations.responded_date <= accounts.observation_date then 1 else 0 end)
            as answered
    from accounts
    inner join invitations
        on accounts.account_id = invitations.account_id
        and accounts.observation_date >= invitations.sent_date
        and {{ add_days('accounts.observation_date', -recent_days) }} < invitations.sent_date
    group by accounts.account_id, accounts.observation_date
)

select
    accounts.account_id,
    accounts.observation_date,
    averaged.nps as nps_180_days,
    averaged.nps - averaged.nps_before as nps_change_180_days,
    averaged.csat as csat_180_days,
    100.0 * asked.answered / asked.invitations as survey_response_180_days_pct
from accounts
left join averaged
    on accounts.account_id = averaged.account_id
    and accounts.observation_date = averaged.observation_date
left join asked
    on accounts.account_id = asked.account_id
    and accounts.observation_date = asked.observation_date
