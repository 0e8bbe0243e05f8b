with

windows as (
    select * from {{ ref('int_outcome_windows_observed') }}
),

policies as (
    select * from {{ ref('playbook_effect_policies') }}
),

-- Two calls of a playbook in one month are one treatment.
treatments as (
    select
        account_id,
        playbook_key,
        {{ month_start('created_date') }} as month_start
    from {{ ref('fct_ctas') }}
    where is_counted
    group by account_id, playbook_key, {{ month_start('created_date') }}
),

treated as (
    select
        windows.*,
        treatments.playbook_key
    from windows
    inner join treatments
        on windows.account_id = treatments.account_id
        and windows.month_start = treatments.month_start
),

candidates as (
    select
        treated.playbook_key,
        treated.account_id,
        treated.month_start,
        treated.outcome,
        windows.change_before,
        windows.change_after,
        policies.controls_per_account,
        row_number() over (
            partition by
                treated.playbook_key, treated.account_id, treated.month_start, treated.outcome
            order by abs(windows.value_before - treated.value_before), windows.account_id
        ) as closeness
    from treated
    cross join policies
    inner join windows
        on treated.month_start = windows.month_start
        and treated.outcome = windows.outcome
        and treated.segment = windows.segment
        and treated.account_id <> windows.account_id
    left join treatments
        on windows.account_id = treatments.account_id
        and treated.playbook_key = treatments.playbook_key
        and treatments.month_start
        >= {{ dbt.dateadd('month', '-1 * policies.months_before', 'treated.month_start') }}
        and treatments.month_start
        <= {{ dbt.dateadd('month', 'policies.months_after', 'treated.month_start') }}
    where treatments.account_id is null
),

controls as (
    select
        playbook_key,
        account_id,
        month_start,
        outcome,
        count(*) as controls,
        avg(change_before) as change_before,
        avg(change_after) as change_after
    from candidates
    where closeness <= controls_per_account
    group by playbook_key, account_id, month_start, outcome
)

select
    treated.playbook_key,
    treated.account_id,
    treated.month_start,
    treated.outcome,
    treated.segment,
    cast(coalesce(controls.controls, 0) as integer) as controls,
    treated.change_after - controls.change_after as difference,
    treated.change_before - controls.change_before as difference_before
from treated
left join controls
    on treated.playbook_key = controls.playbook_key
    and treated.account_id = controls.account_id
    and treated.month_start = controls.month_start
    and treated.outcome = controls.outcome
