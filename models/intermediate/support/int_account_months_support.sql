with

observed as (
    select * from {{ ref('int_accounts_tickets_observed') }}
),

months as (
    select * from {{ ref('int_months_closed') }}
),

tickets as (
    select
        *,
        {{ month_start('created_at') }} as created_month,
        {{ month_start('solved_at') }} as solved_month,
        {{ month_start('escalated_at') }} as escalated_month
    from {{ ref('int_tickets_resolved') }}
    where exclusion_reason is null
),

counted as (
    select
        account_id,
        created_month as month_start,
        1 as opened,
        0 as solved,
        0 as escalated,
        0 as csat_responses,
        0 as csat_satisfied
    from tickets

    union all

    select
        account_id,
        solved_month as month_start,
        0 as opened,
        1 as solved,
        0 as escalated,
        case when csat_score is not null then 1 else 0 end as csat_responses,
        case when is_csat_satisfied then 1 else 0 end as csat_satisfied
    from tickets
    where solved_month is not null

    union all

    select
        account_id,
        escalated_month as month_start,
        0 as opened,
        0 as solved,
        1 as escalated,
        0 as csat_responses,
        0 as csat_satisfied
    from tickets
    where escalated_month is not null
),

flows as (
    select
        account_id,
        month_start,
        sum(opened) as tickets_opened,
        sum(solved) as tickets_solved,
        sum(escalated) as tickets_escalated,
        sum(csat_responses) as csat_responses,
        sum(csat_satisfied) as csat_satisfied
    from counted
    group by account_id, month_start
)

select
    observed.account_id,
    months.month_start,
    observed.open_tickets,
    cast(coalesce(flows.tickets_opened, 0) as {{ dbt.type_bigint() }}) as tickets_opened,
    cast(coalesce(flows.tickets_solved, 0) as {{ dbt.type_bigint() }}) as tickets_solved,
    cast(coalesce(flows.tickets_escalated, 0) as {{ dbt.type_bigint() }}) as tickets_escalated,
    cast(coalesce(flows.csat_responses, 0) as {{ dbt.type_bigint() }}) as csat_responses,
    cast(coalesce(flows.csat_satisfied, 0) as {{ dbt.type_bigint() }}) as csat_satisfied
from observed
inner join months
    on observed.observation_date = months.month_end
left join flows
    on observed.account_id = flows.account_id
    and months.month_start = flows.month_start
