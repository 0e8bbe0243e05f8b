with

activity as (
    select * from {{ ref('stg_usage__activity') }}
    where activity_date <= {{ as_of_date() }}
        and event_count > 0
),

features as (
    select * from {{ ref('stg_usage__features') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

first_uses as (
    select
        coalesce(ids.resolved_account_id, 'unassigned') as account_id,
        activity.product_user_id,
        activity.feature_key,
        min(activity.activity_date) as first_used_date
    from activity
    left join ids
        on activity.account_id = ids.account_id
    group by
        coalesce(ids.resolved_account_id, 'unassigned'),
        activity.product_user_id,
        activity.feature_key
)

select
    first_uses.account_id,
    first_uses.product_user_id,
    first_uses.feature_key,
    first_uses.first_used_date,
    coalesce(features.is_qualifying, false) as is_qualifying,
    coalesce(features.is_core, false) as is_core
from first_uses
left join features
    on first_uses.feature_key = features.feature_key
