with

pairs as (
    select * from {{ ref('int_health_pairs_counted') }}
),

observations as (
    select * from {{ ref('int_health_observations_grouped') }}
    where segment = 'all'
),

components as (
    select * from {{ ref('health_components') }}
),

rules as (
    select * from {{ ref('health_evidence_rules') }}
),

samples (sample) as (
    values ('all_history'), ('out_of_time')
),

groups as (
    select
        model_version,
        horizon_days,
        outcome,
        sample,
        count(distinct case when not has_happened then account_id end) as kept_accounts
    from observations
    group by model_version, horizon_days, outcome, sample
),

measured as (
    select
        pairs.model_version,
        pairs.horizon_days,
        pairs.outcome,
        samples.sample,
        pairs.variant,
        pairs.component,
        count(distinct pairs.account_id) as lost_accounts,
        sum(pairs.kept_accounts) as pairs,
        sum(pairs.kept_accounts_scored_higher) / nullif(sum(pairs.kept_accounts), 0) as auc
    from pairs
    inner join samples
        on samples.sample = 'all_history'
        or pairs.is_out_of_time
    group by
        pairs.model_version,
        pairs.horizon_days,
        pairs.outcome,
        samples.sample,
        pairs.variant,
        pairs.component
),

compared as (
    select
        whole.model_version,
        whole.horizon_days,
        whole.outcome,
        whole.sample,
        components.component,
        whole.auc,
        without.auc as auc_without,
        case when without.pairs = whole.pairs then whole.auc - without.auc end as auc_gain,
        alone.auc as auc_alone,
        whole.lost_accounts,
        groups.kept_accounts,
        coalesce(alone.lost_accounts, 0) as lost_accounts_alone,
        rules.minimum_lost_accounts,
        rules.minimum_kept_accounts,
        whole.lost_accounts >= rules.minimum_lost_accounts
        and groups.kept_accounts >= rules.minimum_kept_accounts as is_enough,
        alone.lost_accounts >= rules.minimum_lost_accounts
        and groups.kept_accounts >= rules.minimum_kept_accounts as is_enough_alone
    from measured as whole
    inner join components
        on whole.model_version = components.model_version
    inner join groups
        on whole.model_version = groups.model_version
        and whole.horizon_days = groups.horizon_days
        and whole.outcome = groups.outcome
        and whole.sample = groups.sample
    cross join rules
    left join measured as without
        on whole.model_version = without.model_version
        and whole.horizon_days = without.horizon_days
        and whole.outcome = without.outcome
        and whole.sample = without.sample
        and components.component = without.component
        and without.variant = 'without'
    left join measured as alone
        on whole.model_version = alone.model_version
        and whole.horizon_days = alone.horizon_days
        and whole.outcome = alone.outcome
        and whole.sample = alone.sample
        and components.component = alone.component
        and alone.variant = 'alone'
    where whole.variant = 'whole'
)

select
    model_version,
    cast(horizon_days as integer) as horizon_days,
    outcome,
    sample,
    component,
    cast(case when is_enough then auc end as decimal(9, 6)) as auc,
    cast(case when is_enough then auc_without end as decimal(9, 6)) as auc_without,
    cast(case when is_enough then auc_gain end as decimal(9, 6)) as auc_gain,
    cast(case when is_enough_alone then auc_alone end as decimal(9, 6)) as auc_alone,
    {{ too_few([
        ('lost accounts', 'lost_accounts', 'minimum_lost_accounts'),
        ('lost accounts that have the component', 'lost_accounts_alone', 'minimum_lost_accounts'),
        ('kept accounts', 'kept_accounts', 'minimum_kept_accounts'),
    ]) }} as too_few
from compared
