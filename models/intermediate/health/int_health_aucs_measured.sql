with

pairs as (
    select * from {{ ref('int_health_pairs_counted') }}
),

segments (is_whole) as (
    values (true), (false)
),

samples (sample) as (
    values ('all_history'), ('out_of_time')
),

grouped as (
    select
        pairs.model_version,
        pairs.variant,
        pairs.component,
        pairs.horizon_days,
        pairs.outcome,
        case when segments.is_whole then 'all' else pairs.segment end as segment,
        samples.sample,
        pairs.account_id,
        pairs.kept_accounts,
        pairs.kept_accounts_scored_higher
    from pairs
    cross join segments
    inner join samples
        on samples.sample = 'all_history'
        or pairs.is_out_of_time
)

select
    model_version,
    variant,
    component,
    horizon_days,
    outcome,
    segment,
    sample,
    count(distinct account_id) as lost_accounts,
    sum(kept_accounts) as pairs,
    cast(sum(kept_accounts_scored_higher) as double precision) / nullif(sum(kept_accounts), 0)
        as auc
from grouped
group by model_version, variant, component, horizon_days, outcome, segment, sample
