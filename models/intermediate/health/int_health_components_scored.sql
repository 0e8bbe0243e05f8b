with

measures as (
    select * from {{ ref('int_health_measures_scored') }}
),

components as (
    select * from {{ ref('health_components') }}
),

combined as (
    select
        account_id,
        observation_date,
        model_version,
        component,
        sum(case when measure_score is not null then weight end) as measure_weight_present,
        {{ rounded(
            'sum(weight * measure_score)'
            ~ ' / nullif(sum(case when measure_score is not null then weight end), 0)', 9, 4
        ) }} as component_score,
        {{ dbt.listagg(
            measure='measure_in_words', delimiter_text="'; '", order_by_clause='order by measure'
        ) }} as measures_in_words,
        {{ dbt.listagg(
            measure='case when measure_score is null then measure end',
            delimiter_text="', '", order_by_clause='order by measure'
        ) }} as missing_measures
    from measures
    group by account_id, observation_date, model_version, component
),

scores as (
    select
        account_id,
        observation_date,
        model_version
    from combined
    group by account_id, observation_date, model_version
),

-- Each component of the version, also one of which nothing is asked of the account.
weighted as (
    select
        scores.account_id,
        scores.observation_date,
        scores.model_version,
        components.component,
        components.component_name,
        components.weight,
        combined.measure_weight_present,
        combined.component_score,
        combined.measures_in_words,
        combined.missing_measures,
        sum(case when combined.component is not null then components.weight end)
            over same_score as weight_asked,
        sum(case when combined.component_score is not null then components.weight end)
            over same_score as weight_scored
    from scores
    inner join components
        on scores.model_version = components.model_version
    left join combined
        on scores.account_id = combined.account_id
        and scores.observation_date = combined.observation_date
        and scores.model_version = combined.model_version
        and components.component = combined.component
    window
        same_score as (
            partition by scores.account_id, scores.observation_date, scores.model_version
        )
),

-- The weight of components that are missing, or not asked of the account, is spread over
-- those present, in proportion.
spread as (
    select
        *,
        {{ rounded('weight_scored / weight_asked', 9, 4) }} as weight_present,
        case
            when component_score is not null
                then {{ rounded('weight / nullif(weight_scored, 0)', 9, 8) }}
        end as effective_weight
    from weighted
),

with_shortfall as (
    select
        *,
        cast(effective_weight * (100 - component_score) as decimal(9, 4)) as weighted_shortfall
    from spread
)

select * from with_shortfall
