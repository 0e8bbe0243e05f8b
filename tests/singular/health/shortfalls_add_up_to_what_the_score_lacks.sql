-- 100 less the score is, exactly, the sum of the components' weighted shortfalls; and the
-- score is the mean of their scores by the seeds' weights, to the rounding of each
-- shortfall. Returns the scores for which either fails.
with

scores as (
    select * from {{ ref('fct_health_scores') }}
    where score is not null
),

components as (
    select
        account_id,
        observation_date,
        period_type,
        model_version,
        sum(weighted_shortfall) as shortfall,
        sum(weight * component_score)
        / sum(case when component_score is not null then weight end) as mean_score,
        sum(effective_weight) as effective_weight
    from {{ ref('fct_health_components') }}
    group by account_id, observation_date, period_type, model_version
)

select
    scores.account_id,
    scores.observation_date,
    scores.score,
    components.shortfall,
    components.mean_score
from scores
left join components
    on scores.account_id = components.account_id
    and scores.observation_date = components.observation_date
    and scores.period_type = components.period_type
    and scores.model_version = components.model_version
where (
    100 - scores.score = components.shortfall
    and abs(scores.score - components.mean_score) < 0.001
    and abs(components.effective_weight - 1) < 0.000001
) is not true
