with

loads as (
    select * from {{ ref('int_csm_accounts_loaded') }}
)

select
    account_month_id,
    account_id,
    account_version_id,
    month_start,
    csm_id,
    segment,
    arr,
    csm_load
from loads
where scenario = 'current'
