with

user_features as (
    select * from {{ ref('int_user_feature_months_aggregated') }}
),

contained as (
    select * from {{ ref('int_account_month_features_contained') }}
),

-- Before the first event of all, that a feature wasn't used says nothing.
measured as (
    select
        account_id,
        month_start
    from {{ ref('int_account_months_adoption') }}
),

features as (
    select * from {{ ref('stg_usage__features') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
),

used_or_contained as (
    select
        account_id,
        feature_key,
        month_start,
        month_end,
        product_user_id,
        event_count,
        0 as is_contained
    from user_features

    union all

    select
        contained.account_id,
        contained.feature_key,
        contained.month_start,
        contained.month_end,
        null as product_user_id,
        0 as event_count,
        1 as is_contained
    from contained
    inner join measured
        on contained.account_id = measured.account_id
        and contained.month_start = measured.month_start
),

by_feature as (
    select
        account_id,
        feature_key,
        month_start,
        month_end,
        count(product_user_id) as active_users,
        cast(sum(event_count) as {{ dbt.type_bigint() }}) as event_count,
        max(is_contained) = 1 as is_in_plan
    from used_or_contained
    group by account_id, feature_key, month_start, month_end
)

select
    by_feature.account_id || '|' || by_feature.feature_key
    || '|' || cast(by_feature.month_start as {{ dbt.type_string() }}) as feature_month_id,
    by_feature.account_id,
    account_versions.account_version_id,
    by_feature.feature_key,
    features.feature_name,
    coalesce(features.product_stage, 'unlisted') as product_stage,
    by_feature.month_start,
    by_feature.month_end,
    coalesce(features.is_core, false) as is_core,
    by_feature.is_in_plan,
    by_feature.active_users > 0 as is_used,
    by_feature.active_users,
    by_feature.event_count,
    coalesce(account_months.is_active_customer, false) as is_active_customer
from by_feature
left join features
    on by_feature.feature_key = features.feature_key
left join account_months
    on by_feature.account_id = account_months.account_id
    and by_feature.month_start = account_months.month_start
{{ join_account_version('by_feature', 'by_feature.month_end') }}
