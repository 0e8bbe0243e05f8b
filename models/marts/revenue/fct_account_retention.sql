with

account_months as (
    select * from {{ ref('fct_account_months') }}
)

select
    account_month_id as account_retention_id,
    account_id,
    account_version_12_months_ago_id,
    month_start,
    mrr_12_months_ago,
    mrr,
    mrr_retained_12_months,
    is_retained_12_months
from account_months
where was_active_12_months_ago
