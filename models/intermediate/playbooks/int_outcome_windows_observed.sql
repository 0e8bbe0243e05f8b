with

account_months as (
    select * from {{ ref('fct_account_months') }}
    where account_id <> 'unassigned'
),

health_scores as (
    select * from {{ ref('fct_health_scores') }}
    where is_champion
        and period_type = 'month_end'
),

policies as (
    select * from {{ ref('playbook_effect_policies') }}
),

outcomes as (
    select
        account_id,
        month_start,
        'mrr' as outcome,
        cast(mrr as decimal(18, 4)) as outcome_value
    from account_months

    union all

    select
        account_id,
        month_start,
        'monthly_active_users' as outcome,
        cast(monthly_active_users as decimal(18, 4)) as outcome_value
    from account_months

    union all

    select
        account_id,
        {{ month_start('observation_date') }} as month_start,
        'health_score' as outcome,
        cast(score as decimal(18, 4)) as outcome_value
    from health_scores
),

known as (
    select * from outcomes
    where outcome_value is not null
)

-- The month itself is left out on both sides: what is done in it may show in its end already.
select
    before.account_id,
    cast({{ dbt.dateadd('month', 1, 'before.month_start') }} as date) as month_start,
    account_months.segment,
    before.outcome,
    before.outcome_value as value_before,
    before.outcome_value - earlier.outcome_value as change_before,
    later.outcome_value - before.outcome_value as change_after
from known as before
cross join policies
inner join account_months
    on before.account_id = account_months.account_id
    and before.month_start = account_months.month_start
    and account_months.is_active_customer
inner join known as later
    on before.account_id = later.account_id
    and before.outcome = later.outcome
    and {{ dbt.dateadd('month', '1 + policies.months_after', 'before.month_start') }}
    = later.month_start
left join known as earlier
    on before.account_id = earlier.account_id
    and before.outcome = earlier.outcome
    and {{ dbt.dateadd('month', '-1 * policies.months_before', 'before.month_start') }}
    = earlier.month_start
