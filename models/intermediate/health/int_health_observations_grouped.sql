with

judged as (
    select * from {{ ref('int_health_observations_judged') }}
),

outcomes as (
    select
        *,
        'churned' as outcome,
        has_churned as has_happened,
        base_churned_share as base_share,
        expected_churned_share as expected_share
    from judged

    union all

    select
        *,
        'churned_or_contracted' as outcome,
        has_lost as has_happened,
        base_lost_share as base_share,
        expected_lost_share as expected_share
    from judged
),

segments (is_whole) as (
    values (true), (false)
),

samples (sample) as (
    values ('all_history'), ('out_of_time')
)

select
    outcomes.model_version,
    outcomes.account_id,
    outcomes.month_end,
    outcomes.horizon_days,
    outcomes.outcome,
    case when segments.is_whole then 'all' else outcomes.segment end as segment,
    samples.sample,
    outcomes.score,
    outcomes.band,
    outcomes.decile,
    outcomes.csm_id,
    outcomes.has_happened,
    case when outcomes.has_happened then outcomes.mrr_lost else 0 end as mrr_lost,
    outcomes.base_share,
    outcomes.expected_share
from outcomes
cross join segments
inner join samples
    on samples.sample = 'all_history'
    or outcomes.is_out_of_time
