with

months as (
    select * from {{ ref('int_months_closed') }}
),

views as (
    select * from {{ ref('stg_ops__dashboard_views') }}
),

dashboards as (
    select * from {{ ref('stg_ops__dashboards') }}
),

employees as (
    select * from {{ ref('int_employee_emails_resolved') }}
),

leader_roles as (
    select * from {{ ref('cs_leader_roles') }}
),

leaders as (
    select users.user_id
    from {{ ref('dim_users') }} as users
    inner join leader_roles
        on users.role = leader_roles.role
    where coalesce(users.is_active, true)
),

-- Nothing was recorded before the first view; from then on no view is 0.
first_view as (
    select min(cast(viewed_at as date)) as first_date from views
),

measured_months as (
    select
        months.month_start,
        months.month_end
    from months
    inner join first_view
        on months.month_end >= first_view.first_date
),

core_dashboard_months as (
    select
        dashboards.dashboard_key,
        measured_months.month_start
    from dashboards
    inner join measured_months
        on dashboards.retired_at is null
        or cast(dashboards.retired_at as date) > measured_months.month_start
    where dashboards.tier = 'core'
),

viewed as (
    select
        coalesce(employees.user_id, 'unknown') as viewer_id,
        views.dashboard_key,
        measured_months.month_start,
        1 as views
    from views
    inner join measured_months
        on {{ month_start('views.viewed_at') }} = measured_months.month_start
    left join employees
        on views.viewer_email = employees.email
),

-- Every leader is asked about every core dashboard, looked at or not.
expected as (
    select
        leaders.user_id as viewer_id,
        core_dashboard_months.dashboard_key,
        core_dashboard_months.month_start,
        0 as views
    from leaders
    cross join core_dashboard_months
),

combined as (
    select * from viewed

    union all

    select * from expected
),

counted as (
    select
        viewer_id,
        dashboard_key,
        month_start,
        cast(sum(views) as integer) as views
    from combined
    group by viewer_id, dashboard_key, month_start
),

described as (
    select
        counted.viewer_id
        || '|' || counted.dashboard_key
        || '|' || cast(counted.month_start as {{ dbt.type_string() }}) as dashboard_usage_id,
        counted.viewer_id,
        counted.dashboard_key,
        counted.month_start,
        counted.views,
        leaders.user_id is not null as is_cs_leader,
        dashboards.dashboard_key is not null as is_known_dashboard,
        core_dashboard_months.dashboard_key is not null as is_core_dashboard
    from counted
    left join leaders
        on counted.viewer_id = leaders.user_id
    left join dashboards
        on counted.dashboard_key = dashboards.dashboard_key
    left join core_dashboard_months
        on counted.dashboard_key = core_dashboard_months.dashboard_key
        and counted.month_start = core_dashboard_months.month_start
)

select * from described
