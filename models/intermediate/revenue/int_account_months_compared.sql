with

account_months as (
    select * from {{ ref('int_account_months_spanned') }}
),

observed as (
    select * from {{ ref('int_account_mrr_observed') }}
),

with_mrr as (
    select
        account_months.account_id,
        account_months.month_start,
        account_months.month_end,
        observed.mrr_local,
        observed.currency,
        observed.unconverted_charges,
        coalesce(observed.mrr, 0) as mrr,
        coalesce(observed.mrr_at_next_month_rate, 0) as mrr_at_next_month_rate,
        coalesce(observed.mrr_at_rate_12_months_later, 0) as mrr_at_rate_12_months_later,
        coalesce(observed.mrr_ending, 0) as mrr_ending,
        coalesce(observed.paid_seats, 0) as paid_seats
    from account_months
    left join observed
        on account_months.account_id = observed.account_id
        and account_months.month_end = observed.observation_date
),

-- The spine has no gaps, so the row before is the month before.
with_past as (
    select
        *,
        coalesce(lag(mrr) over by_month, 0) as mrr_previous_month,
        coalesce(lag(mrr_at_next_month_rate) over by_month, 0)
            as mrr_previous_month_constant_currency,
        coalesce(lag(mrr_at_rate_12_months_later, 12) over by_month, 0) as mrr_12_months_ago,
        min(case when mrr > 0 then month_start end)
            over (by_month rows between unbounded preceding and current row) as cohort_month
    from with_mrr
    window by_month as (partition by account_id order by month_start)
),

classified as (
    select
        *,
        case
            when mrr > 0 and mrr_previous_month = 0 and month_start = cohort_month then 'new'
            when mrr > 0 and mrr_previous_month = 0 then 'reactivation'
            when mrr = 0 and mrr_previous_month > 0 then 'churn'
            when mrr > mrr_previous_month_constant_currency then 'expansion'
            when mrr < mrr_previous_month_constant_currency then 'contraction'
        end as movement_type,
        mrr - mrr_previous_month_constant_currency as movement_amount,
        mrr_previous_month_constant_currency - mrr_previous_month as fx_mrr
    from with_past
)

select * from classified
