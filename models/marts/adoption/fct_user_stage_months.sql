with

user_features as (
    select * from {{ ref('int_user_feature_months_aggregated') }}
),

features as (
    select * from {{ ref('stg_usage__features') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

staged as (
    select
        user_features.product_user_id,
        user_features.account_id,
        coalesce(features.product_stage, 'unlisted') as product_stage,
        user_features.month_start,
        user_features.month_end,
        cast(sum(user_features.event_count) as {{ dbt.type_bigint() }}) as event_count
    from user_features
    left join features
        on user_features.feature_key = features.feature_key
    group by
        user_features.product_user_id,
        user_features.account_id,
        coalesce(features.product_stage, 'unlisted'),
        user_features.month_start,
        user_features.month_end
)

select
    staged.product_user_id,
    staged.account_id,
    account_versions.account_version_id,
    staged.product_stage,
    staged.month_start,
    staged.month_end,
    staged.event_count,
    coalesce(account_months.is_active_customer, false) as is_paying_account,
    coalesce(accounts.is_internal, false) as is_internal_account
from staged
left join account_months
    on staged.account_id = account_months.account_id
    and staged.month_start = account_months.month_start
left join accounts
    on staged.account_id = accounts.account_id
{{ join_account_version('staged', 'staged.month_end') }}
