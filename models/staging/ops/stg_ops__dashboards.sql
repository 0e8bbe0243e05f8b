with

dashboards as (
    select * from {{ ref('base_ops__dashboards') }}
),

kept_rows as (
    select
        dashboard_key,
        dashboard_name,
        owner_email,
        tier,
        documented_at,
        retired_at
    from dashboards
    where row_status = 'kept'
)

select * from kept_rows
