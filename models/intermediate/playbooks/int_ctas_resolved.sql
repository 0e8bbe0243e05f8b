with

ctas as (
    select * from {{ ref('stg_success__ctas') }}
    where cast(created_at as date) <= {{ as_of_date() }}
),

playbooks as (
    select * from {{ ref('stg_success__playbooks') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

resolved as (
    select
        ctas.cta_id,
        coalesce(ids.resolved_account_id, 'unassigned') as account_id,
        coalesce(ids.is_internal, false) as is_internal,
        ctas.playbook_key,
        playbooks.playbook_name,
        playbooks.category as playbook_category,
        ctas.reason,
        ctas.priority,
        ctas.owner_id,
        ctas.created_at,
        cast(ctas.created_at as date) as created_date,
        -- Without a due date of its own a call has the days of its playbook.
        coalesce(
            ctas.due_at,
            {{ dbt.dateadd('day', 'playbooks.sla_days', 'ctas.created_at') }}
        ) as due_at,
        -- What was closed later than the as-of date was open on it.
        case when cast(ctas.closed_at as date) <= {{ as_of_date() }} then ctas.closed_at end
            as closed_at,
        case when cast(ctas.closed_at as date) <= {{ as_of_date() }} then ctas.outcome end
            as outcome
    from ctas
    left join playbooks
        on ctas.playbook_key = playbooks.playbook_key
    left join ids
        on ctas.account_id = ids.account_id
)

select * from resolved
