with

subscriptions as (
    select * from {{ source('ravenstack', 'subscriptions') }}
),

mapped as (
    select
        plan_tier || '-' || billing_frequency as plan_id,
        plan_tier || ', ' || billing_frequency as plan_name,
        'RavenStack' as product,
        plan_tier as product_tier,
        billing_frequency as billing_interval,
        'recurring' as charge_type
    from subscriptions
    group by plan_tier, billing_frequency
)

select * from mapped
