with

projects as (
    select
        *,
        cast(started_at as date) as started_date,
        cast(completed_at as date) as completed_date
    from {{ ref('stg_success__onboarding_projects') }}
    where cast(started_at as date) <= {{ as_of_date() }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

paths as (
    select * from {{ ref('onboarding_paths') }}
),

charges as (
    select * from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
        and interval_amount_local > 0
),

with_account as (
    select
        projects.*,
        coalesce(ids.resolved_account_id, 'unassigned') as resolved_account_id,
        coalesce(ids.is_internal, false) as is_internal
    from projects
    left join ids
        on projects.account_id = ids.account_id
),

-- The contract that a project carries out is the last one signed before it starts.
contracts as (
    select
        with_account.project_id,
        max(charges.signed_date) as signed_date
    from with_account
    inner join charges
        on with_account.resolved_account_id = charges.account_id
        and with_account.started_date >= charges.signed_date
    group by with_account.project_id
),

resolved as (
    select
        with_account.project_id,
        with_account.resolved_account_id as account_id,
        with_account.path,
        coalesce(contracts.signed_date, with_account.started_date) as contract_closed_date,
        with_account.started_date,
        coalesce(
            {{ add_days('with_account.started_date', 'paths.target_days') }},
            cast(with_account.target_at as date)
        ) as target_date,
        -- A completion later than the as-of date isn't known yet.
        case
            when with_account.completed_date <= {{ as_of_date() }}
                then with_account.completed_date
        end as completed_date,
        -- The source dates no cancellation.
        with_account.completed_date is null
        and with_account.status in ('canceled', 'completed') as has_ended_undated,
        with_account.is_internal
    from with_account
    left join paths
        on with_account.path = paths.path
        and {{ is_in_force(
            'with_account.started_date', 'paths.effective_from', 'paths.effective_to'
        ) }}
    left join contracts
        on with_account.project_id = contracts.project_id
)

select * from resolved
