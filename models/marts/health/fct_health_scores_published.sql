with

{% if is_incremental() -%}
published_months as (
    select
        month_end,
        model_version
    from {{ this }}
    group by month_end, model_version
),

{% endif -%}
scores as (
    select * from {{ ref('fct_health_scores') }}
    where period_type = 'month_end'
),

-- Nobody acts on a baseline's score.
versions as (
    select * from {{ ref('health_models') }}
    where status in ('champion', 'challenger')
),

to_publish as (
    select
        scores.account_id,
        scores.observation_date as month_end,
        scores.model_version,
        scores.is_champion,
        scores.score,
        scores.band,
        scores.final_band,
        {{ as_of_date() }} as published_as_of_date
    from scores
    inner join versions
        on scores.model_version = versions.model_version
    {%- if is_incremental() %}
    left join published_months
        on scores.observation_date = published_months.month_end
        and scores.model_version = published_months.model_version
    where published_months.month_end is null
    {%- endif %}
)

select * from to_publish
