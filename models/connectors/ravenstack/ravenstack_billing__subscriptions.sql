with

subscriptions as (
    select * from {{ source('ravenstack', 'subscriptions') }}
),

churn_events as (
    select * from {{ source('ravenstack', 'churn_events') }}
),

-- Churn events name an account, not a subscription, and seldom the day one ended.
churn_events_by_distance as (
    select
        subscriptions.subscription_id,
        churn_events.reason_code,
        row_number() over (
            partition by subscriptions.subscription_id
            order by
                abs({{ ravenstack_days_between(
                    'churn_events.churn_date', 'subscriptions.end_date'
                ) }}),
                churn_events.churn_event_id
        ) as distance_rank
    from subscriptions
    inner join churn_events on subscriptions.account_id = churn_events.account_id
    where
        abs({{ ravenstack_days_between(
            'churn_events.churn_date', 'subscriptions.end_date'
        ) }}) <= 30
),

mapped as (
    select
        subscriptions.subscription_id,
        subscriptions.account_id as customer_id,
        case
            when subscriptions.is_trial = 'TRUE' and subscriptions.end_date is null
                then 'trialing'
            when subscriptions.is_trial = 'TRUE' then 'expired'
            when subscriptions.end_date is null then 'active'
            else 'canceled'
        end as status,
        subscriptions.start_date as term_start,
        subscriptions.end_date as term_end,
        subscriptions.start_date as signed_at,
        case when subscriptions.is_trial = 'FALSE' then subscriptions.end_date end
            as canceled_at,
        case when subscriptions.is_trial = 'FALSE' then subscriptions.end_date end
            as cancel_effective_at,
        churn_events_by_distance.reason_code as cancel_reason,
        subscriptions.auto_renew_flag as auto_renew
    from subscriptions
    left join churn_events_by_distance
        on subscriptions.subscription_id = churn_events_by_distance.subscription_id
        and churn_events_by_distance.distance_rank = 1
)

select * from mapped
