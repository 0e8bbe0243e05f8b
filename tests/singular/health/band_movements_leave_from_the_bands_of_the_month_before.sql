-- The customers that a month's movements start from are those of the month before, band by
-- band and by the version that judges the month. Returns the months and bands where not.
with

movements as (
    select * from {{ ref('fct_health_band_movements') }}
),

scores as (
    select * from {{ ref('fct_health_scores') }}
    where period_type = 'month_end'
),

months as (
    select
        previous_month_end,
        model_version
    from movements
    group by previous_month_end, model_version
),

both_sides as (
    select
        previous_month_end,
        model_version,
        from_band as band,
        1 as moved,
        0 as scored
    from movements
    where from_band <> 'new'

    union all

    select
        months.previous_month_end,
        months.model_version,
        scores.final_band as band,
        0 as moved,
        1 as scored
    from months
    inner join scores
        on months.previous_month_end = scores.observation_date
        and months.model_version = scores.model_version
)

select
    previous_month_end,
    model_version,
    band,
    sum(moved) as accounts_moved,
    sum(scored) as accounts_scored
from both_sides
group by previous_month_end, model_version, band
having sum(moved) <> sum(scored)
