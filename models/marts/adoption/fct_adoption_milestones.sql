with

starts as (
    select * from {{ ref('int_account_starts_found') }}
    where account_id <> 'unassigned'
),

first_uses as (
    select * from {{ ref('int_first_uses_found') }}
),

milestones as (
    select
        *,
        lead(effective_from) over (partition by milestone order by effective_from) as effective_to
    from {{ ref('adoption_milestones') }}
),

features as (
    select * from {{ ref('stg_usage__features') }}
),

-- Before the first event of all nothing was measured.
coverage as (
    select min(first_used_date) as covered_from from first_uses
),

expected as (
    select
        starts.account_id,
        starts.start_date as started_date,
        milestones.milestone,
        milestones.counted,
        milestones.scope,
        milestones.feature_key,
        milestones.threshold,
        milestones.target_days,
        milestones.is_first_value,
        {{ add_days('starts.start_date', 'milestones.target_days') }} as target_date,
        -- Nor is a feature that the product doesn't have.
        coalesce(starts.start_date >= coverage.covered_from, false)
        and (milestones.feature_key is null or features.feature_key is not null) as is_measured
    from starts
    inner join milestones
        on {{ is_in_force(
            'starts.start_date', 'milestones.effective_from', 'milestones.effective_to'
        ) }}
    left join features
        on milestones.feature_key = features.feature_key
    cross join coverage
),

counted_once as (
    select
        expected.account_id,
        expected.milestone,
        expected.threshold,
        case expected.counted
            when 'users' then first_uses.product_user_id
            else first_uses.feature_key
        end as user_or_feature,
        min(first_uses.first_used_date) as first_used_date
    from expected
    inner join first_uses
        on expected.account_id = first_uses.account_id
    where (expected.scope = 'qualifying' and first_uses.is_qualifying)
        or (expected.scope = 'core' and first_uses.is_core)
        or (expected.scope = 'feature' and expected.feature_key = first_uses.feature_key)
    group by expected.account_id, expected.milestone, expected.threshold, user_or_feature
),

numbered as (
    select
        *,
        row_number() over (
            partition by account_id, milestone
            order by first_used_date, user_or_feature
        ) as use_number
    from counted_once
),

reached as (
    select * from numbered
    where use_number = threshold
),

dated as (
    select
        expected.*,
        reached.first_used_date as reached_date,
        expected.target_date <= {{ as_of_date() }} as is_due
    from expected
    left join reached
        on expected.account_id = reached.account_id
        and expected.milestone = reached.milestone
),

judged as (
    select
        *,
        case
            when not is_measured then null
            -- Use in a trial, before the contract.
            when reached_date < started_date then 0
            else {{ days_between('started_date', 'reached_date') }}
        end as days_to_reach,
        case
            when not is_measured then null
            when reached_date <= target_date then true
            when is_due then false
        end as is_reached_within_target
    from dated
)

select
    judged.account_id || '|' || judged.milestone as account_milestone_id,
    judged.account_id,
    account_versions.account_version_id,
    judged.milestone,
    judged.is_first_value,
    judged.started_date,
    judged.target_days,
    judged.target_date,
    judged.reached_date,
    judged.is_measured,
    judged.is_due,
    judged.days_to_reach,
    judged.is_reached_within_target
from judged
{{ join_account_version('judged', 'judged.started_date') }}
