with

dependencies as (
    select * from {{ ref('base_ops__dependencies') }}
),

kept_rows as (
    select
        dependency_id,
        providing_team,
        description,
        due_at,
        delivered_at
    from dependencies
    where row_status = 'kept'
)

select * from kept_rows
