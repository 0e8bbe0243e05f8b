with

aucs as (
    select * from {{ ref('int_health_aucs_measured') }}
    where segment = 'all'
),

evidence as (
    select * from {{ ref('int_health_groups_counted') }}
    where segment = 'all'
),

components as (
    select * from {{ ref('health_components') }}
),

rules as (
    select * from {{ ref('health_evidence_rules') }}
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
        evidence.kept_accounts,
        coalesce(alone.lost_accounts, 0) as lost_accounts_alone,
        rules.minimum_lost_accounts,
        rules.minimum_kept_accounts,
        whole.lost_accounts >= rules.minimum_lost_accounts
        and evidence.kept_accounts >= rules.minimum_kept_accounts as is_enough,
        alone.lost_accounts >= rules.minimum_lost_accounts
        and evidence.kept_accounts >= rules.minimum_kept_accounts as is_enough_alone
    from aucs as whole
    inner join components
        on whole.model_version = components.model_version
    inner join evidence
        on whole.model_version = evidence.model_version
        and whole.horizon_days = evidence.horizon_days
        and whole.outcome = evidence.outcome
        and whole.sample = evidence.sample
    cross join rules
    left join aucs as without
        on whole.model_version = without.model_version
        and whole.horizon_days = without.horizon_days
        and whole.outcome = without.outcome
        and whole.sample = without.sample
        and components.component = without.component
        and without.variant = 'without'
    left join aucs as alone
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
    {{ rounded('case when is_enough then auc end', 9, 6) }} as auc,
    {{ rounded('case when is_enough then auc_without end', 9, 6) }} as auc_without,
    {{ rounded('case when is_enough then auc_gain end', 9, 6) }} as auc_gain,
    {{ rounded('case when is_enough_alone then auc_alone end', 9, 6) }} as auc_alone,
    {{ too_few([
        ('lost accounts', 'lost_accounts', 'minimum_lost_accounts'),
        ('lost accounts that have the component', 'lost_accounts_alone', 'minimum_lost_accounts'),
        ('kept accounts', 'kept_accounts', 'minimum_kept_accounts'),
    ]) }} as too_few
from compared
