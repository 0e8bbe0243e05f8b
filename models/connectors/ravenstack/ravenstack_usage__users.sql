with

subscriptions as (
    select * from {{ source('ravenstack', 'subscriptions') }}
),

-- Use is known by subscription, not by person, so a subscription stands for one user:
-- active users are too few by as much as seats are shared.
mapped as (
    select
        subscription_id as product_user_id,
        account_id,
        start_date as created_at,
        end_date as deactivated_at
    from subscriptions
)

select * from mapped
