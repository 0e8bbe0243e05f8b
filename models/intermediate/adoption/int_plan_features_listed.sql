with

plans as (
    select
        plan_id,
        ';' || translate(lower(included_features), ',| ', ';;;') || ';' as feature_list
    from {{ ref('dim_plans') }}
),

features as (
    select * from {{ ref('stg_usage__features') }}
)

select
    plans.plan_id,
    features.feature_key
from plans
inner join features
    on {{ dbt.position("';' || features.feature_key || ';'", 'plans.feature_list') }} > 0
