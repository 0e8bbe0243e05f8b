with

dates as (
    select * from {{ ref('dim_dates') }}
),

horizons as (
    select * from {{ ref('forecast_horizons') }}
),

terms as (
    select
        min(term_end_date) as first_term_end,
        max(agreed_end_date) as last_term_end
    from {{ ref('int_contract_terms_listed') }}
),

months as (
    select dates.month_start as renewal_month
    from dates
    inner join terms
        on dates.date_day between terms.first_term_end and terms.last_term_end
    group by dates.month_start
),

cutoffs as (
    select
        months.renewal_month,
        horizons.forecast_horizon,
        {{ add_days('months.renewal_month', '-1 * horizons.forecast_horizon') }} as cutoff_date
    from months
    cross join horizons
)

select * from cutoffs
where cutoff_date <= {{ as_of_date() }}
