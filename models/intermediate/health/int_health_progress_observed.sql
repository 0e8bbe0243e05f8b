{#- Days over which is judged what was to be achieved. -#}
{%- set due_days = 365 -%}

with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

milestones as (
    select * from {{ ref('fct_adoption_milestones') }}
    where is_reached_within_target is not null
),

success_plans as (
    select
        ids.resolved_account_id as account_id,
        cast(plans.due_at as date) as due_date,
        cast(plans.completed_at as date) as completed_date
    from {{ ref('stg_success__success_plans') }} as plans
    inner join {{ ref('int_account_ids_resolved') }} as ids
        on plans.account_id = ids.account_id
),

projects as (
    select * from {{ ref('int_onboarding_projects_resolved') }}
),

milestones_judged as (
    select
        accounts.account_id,
        accounts.observation_date,
        100.0 * sum(case when milestones.is_reached_within_target then 1 else 0 end) / count(*)
            as in_time_pct
    from accounts
    inner join milestones
        on accounts.account_id = milestones.account_id
        and accounts.observation_date >= milestones.target_date
        and {{ add_days('accounts.observation_date', -due_days) }} < milestones.target_date
    group by accounts.account_id, accounts.observation_date
),

plans_judged as (
    select
        accounts.account_id,
        accounts.observation_date,
        100.0 * sum(
            case
                when success_plans.completed_date <= accounts.observation_date then 1 else 0
            end
        ) / count(*) as done_pct
    from accounts
    inner join success_plans
        on accounts.account_id = success_plans.account_id
        and accounts.observation_date >= success_plans.due_date
        and {{ add_days('accounts.observation_date', -due_days) }} < success_plans.due_date
    group by accounts.account_id, accounts.observation_date
),

-- Only what is dated: a project that the source ended without a date is still open.
projects_begun as (
    select
        accounts.account_id,
        accounts.observation_date,
        projects.target_date,
        case
            when projects.completed_date <= accounts.observation_date
                then projects.completed_date
            else accounts.observation_date
        end as worked_until_date,
        row_number() over (
            partition by accounts.account_id, accounts.observation_date
            order by projects.started_date desc, projects.project_id desc
        ) as recency
    from accounts
    inner join projects
        on accounts.account_id = projects.account_id
        and accounts.observation_date >= projects.started_date
        and {{ add_days('accounts.observation_date', -due_days) }} < projects.started_date
),

onboarding as (
    select
        account_id,
        observation_date,
        {{ days_between('target_date', 'greatest(worked_until_date, target_date)') }} as days_late
    from projects_begun
    where recency = 1
)

select
    accounts.account_id,
    accounts.observation_date,
    milestones_judged.in_time_pct as milestones_in_time_pct,
    plans_judged.done_pct as success_plans_done_pct,
    onboarding.days_late as onboarding_days_late
from accounts
left join milestones_judged
    on accounts.account_id = milestones_judged.account_id
    and accounts.observation_date = milestones_judged.observation_date
left join plans_judged
    on accounts.account_id = plans_judged.account_id
    and accounts.observation_date = plans_judged.observation_date
left join onboarding
    on accounts.account_id = onboarding.account_id
    and accounts.observation_date = onboarding.observation_date
