with

fx_rates as (
    select * from {{ ref('base_billing__fx_rates') }}
),

kept_rows as (
    select
        currency,
        rate_date,
        rate_to_usd
    from fx_rates
    where row_status = 'kept'
)

select * from kept_rows
