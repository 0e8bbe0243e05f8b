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

own_rows as (
    select
        model_version,
        component,
        measure,
        segment
    from measures
    group by model_version, component, measure, segment
),

-- The rows of the segment where there are any, else those of `all`.
expanded as (
    select
        segments.segment,
        measures.model_version,
        measures.component,
        measures.measure,
        measures.tenure_from_days,
        measures.red_at,
        measures.green_at,
        measures.weight,
        measures.is_required,
        measures.decimals,
        measures.in_words
    from measures
    inner join segments
        on measures.model_version = segments.model_version
    left join own_rows
        on measures.model_version = own_rows.model_version
        and measures.component = own_rows.component
        and measures.measure = own_rows.measure
        and segments.segment = own_rows.segment
    where measures.segment = coalesce(own_rows.segment, 'all')
)

select
    *,
    lead(tenure_from_days) over (
        partition by model_version, component, measure, segment order by tenure_from_days
    ) as tenure_to_days
from expanded
