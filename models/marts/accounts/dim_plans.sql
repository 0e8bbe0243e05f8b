with

plans as (
    select * from {{ ref('stg_billing__plans') }}
),

intervals as (
    select * from {{ ref('billing_intervals') }}
),

described as (
    select
        plans.plan_id,
        plans.plan_name,
        plans.product,
        plans.product_tier,
        plans.billing_interval,
        plans.charge_type,
        plans.charge_type = 'recurring' as is_recurring,
        intervals.intervals as intervals_per_months,
        intervals.months as months_per_intervals,
        plans.included_features
    from plans
    left join intervals
        on plans.billing_interval = intervals.billing_interval
)

select * from described
