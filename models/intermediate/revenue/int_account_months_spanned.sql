with

months as (
    select * from {{ ref('int_months_closed') }}
),

starts as (
    select * from {{ ref('int_account_starts_found') }}
)

select
    starts.account_id,
    months.month_start,
    months.month_end
from starts
inner join months
    on starts.start_month <= months.month_start
