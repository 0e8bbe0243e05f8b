{%- set contraction_days = 90 -%}

with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

mrr_observed as (
    select * from {{ ref('int_account_mrr_observed') }}
),

months as (
    select * from {{ ref('int_months_closed') }}
),

invoices as (
    select * from {{ ref('fct_invoices') }}
    where status not in ('void', 'draft')
),

-- Nobody can be late who was never billed.
billed as (
    select
        account_id,
        min(issued_date) as first_issued_date
    from invoices
    group by account_id
),

overdue as (
    select
        accounts.account_id,
        accounts.observation_date,
        min(invoices.due_date) as oldest_due_date
    from accounts
    inner join invoices
        on accounts.account_id = invoices.account_id
        and accounts.observation_date > invoices.due_date
        and (accounts.observation_date < invoices.paid_date or invoices.paid_date is null)
    group by accounts.account_id, accounts.observation_date
),

month_ends as (
    select
        mrr_observed.account_id,
        months.month_end,
        mrr_observed.mrr
    from mrr_observed
    inner join months
        on mrr_observed.observation_date = months.month_end
),

peaks as (
    select
        accounts.account_id,
        accounts.observation_date,
        max(month_ends.mrr) as highest_mrr
    from accounts
    inner join month_ends
        on accounts.account_id = month_ends.account_id
        and accounts.observation_date > month_ends.month_end
        and {{ add_days('accounts.observation_date', -contraction_days) }} <= month_ends.month_end
    group by accounts.account_id, accounts.observation_date
),

joined as (
    select
        accounts.account_id,
        accounts.observation_date,
        accounts.mrr,
        peaks.highest_mrr,
        case
            when billed.first_issued_date <= accounts.observation_date
                then coalesce(overdue.oldest_due_date, accounts.observation_date)
        end as waiting_since
    from accounts
    left join billed
        on accounts.account_id = billed.account_id
    left join overdue
        on accounts.account_id = overdue.account_id
        and accounts.observation_date = overdue.observation_date
    left join peaks
        on accounts.account_id = peaks.account_id
        and accounts.observation_date = peaks.observation_date
)

select
    account_id,
    observation_date,
    {{ days_between('waiting_since', 'observation_date') }} as days_overdue,
    case
        when mrr >= coalesce(highest_mrr, 0) then 0
        else 100 * (mrr - highest_mrr) / highest_mrr
    end as mrr_change_90_days_pct
from joined
