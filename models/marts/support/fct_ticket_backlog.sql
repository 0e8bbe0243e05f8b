with

observed as (
    select * from {{ ref('int_accounts_tickets_observed') }}
),

dates as (
    select * from {{ ref('int_observation_dates_listed') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
)

select
    observed.account_id,
    account_versions.account_version_id,
    observed.observation_date,
    dates.period_type,
    observed.open_tickets,
    observed.open_severe_tickets,
    observed.open_escalated_tickets,
    observed.oldest_open_ticket_days
from observed
inner join dates
    on observed.observation_date = dates.observation_date
inner join accounts
    on observed.account_id = accounts.account_id
{{ join_account_version('observed', 'observed.observation_date') }}
