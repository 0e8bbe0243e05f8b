with

features as (
    select * from {{ ref('base_usage__features') }}
),

kept_rows as (
    select
        feature_key,
        feature_name,
        product,
        product_stage,
        is_core,
        is_qualifying
    from features
    where row_status = 'kept'
)

select * from kept_rows
