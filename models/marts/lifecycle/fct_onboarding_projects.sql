with

projects as (
    select * from {{ ref('int_onboarding_projects_resolved') }}
),

judged as (
    select
        *,
        completed_date is null and not has_ended_undated as is_open,
        target_date <= {{ as_of_date() }} as is_due
    from projects
),

final as (
    select
        judged.project_id,
        judged.account_id,
        account_versions.account_version_id,
        judged.path,
        judged.contract_closed_date,
        judged.started_date,
        judged.target_date,
        judged.completed_date,
        {{ days_between('judged.contract_closed_date', 'judged.completed_date') }}
            as cycle_time_days,
        judged.is_open,
        judged.is_due,
        case
            when judged.completed_date <= judged.target_date then true
            when judged.completed_date > judged.target_date then false
            when judged.has_ended_undated or judged.is_due then false
        end as is_on_target,
        judged.is_open and coalesce(judged.is_due, false) as is_overdue,
        case
            when judged.is_open
                then {{ days_between('judged.contract_closed_date', as_of_date()) }}
        end as age_days,
        not judged.is_internal as is_counted
    from judged
    {{ join_account_version('judged', 'judged.started_date') }}
)

select * from final
