with

dates as (
    select * from {{ ref('int_observation_dates_listed') }}
),

components as (
    select * from {{ ref('int_health_components_scored') }}
),

compared as (
    select * from {{ ref('int_health_components_compared') }}
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
    components.weighted_shortfall,
    compared.change_vs_previous_month
from dates
inner join components
    on dates.observation_date = components.observation_date
left join compared
    on components.account_id = compared.account_id
    and components.observation_date = compared.observation_date
    and components.model_version = compared.model_version
    and components.component = compared.component
