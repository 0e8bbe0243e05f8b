with

dates as (
    select * from {{ ref('int_observation_dates_listed') }}
),

components as (
    select * from {{ ref('int_health_components_scored') }}
)

select
    dates.observation_date,
    dates.period_type,
    components.account_id,
    components.model_version,
    components.component,
    components.component_name,
    components.measures_in_words,
    components.missing_measures,
    components.component_score,
    components.weight,
    components.effective_weight,
    components.weighted_shortfall
from dates
inner join components
    on dates.observation_date = components.observation_date
