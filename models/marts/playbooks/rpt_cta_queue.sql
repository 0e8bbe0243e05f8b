with

actions as (
    select * from {{ ref('int_cta_actions_found') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

pushes as (
    select
        coalesce(ids.resolved_account_id, 'unassigned') as account_id,
        pushes.rule_key,
        count(*) as times_pushed,
        max(cast(pushes.pushed_at as date)) as last_pushed_date
    from {{ ref('stg_success__cta_pushes') }} as pushes
    left join ids
        on pushes.account_id = ids.account_id
    where cast(pushes.pushed_at as date) <= {{ as_of_date() }}
    group by coalesce(ids.resolved_account_id, 'unassigned'), pushes.rule_key
),

-- Somebody is at it already.
open_ctas as (
    select
        account_id,
        playbook_key
    from {{ ref('fct_ctas') }}
    where is_open
    group by account_id, playbook_key
),

-- The key counts the pushes before, so it stays the same until this one is pushed.
proposed as (
    select
        actions.rule_key || '|' || actions.account_id || '|'
        || cast(coalesce(pushes.times_pushed, 0) + 1 as {{ dbt.type_string() }}) as action_key,
        actions.rule_key,
        actions.account_id,
        accounts.account_name,
        actions.playbook_key,
        actions.priority,
        actions.reason,
        actions.measured_value,
        coalesce(accounts.csm_id, accounts.owner_id) as owner_id,
        {{ as_of_date() }} as proposed_date,
        {{ add_days(as_of_date(), 'actions.due_days') }} as due_date,
        pushes.last_pushed_date
    from actions
    inner join accounts
        on actions.account_id = accounts.account_id
    left join pushes
        on actions.account_id = pushes.account_id
        and actions.rule_key = pushes.rule_key
    left join open_ctas
        on actions.account_id = open_ctas.account_id
        and actions.playbook_key = open_ctas.playbook_key
    where open_ctas.account_id is null
        and (
            pushes.last_pushed_date is null
            or {{ add_days('pushes.last_pushed_date', 'actions.cool_down_days') }}
            <= {{ as_of_date() }}
        )
)

select * from proposed
