with

accounts as (
    select * from {{ source('ravenstack', 'accounts') }}
),

-- Nothing says when a row last changed; every account is there once.
mapped as (
    select
        account_id,
        account_name,
        industry,
        country as billing_country,
        plan_tier as product_tier,
        signup_date as created_at,
        signup_date as updated_at
    from accounts
)

select * from mapped
