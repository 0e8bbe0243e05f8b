with

tickets as (
    select * from {{ ref('int_tickets_resolved') }}
),

policies as (
    select * from {{ ref('stg_tickets__sla_policies') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
),

timed as (
    select
        tickets.*,
        policies.first_reply_minutes as first_reply_target_minutes,
        policies.resolution_minutes as resolution_target_minutes,
        -- A ticket solved without a reply was answered by its solution.
        coalesce(tickets.first_replied_at, tickets.solved_at) as answered_at,
        {{ dbt.dateadd('minute', 'policies.first_reply_minutes', 'tickets.created_at') }}
            as first_reply_due_at,
        {{ dbt.dateadd('minute', 'policies.resolution_minutes', 'tickets.created_at') }}
            as resolution_due_at,
        cast({{ add_days(as_of_date(), 1) }} as {{ dbt.type_timestamp() }}) as known_until
    from tickets
    left join policies
        on tickets.priority = policies.priority
),

-- A target that is neither met nor past is not due: neither true nor false.
judged as (
    select
        *,
        case
            when answered_at <= first_reply_due_at then true
            when answered_at > first_reply_due_at then false
            when first_reply_due_at < known_until then false
        end as is_first_reply_sla_met,
        case
            when solved_at <= resolution_due_at then true
            when solved_at > resolution_due_at then false
            when resolution_due_at < known_until then false
        end as is_resolution_sla_met
    from timed
),

final as (
    select
        judged.ticket_id,
        judged.account_id,
        account_months.account_month_id,
        account_versions.account_version_id,
        judged.assignee_id,
        judged.subject,
        judged.ticket_type,
        judged.channel,
        judged.priority,
        judged.root_cause,
        judged.resolution_code,
        judged.exclusion_reason,
        judged.exclusion_reason is null as is_counted,
        judged.created_at,
        cast(judged.created_at as date) as created_date,
        judged.first_replied_at,
        judged.solved_at,
        cast(judged.solved_at as date) as solved_date,
        judged.escalated_at,
        judged.solved_at is null as is_open,
        judged.is_escalated,
        judged.reopened_count > 0 as is_reopened,
        judged.reopened_count,
        judged.csat_score,
        judged.is_csat_satisfied,
        {{ hours_between('judged.created_at', 'judged.first_replied_at') }}
            as first_reply_time_hours,
        {{ hours_between('judged.created_at', 'judged.solved_at') }}
            as full_resolution_time_hours,
        judged.first_reply_target_minutes,
        judged.resolution_target_minutes,
        judged.is_first_reply_sla_met,
        judged.is_resolution_sla_met,
        case
            when not judged.is_first_reply_sla_met or not judged.is_resolution_sla_met
                then false
            when judged.is_first_reply_sla_met and judged.is_resolution_sla_met then true
        end as is_sla_met
    from judged
    left join account_months
        on judged.account_id = account_months.account_id
        and {{ month_start('judged.created_at') }} = account_months.month_start
    {{ join_account_version('judged', 'cast(judged.created_at as date)') }}
)

select * from final
