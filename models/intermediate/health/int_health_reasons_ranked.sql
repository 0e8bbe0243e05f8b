with

measures as (
    select * from {{ ref('int_health_measures_scored') }}
    where measure_score < 100
),

components as (
    select * from {{ ref('int_health_components_scored') }}
),

-- What each measure takes off the score; together they are what it lacks to 100.
costed as (
    select
        measures.account_id,
        measures.observation_date,
        measures.model_version,
        measures.measure,
        measures.measure_in_words,
        {{ rounded(
            'components.effective_weight * measures.weight'
            ~ ' / nullif(components.measure_weight_present, 0)'
            ~ ' * (100 - measures.measure_score)', 9, 4
        ) }} as score_cost
    from measures
    inner join components
        on measures.account_id = components.account_id
        and measures.observation_date = components.observation_date
        and measures.model_version = components.model_version
        and measures.component = components.component
),

ranked as (
    select
        *,
        row_number() over (
            partition by account_id, observation_date, model_version
            order by score_cost desc, measure asc
        ) as reason_rank
    from costed
)

select * from ranked
