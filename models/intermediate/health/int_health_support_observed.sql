with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

tickets as (
    select * from {{ ref('int_accounts_tickets_observed') }}
)

select
    accounts.account_id,
    accounts.observation_date,
    tickets.open_severe_tickets,
    tickets.recent_escalations as escalations_90_days,
    100.0 * tickets.recent_csat_satisfied / nullif(tickets.recent_csat_responses, 0)
        as csat_90_days_pct
from accounts
inner join tickets
    on accounts.account_id = tickets.account_id
    and accounts.observation_date = tickets.observation_date
