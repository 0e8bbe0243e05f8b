with

scores as (
    select * from {{ ref('int_health_scores_ranked') }}
),

outcomes as (
    select
        *,
        has_churned or has_contracted as has_lost
    from {{ ref('int_health_outcomes_observed') }}
),

training as (
    select max(trained_until) as trained_until
    from {{ ref('health_models') }}
),

judged as (
    select
        scores.model_version,
        scores.account_id,
        scores.month_end,
        outcomes.horizon_days,
        outcomes.window_end_date,
        scores.score,
        scores.band,
        scores.decile,
        scores.segment,
        scores.csm_id,
        outcomes.has_churned,
        outcomes.has_lost,
        outcomes.mrr_lost,
        coalesce(scores.month_end > training.trained_until, false) as is_out_of_time
    from scores
    inner join outcomes
        on scores.account_id = outcomes.account_id
        and scores.month_end = outcomes.month_end
    cross join training
),

counted as (
    select
        model_version,
        horizon_days,
        month_end,
        window_end_date,
        band,
        count(*) as observations,
        sum(case when has_churned then 1 else 0 end) as churned,
        sum(case when has_lost then 1 else 0 end) as lost
    from judged
    group by model_version, horizon_days, month_end, window_end_date, band
),

-- What could be known at a month end: windows that were over by it.
known as (
    select
        counted.model_version,
        counted.horizon_days,
        counted.month_end,
        counted.band,
        cast(sum(earlier.churned) as double precision) / sum(earlier.observations)
            as base_churned_share,
        cast(sum(earlier.lost) as double precision) / sum(earlier.observations)
            as base_lost_share,
        cast(
            sum(case when earlier.band = counted.band then earlier.churned end)
            as double precision
        )
        / sum(case when earlier.band = counted.band then earlier.observations end)
            as expected_churned_share,
        cast(sum(case when earlier.band = counted.band then earlier.lost end) as double precision)
        / sum(case when earlier.band = counted.band then earlier.observations end)
            as expected_lost_share
    from counted
    inner join counted as earlier
        on counted.model_version = earlier.model_version
        and counted.horizon_days = earlier.horizon_days
        and counted.month_end >= earlier.window_end_date
    group by counted.model_version, counted.horizon_days, counted.month_end, counted.band
)

select
    judged.*,
    known.base_churned_share,
    known.base_lost_share,
    known.expected_churned_share,
    known.expected_lost_share
from judged
left join known
    on judged.model_version = known.model_version
    and judged.horizon_days = known.horizon_days
    and judged.month_end = known.month_end
    and judged.band = known.band
