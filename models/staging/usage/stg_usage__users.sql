with

users as (
    select * from {{ ref('base_usage__users') }}
),

kept_rows as (
    select
        product_user_id,
        account_id,
        email,
        role,
        created_at,
        deactivated_at
    from users
    where row_status = 'kept'
)

select * from kept_rows
