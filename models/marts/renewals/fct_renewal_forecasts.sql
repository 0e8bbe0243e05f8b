with

cutoffs as (
    select * from {{ ref('int_forecast_cutoffs_listed') }}
),

forecasts as (
    select * from {{ ref('int_renewal_forecasts_stated') }}
),

renewals as (
    select * from {{ ref('fct_renewals') }}
),

policies as (
    select * from {{ ref('renewal_policies') }}
),

-- Forecast and outcome stand under the segment the account was in when it was forecast.
sides as (
    select
        renewal_month,
        forecast_horizon,
        cutoff_date,
        account_id,
        1 as opportunities,
        forecast_arr,
        0 as terms,
        0 as actual_arr
    from forecasts

    union all

    select
        cutoffs.renewal_month,
        cutoffs.forecast_horizon,
        cutoffs.cutoff_date,
        renewals.account_id,
        0 as opportunities,
        0 as forecast_arr,
        1 as terms,
        renewals.renewed_arr as actual_arr
    from cutoffs
    inner join renewals
        on cutoffs.renewal_month = renewals.renewal_month
),

summed as (
    select
        sides.renewal_month,
        sides.forecast_horizon,
        sides.cutoff_date,
        account_versions.segment,
        sum(sides.opportunities) as opportunities,
        sum(sides.forecast_arr) as forecast_arr,
        sum(sides.terms) as terms,
        sum(sides.actual_arr) as actual_arr
    from sides
    {{ join_account_version('sides', 'sides.cutoff_date') }}
    group by
        sides.renewal_month, sides.forecast_horizon, sides.cutoff_date, account_versions.segment
),

-- The actual is final when the days of grace of the month's last day have passed.
finalised as (
    select
        summed.*,
        {{ add_days(month_end('summed.renewal_month'), 'policies.grace_days') }} as final_date
    from summed
    inner join policies
        on {{ is_in_force(
            month_end('summed.renewal_month'), 'policies.effective_from', 'policies.effective_to'
        ) }}
)

select
    cast(renewal_month as {{ dbt.type_string() }}) || '|' || coalesce(segment, 'none')
    || '|' || cast(forecast_horizon as {{ dbt.type_string() }}) as renewal_forecast_id,
    renewal_month,
    segment,
    forecast_horizon,
    cutoff_date,
    final_date,
    final_date <= {{ as_of_date() }} as is_final,
    cast(opportunities as {{ dbt.type_int() }}) as opportunities,
    cast(terms as {{ dbt.type_int() }}) as terms,
    {{ money('forecast_arr') }} as forecast_arr,
    case when final_date <= {{ as_of_date() }} then {{ money('actual_arr') }} end as actual_arr
from finalised
