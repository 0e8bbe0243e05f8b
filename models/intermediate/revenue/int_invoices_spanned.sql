with

invoices as (
    select * from {{ ref('stg_billing__invoices') }}
    where cast(issued_at as date) <= {{ as_of_date() }}
        and status not in ('void', 'draft')
),

customers as (
    select * from {{ ref('int_customers_resolved') }}
),

scopes as (
    select * from {{ ref('int_billing_scopes_found') }}
),

charges as (
    select * from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
),

-- The longest interval, where the charges of a scope have several; 0 where all are weekly.
scope_intervals as (
    select
        coalesce(scopes.billing_scope_id, charges.subscription_id) as billing_scope_id,
        max(case when charges.intervals = 1 then charges.months else 0 end) as interval_months
    from charges
    left join scopes
        on charges.subscription_id = scopes.subscription_id
    group by coalesce(scopes.billing_scope_id, charges.subscription_id)
),

attributed as (
    select
        invoices.invoice_id,
        coalesce(customers.account_id, 'unassigned') as account_id,
        coalesce(
            scopes.billing_scope_id,
            invoices.subscription_id,
            'customer ' || invoices.customer_id
        ) as billing_scope_id,
        case
            when invoices.invoice_type in ('one_time', 'usage', 'credit')
                then invoices.invoice_type
            else 'recurring'
        end as invoice_type,
        invoices.currency,
        invoices.amount_due - coalesce(invoices.tax_amount, 0) as net_amount_local,
        {{ month_start('invoices.issued_at') }} as issued_month,
        coalesce(invoices.service_start, cast(invoices.issued_at as date)) as service_from,
        invoices.service_end
    from invoices
    left join customers
        on invoices.customer_id = customers.customer_id
    left join scopes
        on invoices.subscription_id = scopes.subscription_id
    where not coalesce(customers.is_internal, false)
),

-- Where the source doesn't say how long it bills for, it is one interval of the charges.
with_interval as (
    select
        attributed.*,
        coalesce(scope_intervals.interval_months, 1) as interval_months
    from attributed
    left join scope_intervals
        on attributed.billing_scope_id = scope_intervals.billing_scope_id
),

spanned as (
    select
        *,
        cast(
            case
                when service_end > service_from then service_end
                when interval_months = 0 then {{ add_days('service_from', 7) }}
                else {{ dbt.dateadd('month', 'interval_months', 'service_from') }}
            end as date
        ) as service_to
    from with_interval
),

counted as (
    select
        *,
        {{ dbt.datediff('service_from', 'service_to', 'month') }} as calendar_months,
        {{ days_between('service_from', 'service_to') }} as service_days
    from spanned
),

-- From one month's last days to another's are whole months too: the 31st is the 28th in February.
compared as (
    select
        *,
        calendar_months > 0
        and (
            cast({{ dbt.dateadd('month', 'calendar_months', 'service_from') }} as date) = service_to
            or (extract(day from service_from) >= 28 and extract(day from service_to) >= 28)
        ) as is_whole_months,
        mod(service_days, 7) = 0 as is_whole_weeks
    from counted
),

-- So many billing intervals make up so many months, as in billing_intervals: a service of whole
-- months is one interval, a week is one of 52 in 12 months, a day one of 365.
measured as (
    select
        invoice_id,
        account_id,
        billing_scope_id,
        invoice_type,
        currency,
        net_amount_local,
        issued_month,
        service_from,
        service_to,
        case
            when is_whole_months then 1
            when is_whole_weeks then 52
            else 365
        end as intervals,
        case
            when is_whole_months then calendar_months
            when is_whole_weeks then cast(12 * service_days / 7 as integer)
            else 12 * service_days
        end as months
    from compared
)

select * from measured
