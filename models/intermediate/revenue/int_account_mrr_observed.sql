with

charges as (
    select * from {{ ref('int_charges_in_force') }}
),

-- The same people use an add-on as the product it belongs to: seats add up within a
-- product, and the product with the most of them tells how many there are.
with_seats as (
    select
        *,
        sum(quantity) over (partition by account_id, observation_date, product)
            as product_seats
    from charges
),

observed as (
    select
        account_id,
        observation_date,
        coalesce(sum(mrr), 0) as mrr,
        coalesce(sum(mrr_at_next_month_rate), 0) as mrr_at_next_month_rate,
        coalesce(sum(mrr_at_rate_12_months_later), 0) as mrr_at_rate_12_months_later,
        case when count(distinct currency) = 1 then sum(mrr_local) end as mrr_local,
        case when count(distinct currency) = 1 then min(currency) end as currency,
        max(product_seats) as paid_seats,
        count(*) - count(mrr) as unconverted_charges,
        -- Cancellations already booked for a later day.
        coalesce(
            sum(
                case
                    when canceled_date <= observation_date and effective_to is not null
                        then mrr
                end
            ), 0
        ) as mrr_ending
    from with_seats
    group by account_id, observation_date
)

select * from observed
