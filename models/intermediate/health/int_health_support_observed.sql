{#- Days that solved tickets are looked at over. -#}
{%- set solved_days = 90 -%}

with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

observed as (
    select * from {{ ref('int_accounts_tickets_observed') }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where is_counted
),

solved as (
    select
        accounts.account_id,
        accounts.observation_date,
        count(*) as tickets,
        sum(case when tickets.is_reopened then 1 else 0 end) as reopened_tickets,
        count(tickets.is_resolution_sla_met) as judged_tickets,
        sum(case when tickets.is_resolution_sla_met then 1 else 0 end) as tickets_in_time
    from accounts
    inner join tickets
        on accounts.account_id = tickets.account_id
        and accounts.observation_date >= tickets.solved_date
        and {{ add_days('accounts.observation_date', -solved_days) }} < tickets.solved_date
    group by accounts.account_id, accounts.observation_date
)

select
    accounts.account_id,
    accounts.observation_date,
    observed.open_severe_tickets,
    observed.recent_escalations as escalations_90_days,
    100.0 * solved.tickets_in_time / nullif(solved.judged_tickets, 0)
        as resolved_in_time_90_days_pct,
    100.0 * solved.reopened_tickets / solved.tickets as reopened_90_days_pct,
    100.0 * observed.recent_csat_satisfied / nullif(observed.recent_csat_responses, 0)
        as csat_90_days_pct
from accounts
inner join observed
    on accounts.account_id = observed.account_id
    and accounts.observation_date = observed.observation_date
left join solved
    on accounts.account_id = solved.account_id
    and accounts.observation_date = solved.observation_date
