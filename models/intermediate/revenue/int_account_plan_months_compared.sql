with

months as (
    select * from {{ ref('int_months_closed') }}
),

charges as (
    select * from {{ ref('int_charges_in_force') }}
),

plan_months as (
    select
        charges.account_id,
        charges.plan_id,
        months.month_start,
        sum(charges.quantity) as quantity,
        sum(charges.mrr) as mrr,
        sum(charges.mrr_at_next_month_rate) as mrr_at_next_month_rate
    from charges
    inner join months
        on charges.observation_date = months.month_end
    group by charges.account_id, charges.plan_id, months.month_start
),

both_sides as (
    select
        account_id,
        plan_id,
        month_start,
        quantity,
        mrr,
        null as quantity_previous_month,
        null as mrr_previous_month
    from plan_months

    union all

    select
        account_id,
        plan_id,
        {{ month_start(dbt.dateadd('month', 1, 'month_start')) }} as month_start,
        null as quantity,
        null as mrr,
        quantity as quantity_previous_month,
        mrr_at_next_month_rate as mrr_previous_month
    from plan_months
),

-- The month before is in constant currency: at this month's rate.
compared as (
    select
        account_id,
        plan_id,
        month_start,
        sum(quantity) as quantity,
        sum(mrr) as mrr,
        sum(quantity_previous_month) as quantity_previous_month,
        sum(mrr_previous_month) as mrr_previous_month
    from both_sides
    group by account_id, plan_id, month_start
),

-- Seats change at the old price, the price at the new number of seats; the
-- price takes what is left, so that the parts add up to the cent.
split as (
    select
        *,
        coalesce(mrr, 0) - coalesce(mrr_previous_month, 0) as change,
        case
            when mrr is null or mrr_previous_month is null then 0
            when quantity_previous_month = 0 then mrr - mrr_previous_month
            else {{ to_cents(
                '(quantity - quantity_previous_month)'
                ~ ' * mrr_previous_month / quantity_previous_month'
            ) }}
        end as seats_change
    from compared
)

select
    account_id,
    plan_id,
    month_start,
    case when mrr is null or mrr_previous_month is null then change else 0 end
        as product_change,
    seats_change,
    case when mrr is null or mrr_previous_month is null then 0 else change - seats_change end
        as price_change
from split
