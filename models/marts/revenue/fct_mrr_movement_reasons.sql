with

movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

plan_changes as (
    select * from {{ ref('int_account_plan_months_compared') }}
),

churn_reasons as (
    select * from {{ ref('int_churn_reasons_stated') }}
),

change_parts as (
    {% for reason in ['product', 'seats', 'price'] -%}
    select
        account_id,
        month_start,
        '{{ reason }}' as reason,
        sum({{ reason }}_change) as amount
    from plan_changes
    group by account_id, month_start
    {% if not loop.last %}
    union all

    {% endif %}
    {%- endfor %}
),

changes as (
    select
        movements.account_id,
        movements.account_version_id,
        movements.month_start,
        movements.movement_type,
        change_parts.reason,
        change_parts.amount
    from movements
    inner join change_parts
        on movements.account_id = change_parts.account_id
        and movements.month_start = change_parts.month_start
    where movements.movement_type in ('expansion', 'contraction')
        and change_parts.amount <> 0
),

others as (
    select
        movements.account_id,
        movements.account_version_id,
        movements.month_start,
        movements.movement_type,
        case movements.movement_type
            when 'new' then 'new_customer'
            when 'reactivation' then 'returned_customer'
            when 'fx' then 'exchange_rate'
            when 'churn' then coalesce(churn_reasons.cancel_reason, 'not_stated')
        end as reason,
        movements.amount
    from movements
    left join churn_reasons
        on movements.account_id = churn_reasons.account_id
        and movements.month_start = churn_reasons.month_start
    where movements.movement_type not in ('expansion', 'contraction')
),

reasons as (
    select * from changes

    union all

    select * from others
)

select
    account_id || '|' || cast(month_start as {{ dbt.type_string() }})
    || '|' || movement_type || '|' || reason as mrr_movement_reason_id,
    account_id,
    account_version_id,
    month_start,
    movement_type,
    reason,
    {{ money('amount') }} as amount
from reasons
