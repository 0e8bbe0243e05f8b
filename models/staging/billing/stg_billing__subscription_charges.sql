with

subscription_charges as (
    select * from {{ ref('base_billing__subscription_charges') }}
),

kept_rows as (
    select
        charge_id,
        subscription_id,
        plan_id,
        quantity,
        unit_price,
        discount_pct,
        currency,
        effective_from,
        effective_to
    from subscription_charges
    where row_status = 'kept'
)

select * from kept_rows
