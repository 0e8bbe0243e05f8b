with

published as (
    select * from {{ ref('fct_health_scores_published') }}
    where published_as_of_date <= {{ as_of_date() }}
),

scores_today as (
    select * from {{ ref('fct_health_scores') }}
    where period_type = 'month_end'
),

published_months as (
    select
        month_end,
        model_version,
        min(published_as_of_date) as published_as_of_date
    from published
    group by month_end, model_version
),

-- A version that was retired since has no score today.
scored_versions as (
    select model_version
    from scores_today
    group by model_version
),

customers as (
    select
        account_id,
        month_end,
        model_version
    from published

    union

    select
        account_id,
        observation_date as month_end,
        model_version
    from scores_today
),

compared as (
    select
        customers.account_id,
        customers.month_end,
        customers.model_version,
        published_months.published_as_of_date,
        published.score as published_score,
        scores_today.score as score_today,
        scores_today.score - published.score as difference,
        published.band as published_band,
        scores_today.band as band_today,
        published.final_band as published_final_band,
        scores_today.final_band as final_band_today,
        coalesce(published.score, -1) <> coalesce(scores_today.score, -1)
        or coalesce(published.band, '') <> coalesce(scores_today.band, '')
        or coalesce(published.final_band, '') <> coalesce(scores_today.final_band, '')
            as is_restated
    from customers
    inner join scored_versions
        on customers.model_version = scored_versions.model_version
    inner join published_months
        on customers.month_end = published_months.month_end
        and customers.model_version = published_months.model_version
    left join published
        on customers.account_id = published.account_id
        and customers.month_end = published.month_end
        and customers.model_version = published.model_version
    left join scores_today
        on customers.account_id = scores_today.account_id
        and customers.month_end = scores_today.observation_date
        and customers.model_version = scores_today.model_version
)

select * from compared
