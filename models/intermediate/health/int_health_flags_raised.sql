with

scores as (
    select * from {{ ref('int_health_scores_ranked') }}
),

cuts as (
    select * from {{ ref('health_cuts') }}
)

select
    scores.model_version,
    scores.account_id,
    scores.month_end,
    cuts.cut
from scores
inner join cuts
    on scores.band = cuts.band
    or scores.decile = cuts.decile
group by scores.model_version, scores.account_id, scores.month_end, cuts.cut
