with

projects as (
    select * from {{ ref('int_onboarding_projects_resolved') }}
    where not has_ended_undated
        and not is_internal
),

months as (
    select * from {{ ref('int_months_closed') }}
),

bands as (
    select * from {{ ref('onboarding_age_bands') }}
),

open_at_month_end as (
    select
        projects.*,
        months.month_start,
        months.month_end,
        {{ days_between('projects.contract_closed_date', 'months.month_end') }} as age_days
    from projects
    inner join months
        on {{ is_in_force(
            'months.month_end', 'projects.started_date', 'projects.completed_date'
        ) }}
),

final as (
    select
        open_at_month_end.project_id || '|'
        || cast(open_at_month_end.month_start as {{ dbt.type_string() }}) as project_month_id,
        open_at_month_end.project_id,
        open_at_month_end.account_id,
        account_versions.account_version_id,
        open_at_month_end.month_start,
        open_at_month_end.month_end,
        open_at_month_end.path,
        open_at_month_end.age_days,
        bands.age_band,
        coalesce(open_at_month_end.target_date <= open_at_month_end.month_end, false)
            as is_overdue
    from open_at_month_end
    left join bands
        on open_at_month_end.age_days >= bands.from_days
        and open_at_month_end.age_days < coalesce(bands.to_days, 2147483647)
        and {{ is_in_force(
            'open_at_month_end.month_end', 'bands.effective_from', 'bands.effective_to'
        ) }}
    {{ join_account_version('open_at_month_end', 'open_at_month_end.month_end') }}
)

select * from final
