with

scores as (
    select * from {{ ref('int_health_scores_compared') }}
    where change_vs_previous_month is not null
),

components as (
    select * from {{ ref('int_health_components_scored') }}
),

-- A component without data takes nothing off the score.
compared as (
    select
        scores.account_id,
        scores.observation_date,
        scores.model_version,
        components.component,
        components.component_name,
        cast(
            coalesce(previous.weighted_shortfall, 0) - coalesce(components.weighted_shortfall, 0)
            as decimal(10, 4)
        ) as change_vs_previous_month
    from scores
    inner join components
        on scores.account_id = components.account_id
        and scores.observation_date = components.observation_date
        and scores.model_version = components.model_version
    inner join components as previous
        on scores.account_id = previous.account_id
        and scores.previous_month_end = previous.observation_date
        and scores.model_version = previous.model_version
        and components.component = previous.component
),

ranked as (
    select
        *,
        row_number() over (
            partition by account_id, observation_date, model_version
            order by abs(change_vs_previous_month) desc, component asc
        ) as change_rank
    from compared
)

select * from ranked
