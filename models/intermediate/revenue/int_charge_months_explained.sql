with

charge_months as (
    select * from {{ ref('int_charge_currency_months_summed') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
),

charged as (
    select
        account_id,
        month_start,
        sum(charged) as charged,
        sum(counted) as counted,
        sum(one_off) as one_off,
        sum(timing) as timing
    from charge_months
    group by account_id, month_start
)

select
    coalesce(account_months.account_id, charged.account_id) as account_id,
    coalesce(account_months.month_start, charged.month_start) as month_start,
    coalesce(account_months.mrr, 0) as mrr,
    coalesce(charged.charged, 0) as charged,
    coalesce(charged.one_off, 0) as one_off,
    coalesce(charged.timing, 0) as timing,
    coalesce(charged.counted, 0) - coalesce(account_months.mrr, 0) as unexplained
from account_months
full outer join charged
    on account_months.account_id = charged.account_id
    and account_months.month_start = charged.month_start
