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

times as (
    select * from {{ ref('int_tickets_timed') }}
),

-- The policy is that of the priority the ticket came in with, in the hours it means. A
-- ticket solved without a reply was answered by its solution.
measured as (
    select
        tickets.*,
        times.seconds_to_first_replied_at,
        times.business_seconds_to_first_replied_at,
        times.seconds_to_solved_at,
        times.business_seconds_to_solved_at,
        policies.first_reply_minutes as first_reply_target_minutes,
        policies.resolution_minutes as resolution_target_minutes,
        policies.business_hours_only as is_sla_in_business_hours,
        case
            when policies.business_hours_only
                then
                    coalesce(
                        times.business_seconds_to_first_replied_at,
                        times.business_seconds_to_solved_at
                    )
            else coalesce(times.seconds_to_first_replied_at, times.seconds_to_solved_at)
        end as seconds_to_answer,
        case
            when policies.business_hours_only then times.business_seconds_to_solved_at
            else times.seconds_to_solved_at
        end as seconds_to_solution,
        case
            when policies.business_hours_only then times.business_seconds_to_known_until
            else times.seconds_to_known_until
        end as seconds_so_far
    from tickets
    inner join times
        on tickets.ticket_id = times.ticket_id
    left join policies
        on tickets.priority_at_creation = policies.priority
),

-- A target that is neither met nor past is not due: neither true nor false.
judged as (
    select
        *,
        case
            when seconds_to_answer is not null
                then seconds_to_answer <= 60 * first_reply_target_minutes
            when seconds_so_far > 60 * first_reply_target_minutes then false
        end as is_first_reply_sla_met,
        case
            when seconds_to_solution is not null
                then seconds_to_solution <= 60 * resolution_target_minutes
            when seconds_so_far > 60 * resolution_target_minutes then false
        end as is_resolution_sla_met
    from measured
),

final as (
    select
        judged.ticket_id,
        judged.account_id,
        account_months.account_month_id,
        account_versions.account_version_id,
        judged.assignee_id,
        {{ masked('judged.subject') }} as subject,
        judged.ticket_type,
        judged.channel,
        judged.priority,
        judged.priority_at_creation,
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
        {{ seconds_to_hours('judged.seconds_to_first_replied_at') }} as first_reply_time_hours,
        {{ seconds_to_hours('judged.business_seconds_to_first_replied_at') }}
            as first_reply_time_business_hours,
        {{ seconds_to_hours('judged.seconds_to_solved_at') }} as full_resolution_time_hours,
        {{ seconds_to_hours('judged.business_seconds_to_solved_at') }}
            as full_resolution_time_business_hours,
        judged.first_reply_target_minutes,
        judged.resolution_target_minutes,
        judged.is_sla_in_business_hours,
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
