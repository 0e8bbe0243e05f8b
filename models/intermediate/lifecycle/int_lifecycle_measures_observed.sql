with

dates as (
    select observation_date
    from {{ ref('int_observation_dates_listed') }}
    group by observation_date
),

starts as (
    select * from {{ ref('int_account_starts_found') }}
    where account_id <> 'unassigned'
),

mrr_observed as (
    select * from {{ ref('int_account_mrr_observed') }}
),

charges as (
    select * from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
        and interval_amount_local > 0
),

projects as (
    select * from {{ ref('int_onboarding_projects_resolved') }}
    where not has_ended_undated
),

milestones as (
    select * from {{ ref('fct_adoption_milestones') }}
    where is_first_value
),

usage as (
    select * from {{ ref('int_accounts_usage_observed') }}
),

terms as (
    select * from {{ ref('fct_renewals') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

opportunities as (
    select
        ids.resolved_account_id as account_id,
        cast(opportunities.created_at as date) as created_date,
        cast(opportunities.closed_at as date) as closed_date
    from {{ ref('stg_crm__opportunities') }} as opportunities
    inner join ids
        on opportunities.account_id = ids.account_id
    where opportunities.type = 'expansion'
),

accounts as (
    select
        starts.account_id,
        dates.observation_date,
        starts.start_date
    from starts
    inner join dates
        on starts.start_date <= dates.observation_date
),

charges_counted as (
    select
        accounts.account_id,
        accounts.observation_date,
        max(case when charges.effective_from <= accounts.observation_date then 1 else 0 end)
            as was_ever_in_service,
        sum(
            case
                when charges.signed_date <= accounts.observation_date
                    and charges.effective_from > accounts.observation_date
                    then 1
                else 0
            end
        ) as charges_signed_ahead
    from accounts
    inner join charges
        on accounts.account_id = charges.account_id
    group by accounts.account_id, accounts.observation_date
),

projects_counted as (
    select
        accounts.account_id,
        accounts.observation_date,
        count(*) as onboarding_projects,
        sum(
            case
                when projects.completed_date <= accounts.observation_date then 0
                else 1
            end
        ) as open_onboarding_projects
    from accounts
    inner join projects
        on accounts.account_id = projects.account_id
        and accounts.observation_date >= projects.started_date
    group by accounts.account_id, accounts.observation_date
),

-- A term later cut short by a cancellation ended, for those who looked at it, as agreed.
next_term_ends as (
    select
        accounts.account_id,
        accounts.observation_date,
        min(terms.agreed_end_date) as agreed_end_date
    from accounts
    inner join terms
        on accounts.account_id = terms.account_id
        and {{ is_in_force(
            'accounts.observation_date', 'terms.term_start_date', 'terms.term_end_date'
        ) }}
    group by accounts.account_id, accounts.observation_date
),

opportunities_counted as (
    select
        accounts.account_id,
        accounts.observation_date,
        count(*) as open_expansion_opportunities
    from accounts
    inner join opportunities
        on accounts.account_id = opportunities.account_id
        and {{ is_in_force(
            'accounts.observation_date',
            'opportunities.created_date',
            'opportunities.closed_date'
        ) }}
    group by accounts.account_id, accounts.observation_date
),

first_values as (
    select
        account_id,
        min(reached_date) as reached_date
    from milestones
    group by account_id
),

-- Without usage data, or before it begins, use is unknown.
joined as (
    select
        accounts.account_id,
        accounts.observation_date,
        coalesce(mrr_observed.mrr, 0) as mrr,
        charges_counted.was_ever_in_service,
        {{ days_between('accounts.start_date', 'accounts.observation_date') }}
            as days_since_start,
        coalesce(projects_counted.onboarding_projects, 0) as onboarding_projects,
        coalesce(projects_counted.open_onboarding_projects, 0) as open_onboarding_projects,
        case
            when first_values.reached_date <= accounts.observation_date then 1
            when usage.account_id is not null then 0
        end as is_first_value_reached,
        100.0 * usage.monthly_active_users / nullif(mrr_observed.paid_seats, 0)
            as seat_utilization_pct,
        {{ days_between('accounts.observation_date', 'next_term_ends.agreed_end_date') }}
            as days_to_term_end,
        charges_counted.charges_signed_ahead,
        coalesce(opportunities_counted.open_expansion_opportunities, 0)
            as open_expansion_opportunities
    from accounts
    left join mrr_observed
        on accounts.account_id = mrr_observed.account_id
        and accounts.observation_date = mrr_observed.observation_date
    left join charges_counted
        on accounts.account_id = charges_counted.account_id
        and accounts.observation_date = charges_counted.observation_date
    left join projects_counted
        on accounts.account_id = projects_counted.account_id
        and accounts.observation_date = projects_counted.observation_date
    left join first_values
        on accounts.account_id = first_values.account_id
    left join usage
        on accounts.account_id = usage.account_id
        and accounts.observation_date = usage.observation_date
    left join next_term_ends
        on accounts.account_id = next_term_ends.account_id
        and accounts.observation_date = next_term_ends.observation_date
    left join opportunities_counted
        on accounts.account_id = opportunities_counted.account_id
        and accounts.observation_date = opportunities_counted.observation_date
)

select * from joined
