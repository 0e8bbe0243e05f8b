with

judged as (
    select * from {{ ref('int_health_observations_judged') }}
),

pairs as (
    select * from {{ ref('int_health_pairs_counted') }}
    where variant = 'whole'
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

with_pairs as (
    select
        outcomes.model_version,
        outcomes.account_id,
        outcomes.month_end,
        outcomes.horizon_days,
        outcomes.outcome,
        outcomes.segment,
        outcomes.is_out_of_time,
        outcomes.score,
        outcomes.band,
        outcomes.decile,
        outcomes.csm_id,
        outcomes.has_happened,
        case when outcomes.has_happened then outcomes.mrr_lost else 0 end as mrr_lost,
        outcomes.base_share,
        outcomes.expected_share,
        pairs.kept_accounts,
        pairs.kept_accounts_scored_higher
    from outcomes
    left join pairs
        on outcomes.model_version = pairs.model_version
        and outcomes.account_id = pairs.account_id
        and outcomes.month_end = pairs.month_end
        and outcomes.horizon_days = pairs.horizon_days
        and outcomes.outcome = pairs.outcome
),

samples (sample) as (
    values ('all_history'), ('out_of_time')
),

segments (is_whole) as (
    values (true), (false)
)

select
    with_pairs.model_version,
    with_pairs.account_id,
    with_pairs.month_end,
    with_pairs.horizon_days,
    with_pairs.outcome,
    case when segments.is_whole then 'all' else with_pairs.segment end as segment,
    samples.sample,
    with_pairs.score,
    with_pairs.band,
    with_pairs.decile,
    with_pairs.csm_id,
    with_pairs.has_happened,
    with_pairs.mrr_lost,
    with_pairs.base_share,
    with_pairs.expected_share,
    with_pairs.kept_accounts,
    with_pairs.kept_accounts_scored_higher
from with_pairs
cross join segments
inner join samples
    on samples.sample = 'all_history'
    or with_pairs.is_out_of_time
