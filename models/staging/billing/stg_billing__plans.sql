with

plans as (
    select * from {{ ref('base_billing__plans') }}
),

kept_rows as (
    select
        plan_id,
        plan_name,
        product,
        product_tier,
        billing_interval,
        charge_type,
        included_features
    from plans
    where row_status = 'kept'
)

select * from kept_rows
