{#- Days within which an escalation should have its root cause and resolution recorded. -#}
{%- set instrumentation_days = 7 -%}

with

escalated as (
    select
        *,
        cast(escalated_at as date) as escalated_date,
        {{ dbt.dateadd('day', instrumentation_days, 'escalated_at') }} as due_at,
        case
            when root_cause_set_at < resolution_code_set_at then resolution_code_set_at
            when resolution_code_set_at is not null then root_cause_set_at
        end as instrumented_at
    from {{ ref('int_tickets_resolved') }}
    where is_escalated
),

judged as (
    select
        *,
        due_at <= cast({{ add_days(as_of_date(), 1) }} as {{ dbt.type_timestamp() }}) as is_due
    from escalated
)

select
    judged.ticket_id,
    judged.account_id,
    account_versions.account_version_id,
    judged.exclusion_reason is null as is_counted,
    judged.escalated_at,
    judged.escalated_date,
    judged.solved_at,
    judged.solved_at is null as is_open,
    judged.root_cause,
    judged.root_cause_set_at,
    judged.resolution_code,
    judged.resolution_code_set_at,
    judged.instrumented_at,
    judged.is_due,
    case
        when judged.instrumented_at <= judged.due_at then true
        when judged.is_due then false
    end as is_instrumented_within_7_days
from judged
{{ join_account_version('judged', 'judged.escalated_date') }}
