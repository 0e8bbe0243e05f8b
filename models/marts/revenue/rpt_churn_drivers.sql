with

reasons as (
    select * from {{ ref('fct_mrr_movement_reasons') }}
    where movement_type = 'churn'
),

account_versions as (
    select * from {{ ref('dim_account_history') }}
),

by_reason as (
    select
        reasons.month_start,
        account_versions.segment,
        reasons.reason,
        count(case when reasons.account_id <> 'unassigned' then 1 end) as churned_customers,
        sum(reasons.amount) as churned_mrr
    from reasons
    left join account_versions
        on reasons.account_version_id = account_versions.account_version_id
    group by reasons.month_start, account_versions.segment, reasons.reason
)

select
    month_start,
    segment,
    reason,
    cast(churned_customers as {{ dbt.type_int() }}) as churned_customers,
    {{ money('churned_mrr') }} as churned_mrr,
    {{ rounded(
        'churned_mrr * 1.0 / sum(churned_mrr) over (partition by month_start, segment)', 9, 4
    ) }} as share_of_churned_mrr
from by_reason
