with

charges as (
    select * from {{ ref('stg_billing__subscription_charges') }}
),

subscriptions as (
    select * from {{ ref('stg_billing__subscriptions') }}
),

plans as (
    select * from {{ ref('stg_billing__plans') }}
),

customers as (
    select * from {{ ref('int_customers_resolved') }}
),

intervals as (
    select * from {{ ref('billing_intervals') }}
),

statuses as (
    select * from {{ ref('subscription_statuses') }}
),

joined as (
    select
        charges.charge_id,
        charges.subscription_id,
        coalesce(customers.account_id, 'unassigned') as account_id,
        charges.plan_id,
        plans.product,
        plans.charge_type,
        charges.quantity,
        charges.unit_price,
        charges.currency,
        charges.effective_from,
        -- An open-ended charge stops with its subscription; one with an end of
        -- its own runs to that end, because that time is paid for.
        coalesce(
            charges.effective_to,
            case
                when subscriptions.status = 'canceled'
                    then cast(subscriptions.cancel_effective_at as date)
                when subscriptions.status = 'expired'
                    then subscriptions.term_end
            end
        ) as effective_to,
        cast(subscriptions.signed_at as date) as signed_date,
        cast(subscriptions.canceled_at as date) as canceled_date,
        subscriptions.cancel_reason,
        cast(
            cast(charges.quantity * charges.unit_price as decimal(26, 8))
            * (100 - coalesce(charges.discount_pct, 0)) * 0.01 as decimal(26, 8)
        ) as interval_amount_local,
        cast(charges.quantity * charges.unit_price as decimal(26, 8)) as list_amount_local,
        intervals.intervals,
        intervals.months,
        case
            when plans.plan_id is null then 'unknown_plan'
            when plans.charge_type <> 'recurring' then 'not_recurring'
            when not coalesce(statuses.counts_toward_mrr, true)
                then 'subscription_' || subscriptions.status
            when customers.is_internal then 'internal_account'
        end as exclusion_reason
    from charges
    left join subscriptions
        on charges.subscription_id = subscriptions.subscription_id
    left join customers
        on subscriptions.customer_id = customers.customer_id
    left join plans
        on charges.plan_id = plans.plan_id
    left join intervals
        on plans.billing_interval = intervals.billing_interval
    left join statuses
        on subscriptions.status = statuses.status
)

select * from joined
