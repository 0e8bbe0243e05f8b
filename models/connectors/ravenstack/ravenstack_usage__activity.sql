with

feature_usage as (
    select * from {{ source('ravenstack', 'feature_usage') }}
),

subscriptions as (
    select * from {{ source('ravenstack', 'subscriptions') }}
),

-- The raw contract has one row per user, account, feature and day. usage_id is no key:
-- 21 of them stand on two usages that have nothing else in common.
mapped as (
    select
        feature_usage.subscription_id as product_user_id,
        subscriptions.account_id,
        feature_usage.feature_name as feature_key,
        feature_usage.usage_date as activity_date,
        sum({{ clean_integer('feature_usage.usage_count') }}) as event_count
    from feature_usage
    left join subscriptions on feature_usage.subscription_id = subscriptions.subscription_id
    group by
        feature_usage.subscription_id,
        subscriptions.account_id,
        feature_usage.feature_name,
        feature_usage.usage_date
)

select * from mapped
