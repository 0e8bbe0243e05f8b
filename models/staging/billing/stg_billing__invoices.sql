with

invoices as (
    select * from {{ ref('base_billing__invoices') }}
),

kept_rows as (
    select
        invoice_id,
        customer_id,
        subscription_id,
        issued_at,
        due_at,
        paid_at,
        amount_due,
        amount_paid,
        currency,
        status,
        invoice_type,
        tax_amount,
        service_start,
        service_end
    from invoices
    where row_status = 'kept'
)

select * from kept_rows
