with

scores as (
    select * from {{ ref('int_health_scores_ranked') }}
),

health_models as (
    select * from {{ ref('health_models') }}
),

components as (
    select * from {{ ref('health_components') }}
),

components_scored as (
    select * from {{ ref('int_health_components_scored') }}
    where component_score is not null
),

-- Each component of the version, also those that the account has no score of.
weighed as (
    select
        scores.model_version,
        scores.account_id,
        scores.month_end,
        components.component,
        components_scored.component_score,
        case when components_scored.component_score is null then 0 else components.weight end
            as weight,
        coalesce(components.weight * (100 - components_scored.component_score), 0) as shortfall
    from scores
    inner join components
        on scores.model_version = components.model_version
    left join components_scored
        on scores.model_version = components_scored.model_version
        and scores.account_id = components_scored.account_id
        and scores.month_end = components_scored.observation_date
        and components.component = components_scored.component
),

added_up as (
    select
        *,
        sum(weight) over same_score as total_weight,
        sum(shortfall) over same_score as total_shortfall
    from weighed
    window same_score as (partition by model_version, account_id, month_end)
),

-- What a baseline makes of the accounts that another version scored.
baselines as (
    select
        scores.model_version,
        scores.account_id,
        scores.month_end,
        others.model_version as baseline,
        others.score
    from scores
    inner join health_models
        on scores.model_version = health_models.model_version
        and health_models.status <> 'baseline'
    inner join scores as others
        on scores.account_id = others.account_id
        and scores.month_end = others.month_end
    inner join health_models as other_models
        on others.model_version = other_models.model_version
        and other_models.status = 'baseline'
),

varied as (
    select
        model_version,
        account_id,
        month_end,
        'whole' as variant,
        'score' as component,
        score
    from scores

    union all

    select
        model_version,
        account_id,
        month_end,
        'alone' as variant,
        component,
        component_score as score
    from weighed
    where component_score is not null

    union all

    -- Its weight is spread over the others, in proportion; without others there is no score.
    select
        model_version,
        account_id,
        month_end,
        'without' as variant,
        component,
        {{ rounded(
            '100 - (total_shortfall - shortfall) / (total_weight - weight)', 12, 8
        ) }} as score
    from added_up
    where total_weight > weight

    union all

    select
        model_version,
        account_id,
        month_end,
        'baseline' as variant,
        baseline as component,
        score
    from baselines
)

select * from varied
