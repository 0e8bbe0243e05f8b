with

feature_usage as (
    select * from {{ source('ravenstack', 'feature_usage') }}
),

-- Features have a name and nothing else, so each is core and its use counts.
mapped as (
    select
        feature_name as feature_key,
        feature_name,
        'RavenStack' as product,
        'all' as product_stage,
        true as is_core,
        true as is_qualifying
    from feature_usage
    group by feature_name
)

select * from mapped
