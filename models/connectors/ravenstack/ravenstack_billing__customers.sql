with

accounts as (
    select * from {{ source('ravenstack', 'accounts') }}
),

mapped as (
    select
        account_id as customer_id,
        account_id,
        account_name as customer_name,
        'USD' as currency,
        signup_date as created_at
    from accounts
)

select * from mapped
