with

invoices as (
    select * from {{ ref('int_invoices_allotted') }}
),

months as (
    select * from {{ ref('int_months_closed') }}
),

charges_in_force as (
    select * from {{ ref('int_charges_in_force') }}
),

charges as (
    select * from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
),

scopes as (
    select * from {{ ref('int_billing_scopes_found') }}
),

rates as (
    select * from {{ ref('int_fx_rates_spanned') }}
),

tolerances as (
    select * from {{ ref('reconciliation_tolerances') }}
    where amount = 'mrr'
),

-- Nothing can be missing before the source has any invoices.
first_invoice as (
    select min(month_start) as first_month from invoices
),

mrr as (
    select
        charges_in_force.account_id,
        coalesce(scopes.billing_scope_id, charges_in_force.subscription_id) as billing_scope_id,
        months.month_start,
        sum(charges_in_force.mrr) as mrr
    from charges_in_force
    inner join months
        on charges_in_force.observation_date = months.month_end
    inner join first_invoice
        on months.month_start >= first_invoice.first_month
    left join scopes
        on charges_in_force.subscription_id = scopes.subscription_id
    group by
        charges_in_force.account_id,
        coalesce(scopes.billing_scope_id, charges_in_force.subscription_id),
        months.month_start
),

invoiced as (
    select
        account_id,
        billing_scope_id,
        month_start,
        sum(case when invoice_type = 'recurring' then amount else 0 end) as recurring,
        sum(case when invoice_type = 'recurring' then amount_at_month_rate else 0 end)
            as recurring_at_month_rate,
        sum(case when invoice_type in ('one_time', 'usage') then amount else 0 end) as one_off,
        sum(case when invoice_type = 'credit' then amount else 0 end) as credited,
        max(case when invoice_type = 'recurring' then service_from end) as last_service_from
    from invoices
    group by account_id, billing_scope_id, month_start
),

both_sides as (
    select
        coalesce(mrr.account_id, invoiced.account_id) as account_id,
        coalesce(mrr.billing_scope_id, invoiced.billing_scope_id) as billing_scope_id,
        coalesce(mrr.month_start, invoiced.month_start) as month_start,
        coalesce(mrr.mrr, 0) as mrr,
        coalesce(invoiced.recurring, 0) as recurring,
        coalesce(invoiced.recurring_at_month_rate, 0) as recurring_at_month_rate,
        coalesce(invoiced.one_off, 0) as one_off,
        coalesce(invoiced.credited, 0) as credited,
        invoiced.last_service_from
    from mrr
    full outer join invoiced
        on mrr.account_id = invoiced.account_id
        and mrr.billing_scope_id = invoiced.billing_scope_id
        and mrr.month_start = invoiced.month_start
),

scope_charges as (
    select
        charges.*,
        coalesce(scopes.billing_scope_id, charges.subscription_id) as billing_scope_id
    from charges
    left join scopes
        on charges.subscription_id = scopes.subscription_id
),

-- The day whose charges the latest invoice bills: where it was issued ahead, the day on which the
-- first of them begins.
billed_days as (
    select
        both_sides.account_id,
        both_sides.billing_scope_id,
        both_sides.month_start,
        case
            when min(scope_charges.effective_from) > both_sides.last_service_from
                then min(scope_charges.effective_from)
            else both_sides.last_service_from
        end as billed_day
    from both_sides
    inner join scope_charges
        on both_sides.account_id = scope_charges.account_id
        and both_sides.billing_scope_id = scope_charges.billing_scope_id
        and (
            scope_charges.effective_to > both_sides.last_service_from
            or scope_charges.effective_to is null
        )
    where both_sides.last_service_from is not null
    group by
        both_sides.account_id,
        both_sides.billing_scope_id,
        both_sides.month_start,
        both_sides.last_service_from
),

-- What should have been billed then, at the rate of the month compared, with and without discount.
expected as (
    select
        billed_days.account_id,
        billed_days.billing_scope_id,
        billed_days.month_start,
        sum(
            {{ monthly_amount('interval_amount_local', 'intervals', 'months', 'rates.rate') }}
        ) as expected,
        sum(
            {{ monthly_amount('list_amount_local', 'intervals', 'months', 'rates.rate') }}
        ) as expected_at_list_price
    from billed_days
    inner join scope_charges
        on billed_days.account_id = scope_charges.account_id
        and billed_days.billing_scope_id = scope_charges.billing_scope_id
        and {{ is_in_force(
            'billed_days.billed_day', 'scope_charges.effective_from', 'scope_charges.effective_to'
        ) }}
    inner join rates
        on scope_charges.currency = rates.currency
        and {{ is_in_force('billed_days.month_start', 'rates.valid_from', 'rates.valid_to') }}
    group by billed_days.account_id, billed_days.billing_scope_id, billed_days.month_start
),

with_expected as (
    select
        both_sides.*,
        coalesce(expected.expected, 0) as expected,
        coalesce(expected.expected_at_list_price, 0) as expected_at_list_price,
        both_sides.recurring_at_month_rate - both_sides.mrr as recurring_difference,
        sum(both_sides.mrr) over by_account as account_mrr,
        sum(both_sides.recurring_at_month_rate) over by_account as account_recurring,
        tolerances.tolerance
    from both_sides
    left join expected
        on both_sides.account_id = expected.account_id
        and both_sides.billing_scope_id = expected.billing_scope_id
        and both_sides.month_start = expected.month_start
    cross join tolerances
    window by_account as (partition by both_sides.account_id, both_sides.month_start)
),

-- An invoice that is right today owes nothing to what has changed since, and one that bills for
-- another subscription of the account nothing to which of the two it names.
compared as (
    select
        *,
        case
            when abs(account_recurring - account_mrr) <= tolerance * account_mrr then 'agrees'
            when last_service_from is null then 'missing'
            when abs(recurring_difference) <= tolerance * mrr then 'agrees'
            when abs(recurring_at_month_rate - expected) <= tolerance * expected then 'expected'
            when
                abs(recurring_at_month_rate - expected_at_list_price)
                <= tolerance * expected_at_list_price
                then 'list_price'
            else 'other'
        end as finding
    from with_expected
),

explained as (
    select
        account_id,
        month_start,
        mrr,
        recurring + one_off + credited as invoiced,
        recurring - recurring_at_month_rate as currency,
        one_off,
        case when finding = 'missing' then recurring_difference else 0 end as missing_in_billing,
        case
            when finding in ('expected', 'list_price', 'other') then expected - mrr else 0
        end as timing,
        credited
        + case
            when finding = 'list_price' then recurring_at_month_rate - expected else 0
        end as discount,
        case
            when finding = 'agrees' then recurring_difference
            when finding in ('expected', 'other') then recurring_at_month_rate - expected
            else 0
        end as unexplained
    from compared
)

select
    account_id,
    month_start,
    sum(mrr) as mrr,
    sum(invoiced) as invoiced,
    sum(currency) as currency,
    sum(one_off) as one_off,
    sum(missing_in_billing) as missing_in_billing,
    sum(timing) as timing,
    sum(discount) as discount,
    sum(unexplained) as unexplained
from explained
group by account_id, month_start
