with recursive

subscriptions as (
    select * from {{ ref('stg_billing__subscriptions') }}
),

invoices as (
    select * from {{ ref('stg_billing__invoices') }}
),

-- A subscription that follows another is billed as its continuation, hence the recursion.
followed as (
    select
        subscription_id,
        subscription_id as first_subscription_id,
        customer_id,
        previous_subscription_id,
        0 as steps
    from subscriptions

    union all

    select
        followed.subscription_id,
        subscriptions.subscription_id as first_subscription_id,
        followed.customer_id,
        subscriptions.previous_subscription_id,
        followed.steps + 1 as steps
    from followed
    inner join subscriptions
        on followed.previous_subscription_id = subscriptions.subscription_id
        and followed.customer_id = subscriptions.customer_id
    where followed.steps < 50
),

ranked as (
    select
        *,
        row_number() over (partition by subscription_id order by steps desc) as step_rank
    from followed
),

-- Invoices that name no subscription bill all that the customer has.
billed_as_one as (
    select customer_id
    from invoices
    where subscription_id is null
        and coalesce(invoice_type, 'recurring') not in ('one_time', 'usage', 'credit')
    group by customer_id
)

select
    ranked.subscription_id,
    case
        when billed_as_one.customer_id is not null then 'customer ' || ranked.customer_id
        else ranked.first_subscription_id
    end as billing_scope_id
from ranked
left join billed_as_one
    on ranked.customer_id = billed_as_one.customer_id
where ranked.step_rank = 1
