with

account_months as (
    select * from {{ ref('fct_account_months') }}
),

reconciliations as (
    select * from {{ ref('fct_reconciliations') }}
),

crm as (
    select * from {{ ref('fct_revenue_reconciliation') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

invoices as (
    select * from reconciliations
    where reconciliation = 'invoices'
),

charges as (
    select * from reconciliations
    where reconciliation = 'charges'
),

-- Every account and month that any of the sides knows.
listed as (
    select
        account_id,
        month_start
    from reconciliations

    union

    select
        account_id,
        month_start
    from account_months
    where mrr <> 0
        or mrr_previous_month <> 0
)

select
    listed.account_id,
    accounts.account_name,
    accounts.segment,
    accounts.owner_id,
    accounts.csm_id,
    listed.month_start,
    account_months.mrr_previous_month,
    account_months.new_mrr,
    account_months.reactivation_mrr,
    account_months.expansion_mrr,
    account_months.contraction_mrr,
    account_months.churned_mrr,
    account_months.fx_mrr,
    account_months.mrr,
    invoices.other_amount as invoiced_mrr,
    invoices.difference as invoiced_difference,
    invoices.difference_reason as invoiced_difference_reason,
    charges.other_amount as charged_mrr,
    charges.difference as charged_difference,
    charges.difference_reason as charged_difference_reason,
    crm.crm_arr,
    coalesce(crm.billing_arr, {{ money('12 * account_months.mrr') }}, 0) as billing_arr,
    crm.difference,
    crm.is_within_tolerance,
    crm.difference_reason
from listed
inner join accounts
    on listed.account_id = accounts.account_id
left join account_months
    on listed.account_id = account_months.account_id
    and listed.month_start = account_months.month_start
left join invoices
    on listed.account_id = invoices.account_id
    and listed.month_start = invoices.month_start
left join charges
    on listed.account_id = charges.account_id
    and listed.month_start = charges.month_start
left join crm
    on listed.account_id = crm.account_id
    and listed.month_start = crm.month_start
