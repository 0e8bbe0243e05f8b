with

subscriptions as (
    select * from {{ ref('stg_billing__subscriptions') }}
),

invoices as (
    select * from {{ ref('stg_billing__invoices') }}
),

statuses as (
    select * from {{ ref('subscription_statuses') }}
),

-- A subscription in arrears keeps its MRR for the days of grace after the due
-- date of an unpaid invoice, and gets it back on the day that invoice is paid.
suspensions as (
    select
        invoices.invoice_id,
        subscriptions.subscription_id,
        {{ add_days('cast(invoices.due_at as date)', 'statuses.unpaid_grace_days + 1') }}
            as suspended_from,
        cast(invoices.paid_at as date) as suspended_to
    from invoices
    inner join subscriptions
        on invoices.subscription_id = subscriptions.subscription_id
    inner join statuses
        on subscriptions.status = statuses.status
    where statuses.unpaid_grace_days is not null
        and invoices.due_at is not null
        and invoices.status <> 'void'
)

select * from suspensions
where suspended_to is null or suspended_from < suspended_to
