with

customers as (
    select * from {{ ref('base_billing__customers') }}
),

kept_rows as (
    select
        customer_id,
        account_id,
        customer_name,
        email,
        currency,
        created_at
    from customers
    where row_status = 'kept'
)

select * from kept_rows
