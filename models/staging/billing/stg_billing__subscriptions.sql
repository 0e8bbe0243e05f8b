with

subscriptions as (
    select * from {{ ref('base_billing__subscriptions') }}
),

kept_rows as (
    select
        subscription_id,
        customer_id,
        status,
        term_start,
        term_end,
        signed_at,
        canceled_at,
        cancel_effective_at,
        cancel_reason,
        auto_renew,
        previous_subscription_id
    from subscriptions
    where row_status = 'kept'
)

select * from kept_rows
