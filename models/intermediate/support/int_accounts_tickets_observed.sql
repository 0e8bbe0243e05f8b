{#- Days that recent escalations and ratings are counted over. -#}
{%- set recent_days = 90 -%}

with

dates as (
    select observation_date
    from {{ ref('int_observation_dates_listed') }}
    group by observation_date
),

tickets as (
    select
        *,
        cast(created_at as date) as created_date,
        cast(solved_at as date) as solved_date,
        cast(escalated_at as date) as escalated_date
    from {{ ref('int_tickets_resolved') }}
    where exclusion_reason is null
),

priorities as (
    select
        spans.ticket_id,
        cast(spans.valid_from as date) as valid_from,
        cast(spans.valid_to as date) as valid_to,
        priorities.is_severe
    from {{ ref('int_ticket_priorities_spanned') }} as spans
    inner join {{ ref('ticket_priorities') }} as priorities
        on spans.priority = priorities.priority
),

accounts as (
    select resolved_account_id as account_id from {{ ref('int_account_ids_resolved') }}

    union

    select 'unassigned' as account_id
),

-- Before the first ticket nothing was recorded: support is unknown, not quiet.
coverage as (
    select min(created_date) as first_date from tickets
),

covered as (
    select
        accounts.account_id,
        dates.observation_date
    from dates
    inner join coverage
        on dates.observation_date >= coverage.first_date
    cross join accounts
),

open_tickets as (
    select
        tickets.account_id,
        dates.observation_date,
        count(*) as open_tickets,
        sum(case when priorities.is_severe then 1 else 0 end) as open_severe_tickets,
        sum(case when tickets.escalated_date <= dates.observation_date then 1 else 0 end)
            as open_escalated_tickets,
        max({{ days_between('tickets.created_date', 'dates.observation_date') }})
            as oldest_open_ticket_days
    from dates
    inner join tickets
        on {{ is_in_force(
            'dates.observation_date', 'tickets.created_date', 'tickets.solved_date'
        ) }}
    left join priorities
        on tickets.ticket_id = priorities.ticket_id
        and {{ is_in_force(
            'dates.observation_date', 'priorities.valid_from', 'priorities.valid_to'
        ) }}
    group by tickets.account_id, dates.observation_date
),

escalations as (
    select
        tickets.account_id,
        dates.observation_date,
        count(*) as recent_escalations
    from dates
    inner join tickets
        on tickets.escalated_date <= dates.observation_date
        and tickets.escalated_date > {{ add_days('dates.observation_date', -recent_days) }}
    group by tickets.account_id, dates.observation_date
),

ratings as (
    select
        tickets.account_id,
        dates.observation_date,
        count(*) as recent_csat_responses,
        sum(case when tickets.is_csat_satisfied then 1 else 0 end) as recent_csat_satisfied
    from dates
    inner join tickets
        on tickets.solved_date <= dates.observation_date
        and tickets.solved_date > {{ add_days('dates.observation_date', -recent_days) }}
    where tickets.csat_score is not null
    group by tickets.account_id, dates.observation_date
)

select
    covered.account_id,
    covered.observation_date,
    cast(coalesce(open_tickets.open_tickets, 0) as {{ dbt.type_bigint() }}) as open_tickets,
    cast(coalesce(open_tickets.open_severe_tickets, 0) as {{ dbt.type_bigint() }})
        as open_severe_tickets,
    cast(coalesce(open_tickets.open_escalated_tickets, 0) as {{ dbt.type_bigint() }})
        as open_escalated_tickets,
    open_tickets.oldest_open_ticket_days,
    cast(coalesce(escalations.recent_escalations, 0) as {{ dbt.type_bigint() }})
        as recent_escalations,
    cast(coalesce(ratings.recent_csat_responses, 0) as {{ dbt.type_bigint() }})
        as recent_csat_responses,
    cast(coalesce(ratings.recent_csat_satisfied, 0) as {{ dbt.type_bigint() }})
        as recent_csat_satisfied
from covered
left join open_tickets
    on covered.account_id = open_tickets.account_id
    and covered.observation_date = open_tickets.observation_date
left join escalations
    on covered.account_id = escalations.account_id
    and covered.observation_date = escalations.observation_date
left join ratings
    on covered.account_id = ratings.account_id
    and covered.observation_date = ratings.observation_date
