with

months as (
    select * from {{ ref('int_months_closed') }}
),

charges as (
    select * from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
),

rates as (
    select * from {{ ref('int_fx_rates_spanned') }}
),

-- Signed on or before the month's end, in service only after it.
signed_ahead as (
    select
        charges.account_id,
        months.month_start,
        {{ monthly_amount('interval_amount_local', 'intervals', 'months', 'rates.rate') }} as mrr
    from months
    inner join charges
        on months.month_end >= charges.signed_date
        and months.month_end < charges.effective_from
        and (charges.canceled_date > months.month_end or charges.canceled_date is null)
    inner join rates
        on charges.currency = rates.currency
        and {{ is_in_force('months.month_start', 'rates.valid_from', 'rates.valid_to') }}
)

select
    account_id,
    month_start,
    sum(mrr) as mrr_starting
from signed_ahead
group by account_id, month_start
