with

rates as (
    select * from {{ ref('stg_billing__fx_rates') }}
),

-- The currency rates are quoted in needs no row in the source.
quoted as (
    select
        currency,
        rate_date,
        rate_to_usd
    from rates
    where currency <> 'USD'

    union all

    select
        'USD' as currency,
        cast('1900-01-01' as date) as rate_date,
        cast(1 as decimal(18, 8)) as rate_to_usd
),

reporting as (
    select
        rate_date,
        rate_to_usd
    from quoted
    where currency = '{{ var("reporting_currency") }}'
),

reporting_spans as (
    select
        rate_date,
        rate_to_usd,
        lead(rate_date) over (order by rate_date) as next_rate_date
    from reporting
),

-- A rate holds until the next one is quoted, in either currency.
boundaries as (
    select
        currency,
        rate_date
    from quoted

    union

    select
        quoted.currency,
        reporting.rate_date
    from quoted
    cross join reporting
),

spans as (
    select
        currency,
        rate_date as valid_from,
        lead(rate_date) over (partition by currency order by rate_date) as valid_to
    from boundaries
),

quoted_spans as (
    select
        currency,
        rate_date,
        rate_to_usd,
        lead(rate_date) over (partition by currency order by rate_date) as next_rate_date
    from quoted
),

converted as (
    select
        spans.currency,
        spans.valid_from,
        spans.valid_to,
        cast(quoted_spans.rate_to_usd / reporting_spans.rate_to_usd as decimal(18, 8)) as rate
    from spans
    inner join quoted_spans
        on spans.currency = quoted_spans.currency
        and {{ is_in_force(
            'spans.valid_from', 'quoted_spans.rate_date', 'quoted_spans.next_rate_date'
        ) }}
    inner join reporting_spans
        on {{ is_in_force(
            'spans.valid_from', 'reporting_spans.rate_date', 'reporting_spans.next_rate_date'
        ) }}
)

select * from converted
