with

observed as (
    select * from {{ ref('int_accounts_tickets_observed') }}
),

dates as (
    select * from {{ ref('int_observation_dates_listed') }}
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
{{ join_account_version('observed', 'observed.observation_date') }}
-- An account that isn't known yet has no backlog, unless it has one.
where account_versions.account_version_id is not null
    or observed.open_tickets > 0
