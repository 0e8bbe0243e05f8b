with

dashboard_views as (
    select * from {{ ref('base_ops__dashboard_views') }}
),

kept_rows as (
    select
        dashboard_key,
        viewer_email,
        viewed_at
    from dashboard_views
    where row_status = 'kept'
)

select * from kept_rows
