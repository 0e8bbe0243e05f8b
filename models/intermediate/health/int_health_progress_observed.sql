{#- Days over which milestones that fell due are judged. -#}
{%- set due_days = 365 -%}

with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

milestones as (
    select * from {{ ref('fct_adoption_milestones') }}
    where is_reached_within_target is not null
)

select
    accounts.account_id,
    accounts.observation_date,
    100.0 * sum(case when milestones.is_reached_within_target then 1 else 0 end) / count(*)
        as milestones_in_time_pct
from accounts
inner join milestones
    on accounts.account_id = milestones.account_id
    and accounts.observation_date >= milestones.target_date
    and {{ add_days('accounts.observation_date', -due_days) }} < milestones.target_date
group by accounts.account_id, accounts.observation_date
