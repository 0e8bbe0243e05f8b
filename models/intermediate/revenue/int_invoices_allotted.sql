with

invoices as (
    select * from {{ ref('int_invoices_spanned') }}
),

months as (
    select * from {{ ref('int_months_closed') }}
),

rates as (
    select * from {{ ref('int_fx_rates_spanned') }}
),

-- What recurs counts as MRR does: in each month at whose end its service goes on.
recurring as (
    select
        invoices.*,
        months.month_start
    from invoices
    inner join months
        on {{ is_in_force('months.month_end', 'invoices.service_from', 'invoices.service_to') }}
    where invoices.invoice_type = 'recurring'
),

-- What is billed once counts whole, in the month of its issue.
once as (
    select
        invoices.invoice_id,
        invoices.account_id,
        invoices.billing_scope_id,
        invoices.invoice_type,
        invoices.currency,
        invoices.net_amount_local,
        invoices.issued_month,
        invoices.service_from,
        invoices.service_to,
        1 as intervals,
        1 as months,
        months.month_start
    from invoices
    inner join months
        on invoices.issued_month = months.month_start
    where invoices.invoice_type <> 'recurring'
),

allotted as (
    select * from recurring

    union all

    select * from once
),

valued as (
    select
        allotted.invoice_id,
        allotted.month_start,
        allotted.account_id,
        allotted.billing_scope_id,
        allotted.invoice_type,
        allotted.service_from,
        coalesce(
            {{ monthly_amount('net_amount_local', 'intervals', 'months', 'issue_rates.rate') }}, 0
        ) as amount,
        coalesce(
            {{ monthly_amount('net_amount_local', 'intervals', 'months', 'month_rates.rate') }}, 0
        ) as amount_at_month_rate
    from allotted
    left join rates as issue_rates
        on allotted.currency = issue_rates.currency
        and {{ is_in_force(
            'allotted.issued_month', 'issue_rates.valid_from', 'issue_rates.valid_to'
        ) }}
    left join rates as month_rates
        on allotted.currency = month_rates.currency
        and {{ is_in_force(
            'allotted.month_start', 'month_rates.valid_from', 'month_rates.valid_to'
        ) }}
)

select * from valued
