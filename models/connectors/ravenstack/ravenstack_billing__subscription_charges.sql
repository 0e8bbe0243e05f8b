with

subscriptions as (
    select * from {{ source('ravenstack', 'subscriptions') }}
),

-- A price per seat is fixed by tier and has no cents, so this division is exact; the
-- year's price of an annual plan is arr_amount.
mapped as (
    select
        subscription_id || '-charge' as charge_id,
        subscription_id,
        plan_tier || '-' || billing_frequency as plan_id,
        seats as quantity,
        cast(
            case
                when billing_frequency = 'annual' then {{ clean_decimal('arr_amount') }}
                else {{ clean_decimal('mrr_amount') }}
            end / {{ clean_decimal('seats') }} as decimal(18, 4)
        ) as unit_price,
        'USD' as currency,
        start_date as effective_from,
        end_date as effective_to
    from subscriptions
)

select * from mapped
