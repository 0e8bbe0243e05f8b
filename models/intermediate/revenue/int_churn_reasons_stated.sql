with

months as (
    select * from {{ ref('int_months_closed') }}
),

charges as (
    select * from {{ ref('int_charges_in_force') }}
),

-- What the customer said when cancelling, by the month in which it would have
-- been missed first: the month after the last one in force.
stated as (
    select
        charges.account_id,
        {{ month_start(dbt.dateadd('month', 1, 'months.month_start')) }} as month_start,
        charges.cancel_reason,
        sum(charges.mrr) as mrr
    from charges
    inner join months
        on charges.observation_date = months.month_end
    where charges.cancel_reason is not null
    group by charges.account_id, months.month_start, charges.cancel_reason
),

-- Several reasons: the one behind most of the MRR.
ranked as (
    select
        *,
        row_number() over (
            partition by account_id, month_start order by mrr desc, cancel_reason asc
        ) as reason_rank
    from stated
)

select
    account_id,
    month_start,
    cancel_reason
from ranked
where reason_rank = 1
