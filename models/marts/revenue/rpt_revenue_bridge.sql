{%- set steps = [
    'timing', 'currency', 'missing_in_crm', 'missing_in_billing', 'discount', 'one_off',
    'unexplained', 'tolerated',
] -%}

with

reconciliations as (
    select * from {{ ref('fct_reconciliations') }}
),

steps as (
    select
        reconciliation,
        month_start,
        0 as step_number,
        'billing' as step,
        sum(billing_amount) as amount,
        count(case when billing_amount <> 0 then account_id end) as accounts
    from reconciliations
    group by reconciliation, month_start
    {% for step in steps %}
    union all

    select
        reconciliation,
        month_start,
        {{ loop.index }} as step_number,
        '{{ step }}' as step,
        sum({{ step }}) as amount,
        count(case when {{ step }} <> 0 then account_id end) as accounts
    from reconciliations
    group by reconciliation, month_start
    {% endfor %}
    union all

    select
        reconciliation,
        month_start,
        {{ steps | length + 1 }} as step_number,
        'other' as step,
        sum(other_amount) as amount,
        count(case when other_amount <> 0 then account_id end) as accounts
    from reconciliations
    group by reconciliation, month_start
)

select
    reconciliation,
    month_start,
    cast(step_number as integer) as step_number,
    step,
    {{ money('amount') }} as amount,
    cast(accounts as integer) as accounts
from steps
