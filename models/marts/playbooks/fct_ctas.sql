with

ctas as (
    select
        *,
        cast(due_at as date) as due_date,
        cast(closed_at as date) as closed_date
    from {{ ref('int_ctas_resolved') }}
),

-- A call is due for the whole of its last day.
judged as (
    select
        *,
        coalesce(due_date <= {{ as_of_date() }}, false) as is_due,
        case
            when closed_date <= due_date then true
            when closed_date > due_date then false
            when due_date <= {{ as_of_date() }} then false
        end as is_completed_within_sla
    from ctas
),

final as (
    select
        judged.cta_id,
        judged.account_id,
        account_versions.account_version_id,
        judged.playbook_key,
        judged.playbook_name,
        judged.playbook_category,
        {{ masked('judged.reason') }} as reason,
        judged.priority,
        judged.owner_id,
        judged.created_at,
        judged.created_date,
        judged.due_at,
        judged.due_date,
        judged.closed_at,
        judged.closed_date,
        judged.closed_at is null as is_open,
        judged.is_due,
        judged.is_completed_within_sla,
        judged.outcome,
        not judged.is_internal as is_counted
    from judged
    {{ join_account_version('judged', 'judged.created_date') }}
)

select * from final
