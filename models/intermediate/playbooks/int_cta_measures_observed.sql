with

accounts as (
    select * from {{ ref('dim_accounts') }}
    where is_active_customer
),

usage as (
    select * from {{ ref('int_health_adoption_observed') }}
    where observation_date = {{ as_of_date() }}
),

lifecycle as (
    select * from {{ ref('int_lifecycle_measures_observed') }}
    where observation_date = {{ as_of_date() }}
),

health as (
    select
        account_id,
        count(*) as red_health_scores
    from {{ ref('fct_health_scores') }}
    where period_type = 'as_of'
        and is_champion
        and final_band = 'red'
    group by account_id
),

renewals as (
    select
        account_id,
        count(*) as renewals_without_plan
    from {{ ref('fct_renewals') }}
    where is_due_within_90_days
        and not has_close_plan
    group by account_id
),

escalations as (
    select
        account_id,
        count(*) as open_escalations
    from {{ ref('fct_escalations') }}
    where is_open
        and is_counted
    group by account_id
),

detractors as (
    select
        account_id,
        max(responded_date) as responded_date
    from {{ ref('fct_survey_responses') }}
    where category = 'detractor'
        and is_counted
        and closed_loop_at is null
    group by account_id
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

contacts as (
    select
        ids.resolved_account_id as account_id,
        cast(contacts.left_at as date) as left_date
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join ids
        on contacts.account_id = ids.account_id
    where contacts.is_champion
        and cast(contacts.created_at as date) <= {{ as_of_date() }}
),

-- An account that has another champion lost none.
champions as (
    select
        account_id,
        max(left_date) as left_date
    from contacts
    group by account_id
    having max(case when left_date <= {{ as_of_date() }} then 0 else 1 end) = 0
),

projects as (
    select
        account_id,
        count(*) as overdue_onboarding_projects
    from {{ ref('fct_onboarding_projects') }}
    where is_overdue
    group by account_id
)

select
    accounts.account_id,
    usage.mau_change_pct,
    health.red_health_scores,
    renewals.renewals_without_plan,
    escalations.open_escalations,
    {{ days_between('detractors.responded_date', as_of_date()) }}
        as days_since_unanswered_detractor,
    lifecycle.seat_utilization_pct,
    {{ days_between('champions.left_date', as_of_date()) }} as days_since_champion_left,
    projects.overdue_onboarding_projects
from accounts
left join usage
    on accounts.account_id = usage.account_id
left join lifecycle
    on accounts.account_id = lifecycle.account_id
left join health
    on accounts.account_id = health.account_id
left join renewals
    on accounts.account_id = renewals.account_id
left join escalations
    on accounts.account_id = escalations.account_id
left join detractors
    on accounts.account_id = detractors.account_id
left join champions
    on accounts.account_id = champions.account_id
left join projects
    on accounts.account_id = projects.account_id
