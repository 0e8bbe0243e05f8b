with

incidents as (
    select * from {{ ref('base_ops__incidents') }}
),

kept_rows as (
    select
        incident_id,
        dashboard_key,
        severity,
        kind,
        started_at,
        resolved_at
    from incidents
    where row_status = 'kept'
)

select * from kept_rows
