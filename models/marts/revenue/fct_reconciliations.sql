{%- set reasons = [
    'timing', 'currency', 'missing_in_crm', 'missing_in_billing', 'discount', 'one_off',
    'unexplained',
] -%}

with

invoice_months as (
    select * from {{ ref('int_invoice_months_explained') }}
),

charge_months as (
    select * from {{ ref('int_charge_months_explained') }}
),

crm_accounts as (
    select * from {{ ref('fct_revenue_reconciliation') }}
),

tolerances as (
    select * from {{ ref('reconciliation_tolerances') }}
),

invoices as (
    select
        'invoices' as reconciliation,
        account_id,
        month_start,
        {{ month_end('month_start') }} as observation_date,
        'mrr' as amount,
        mrr as billing_amount,
        invoiced as other_amount,
        timing,
        currency,
        0 as missing_in_crm,
        missing_in_billing,
        discount,
        one_off,
        unexplained
    from invoice_months
),

charges as (
    select
        'charges' as reconciliation,
        account_id,
        month_start,
        {{ month_end('month_start') }} as observation_date,
        'mrr' as amount,
        mrr as billing_amount,
        charged as other_amount,
        timing,
        0 as currency,
        0 as missing_in_crm,
        0 as missing_in_billing,
        0 as discount,
        one_off,
        unexplained
    from charge_months
),

crm as (
    select
        'crm' as reconciliation,
        account_id,
        month_start,
        observation_date,
        'arr' as amount,
        billing_arr as billing_amount,
        coalesce(crm_arr, 0) as other_amount,
        {%- for reason in reasons[:-1] %}
        case when difference_reason = '{{ reason }}' then difference else 0 end as {{ reason }},
        {%- endfor %}
        case
            when difference_reason = 'unexplained' or is_within_tolerance then difference else 0
        end as unexplained
    from crm_accounts
),

compared as (
    select * from invoices

    union all

    select * from charges

    union all

    select * from crm
),

-- What can't be explained and is within the tolerance needs no explanation.
tolerated as (
    select
        compared.*,
        compared.other_amount - compared.billing_amount as difference,
        tolerances.tolerance * compared.billing_amount as tolerance,
        abs(compared.unexplained) <= tolerances.tolerance * compared.billing_amount
            as is_unexplained_tolerated
    from compared
    inner join tolerances
        on compared.amount = tolerances.amount
    where compared.billing_amount <> 0
        or compared.other_amount <> 0
),

largest as (
    select
        *,
        greatest(
            {%- for reason in reasons[:-1] %}
            abs({{ reason }}),
            {%- endfor %}
            case when is_unexplained_tolerated then 0 else abs(unexplained) end
        ) as largest_part
    from tolerated
)

select
    largest.reconciliation || '|' || largest.account_id || '|'
    || cast(largest.month_start as {{ dbt.type_string() }}) as reconciliation_id,
    largest.reconciliation,
    largest.account_id,
    account_versions.account_version_id,
    largest.month_start,
    largest.observation_date,
    largest.account_id <> 'unassigned' as is_customer,
    {{ money('largest.billing_amount') }} as billing_amount,
    {{ money('largest.other_amount') }} as other_amount,
    {{ money('largest.difference') }} as difference,
    {%- for reason in reasons[:-1] %}
    {{ money('largest.' ~ reason) }} as {{ reason }},
    {%- endfor %}
    {{ money('case when largest.is_unexplained_tolerated then 0 else largest.unexplained end') }}
        as unexplained,
    {{ money('case when largest.is_unexplained_tolerated then largest.unexplained else 0 end') }}
        as tolerated,
    {{ money(
        'case when largest.is_unexplained_tolerated then 0 else abs(largest.unexplained) end'
    ) }} as absolute_unexplained,
    abs(largest.difference) <= largest.tolerance as is_within_tolerance,
    case
        when abs(largest.difference) <= largest.tolerance then null
        {%- for reason in reasons[:-1] %}
        when abs(largest.{{ reason }}) = largest.largest_part then '{{ reason }}'
        {%- endfor %}
        else 'unexplained'
    end as difference_reason
from largest
{{ join_account_version('largest', 'largest.observation_date') }}
