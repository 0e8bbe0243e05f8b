with

measures as (
    select * from {{ ref('health_measures') }}
),

-- `all` and each segment that has a row of its own.
segments as (
    select
        model_version,
        segment
    from measures
    group by model_version, segment
),

measure_names as (
    select
        model_version,
        component,
        measure
    from measures
    group by model_version, component, measure
),

-- The row of the segment where there is one, else that of `all`.
expanded as (
    select
        measure_names.model_version,
        measure_names.component,
        measure_names.measure,
        segments.segment,
        coalesce(own.red_at, for_all.red_at) as red_at,
        coalesce(own.green_at, for_all.green_at) as green_at,
        coalesce(own.weight, for_all.weight) as weight,
        coalesce(own.is_required, for_all.is_required) as is_required,
        coalesce(own.decimals, for_all.decimals) as decimals,
        coalesce(own.in_words, for_all.in_words) as in_words
    from measure_names
    inner join segments
        on measure_names.model_version = segments.model_version
    left join measures as own
        on measure_names.model_version = own.model_version
        and measure_names.component = own.component
        and measure_names.measure = own.measure
        and segments.segment = own.segment
    left join measures as for_all
        on measure_names.model_version = for_all.model_version
        and measure_names.component = for_all.component
        and measure_names.measure = for_all.measure
        and for_all.segment = 'all'
)

select * from expanded
