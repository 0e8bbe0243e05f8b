with

incidents as (
    select * from {{ ref('stg_ops__incidents') }}
    where cast(started_at as date) <= {{ as_of_date() }}
),

dashboards as (
    select * from {{ ref('stg_ops__dashboards') }}
),

known as (
    select
        incidents.incident_id,
        incidents.dashboard_key,
        dashboards.dashboard_key is not null as is_known_dashboard,
        incidents.severity,
        incidents.kind,
        incidents.started_at,
        cast(incidents.started_at as date) as started_date,
        case
            when cast(incidents.resolved_at as date) <= {{ as_of_date() }}
                then incidents.resolved_at
        end as resolved_at
    from incidents
    left join dashboards
        on incidents.dashboard_key = dashboards.dashboard_key
)

select
    incident_id,
    dashboard_key,
    is_known_dashboard,
    severity,
    kind,
    started_at,
    started_date,
    resolved_at,
    resolved_at is null as is_open,
    {{ hours_between('started_at', 'resolved_at') }} as hours_to_resolution
from known
