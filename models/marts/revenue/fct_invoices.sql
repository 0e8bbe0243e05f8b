with

invoices as (
    select * from {{ ref('stg_billing__invoices') }}
    where cast(issued_at as date) <= {{ as_of_date() }}
),

customers as (
    select * from {{ ref('int_customers_resolved') }}
),

rates as (
    select * from {{ ref('int_fx_rates_spanned') }}
),

-- Nothing that happened after the as-of date is known yet.
known as (
    select
        invoices.*,
        coalesce(customers.account_id, 'unassigned') as account_id,
        {{ month_start('invoices.issued_at') }} as issued_month,
        case when cast(invoices.paid_at as date) <= {{ as_of_date() }} then invoices.paid_at end
            as known_paid_at
    from invoices
    left join customers
        on invoices.customer_id = customers.customer_id
),

converted as (
    select
        known.invoice_id,
        known.customer_id,
        known.account_id,
        known.subscription_id,
        cast(known.issued_at as date) as issued_date,
        cast(known.due_at as date) as due_date,
        cast(known.known_paid_at as date) as paid_date,
        known.status,
        known.currency,
        {{ money('known.amount_due') }} as amount_due_local,
        {{ money('case when known.known_paid_at is not null then known.amount_paid else 0 end') }}
            as amount_paid_local,
        rates.rate
    from known
    left join rates
        on known.currency = rates.currency
        and {{ is_in_force('known.issued_month', 'rates.valid_from', 'rates.valid_to') }}
)

select
    invoice_id,
    customer_id,
    account_id,
    subscription_id,
    issued_date,
    due_date,
    paid_date,
    status,
    currency,
    amount_due_local,
    amount_paid_local,
    {{ to_cents('amount_due_local * rate') }} as amount_due,
    {{ to_cents('amount_paid_local * rate') }} as amount_paid,
    cast(
        case
            when status = 'void' or paid_date < due_date or due_date > {{ as_of_date() }} then 0
            else {{ dbt.datediff('due_date', 'coalesce(paid_date, ' ~ as_of_date() ~ ')', 'day') }}
        end as integer
    ) as days_overdue
from converted
