with

cutoffs as (
    select * from {{ ref('int_forecast_cutoffs_listed') }}
),

opportunities as (
    select * from {{ ref('int_renewal_opportunities_matched') }}
),

history as (
    select * from {{ ref('stg_crm__opportunity_history') }}
),

terms as (
    select * from {{ ref('int_contract_terms_listed') }}
),

policy as (
    select * from {{ ref('forecast_categories') }}
),

rates as (
    select * from {{ ref('int_fx_rates_spanned') }}
),

-- The last change of a day is how the opportunity stood at its end.
last_changes as (
    select
        opportunities.opportunity_id,
        opportunities.account_id,
        opportunities.subscription_id,
        opportunities.currency,
        cast(history.changed_at as date) as stated_date,
        history.forecast_category,
        history.forecast_amount,
        history.close_date,
        row_number() over (
            partition by opportunities.opportunity_id, cast(history.changed_at as date)
            order by history.changed_at desc
        ) as recency
    from opportunities
    inner join history
        on opportunities.opportunity_id = history.opportunity_id
),

statements as (
    select
        *,
        lead(stated_date) over (partition by opportunity_id order by stated_date) as restated_date
    from last_changes
    where recency = 1
),

-- An opportunity is about the term of its subscription that was to end nearest to the close date
-- of then. One that names none is about whatever month it was to close in.
about_terms as (
    select
        statements.opportunity_id,
        statements.stated_date,
        terms.agreed_end_date,
        row_number() over (
            partition by statements.opportunity_id, statements.stated_date
            order by
                abs({{ days_between('statements.close_date', 'terms.agreed_end_date') }}),
                terms.agreed_end_date
        ) as nearness
    from statements
    inner join terms
        on statements.subscription_id = terms.subscription_id
),

about_months as (
    select
        statements.*,
        {{ month_start('coalesce(about_terms.agreed_end_date, statements.close_date)') }}
            as renewal_month
    from statements
    left join about_terms
        on statements.opportunity_id = about_terms.opportunity_id
        and statements.stated_date = about_terms.stated_date
        and about_terms.nearness = 1
)

select
    about_months.opportunity_id,
    about_months.account_id,
    cutoffs.renewal_month,
    cutoffs.forecast_horizon,
    cutoffs.cutoff_date,
    about_months.stated_date,
    about_months.forecast_category,
    {{ to_cents(
        'coalesce('
        ~ 'cast(about_months.forecast_amount as decimal(26, 8)) * policy.share_counted * rates.rate'
        ~ ', 0)'
    ) }} as forecast_arr
from cutoffs
inner join about_months
    on cutoffs.renewal_month = about_months.renewal_month
    and {{ is_in_force(
        'cutoffs.cutoff_date', 'about_months.stated_date', 'about_months.restated_date'
    ) }}
left join policy
    on about_months.forecast_category = policy.forecast_category
    and {{ is_in_force('cutoffs.cutoff_date', 'policy.effective_from', 'policy.effective_to') }}
left join rates
    on coalesce(about_months.currency, '{{ var("reporting_currency") }}') = rates.currency
    and {{ is_in_force('cutoffs.cutoff_date', 'rates.valid_from', 'rates.valid_to') }}
