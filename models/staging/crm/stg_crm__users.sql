with

users as (
    select * from {{ ref('base_crm__users') }}
),

kept_rows as (
    select
        user_id,
        full_name,
        email,
        role,
        team,
        manager_id,
        is_active
    from users
    where row_status = 'kept'
)

select * from kept_rows
