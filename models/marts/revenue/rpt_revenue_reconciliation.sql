with

reconciliation as (
    select * from {{ ref('fct_revenue_reconciliation') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
)

select
    reconciliation.account_id,
    accounts.account_name,
    accounts.segment,
    accounts.owner_id,
    accounts.csm_id,
    reconciliation.month_start,
    reconciliation.crm_arr,
    reconciliation.billing_arr,
    reconciliation.difference,
    reconciliation.is_within_tolerance,
    reconciliation.difference_reason
from reconciliation
inner join accounts
    on reconciliation.account_id = accounts.account_id
