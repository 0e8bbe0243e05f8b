with

components as (
    select * from {{ ref('int_health_components_scored') }}
),

measures as (
    select * from {{ ref('int_health_measures_scored') }}
),

health_models as (
    select * from {{ ref('health_models') }}
),

bands as (
    select
        model_version,
        band,
        lower_bound,
        lead(lower_bound) over (partition by model_version order by lower_bound) as upper_bound
    from {{ ref('health_bands') }}
),

added_up as (
    select
        account_id,
        observation_date,
        model_version,
        coalesce(max(weight_present), 0) as weight_present,
        100 - sum(weighted_shortfall) as full_score
    from components
    group by account_id, observation_date, model_version
),

inputs as (
    select
        account_id,
        observation_date,
        model_version,
        max(case when is_required and measure_score is null then 1 else 0 end) = 0
            as has_required_inputs,
        {{ dbt.listagg(
            measure='case when measure_score is null then measure end',
            delimiter_text="', '", order_by_clause='order by measure'
        ) }} as missing_inputs
    from measures
    group by account_id, observation_date, model_version
),

-- Too little weight present says nothing of the account: no score, not a low one.
scored as (
    select
        added_up.account_id,
        added_up.observation_date,
        added_up.model_version,
        health_models.status = 'champion'
        and {{ is_in_force(
            'added_up.observation_date',
            'health_models.effective_from',
            'health_models.effective_to'
        ) }} as is_champion,
        added_up.weight_present,
        inputs.missing_inputs,
        inputs.has_required_inputs,
        case
            when added_up.weight_present >= health_models.minimum_weight_share
                then cast(added_up.full_score as decimal(9, 4))
        end as score
    from added_up
    inner join health_models
        on added_up.model_version = health_models.model_version
    inner join inputs
        on added_up.account_id = inputs.account_id
        and added_up.observation_date = inputs.observation_date
        and added_up.model_version = inputs.model_version
),

banded as (
    select
        scored.*,
        coalesce(bands.band, 'unscored') as band
    from scored
    left join bands
        on scored.model_version = bands.model_version
        and scored.score >= bands.lower_bound
        and (scored.score < bands.upper_bound or bands.upper_bound is null)
)

select * from banded
