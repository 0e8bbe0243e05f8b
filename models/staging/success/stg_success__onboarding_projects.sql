with

onboarding_projects as (
    select * from {{ ref('base_success__onboarding_projects') }}
),

kept_rows as (
    select
        project_id,
        account_id,
        path,
        started_at,
        target_at,
        completed_at,
        status
    from onboarding_projects
    where row_status = 'kept'
)

select * from kept_rows
