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

resolved as (
    select
        activity.product_user_id,
        coalesce(ids.resolved_account_id, 'unassigned') as account_id,
        activity.activity_date,
        activity.event_count,
        coalesce(features.is_qualifying, false) as is_qualifying
    from activity
    left join features
        on activity.feature_key = features.feature_key
    left join ids
        on activity.account_id = ids.account_id
),

aggregated as (
    select
        product_user_id,
        account_id,
        activity_date,
        cast(sum(event_count) as {{ dbt.type_bigint() }}) as event_count,
        cast(
            sum(case when is_qualifying then event_count else 0 end) as {{ dbt.type_bigint() }}
        ) as qualifying_event_count
    from resolved
    group by product_user_id, account_id, activity_date
)

select * from aggregated
