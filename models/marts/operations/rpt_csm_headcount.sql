with

loads as (
    select * from {{ ref('int_csm_accounts_loaded') }}
),

added_up as (
    select
        scenario,
        coalesce(segment, 'unknown') as segment,
        month_start,
        cast(count(*) as integer) as accounts,
        {{ money('sum(arr)') }} as arr,
        cast(count(distinct csm_id) as integer) as csms_assigned,
        cast(sum(csm_load) as decimal(18, 12)) as csms_needed
    from loads
    group by scenario, coalesce(segment, 'unknown'), month_start
)

select
    *,
    cast(ceiling(csms_needed) as integer) as headcount_needed
from added_up
