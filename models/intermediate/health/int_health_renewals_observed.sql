with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

renewals_due as (
    select * from {{ ref('int_renewals_due_observed') }}
),

opportunities as (
    select
        opportunity_id,
        account_id,
        subscription_id
    from {{ ref('int_renewal_opportunities_matched') }}
),

history as (
    select
        opportunities.opportunity_id,
        opportunities.account_id,
        opportunities.subscription_id,
        history.changed_at,
        cast(history.changed_at as date) as changed_date,
        history.forecast_category,
        history.close_date
    from opportunities
    inner join {{ ref('stg_crm__opportunity_history') }} as history
        on opportunities.opportunity_id = history.opportunity_id
),

policies as (
    select * from {{ ref('renewal_policies') }}
),

categories as (
    select * from {{ ref('forecast_categories') }}
),

-- Before the first forecast of all nobody had one.
coverage as (
    select min(changed_date) as first_date from history
),

-- How each opportunity of the same contract, or account if it names none, stood that day.
stated as (
    select
        renewals_due.observation_date,
        renewals_due.renewal_id,
        renewals_due.due_date,
        history.forecast_category,
        history.close_date,
        row_number() over (
            partition by
                renewals_due.observation_date, renewals_due.renewal_id, history.opportunity_id
            order by history.changed_at desc
        ) as recency
    from renewals_due
    inner join history
        on renewals_due.account_id = history.account_id
        and renewals_due.subscription_id
        = coalesce(history.subscription_id, renewals_due.subscription_id)
        and renewals_due.observation_date >= history.changed_date
),

-- What was to close around the day on which the contract ends is about its renewal.
counted_on as (
    select
        stated.observation_date,
        stated.renewal_id,
        max(categories.share_counted) as share_counted
    from stated
    inner join policies
        on {{ is_in_force('stated.due_date', 'policies.effective_from', 'policies.effective_to') }}
        and {{ add_days('stated.due_date', '-1 * policies.opportunity_match_days') }}
        < stated.close_date
        and {{ add_days('stated.due_date', 'policies.opportunity_match_days') }}
        > stated.close_date
    inner join categories
        on stated.forecast_category = categories.forecast_category
        and {{ is_in_force(
            'stated.observation_date', 'categories.effective_from', 'categories.effective_to'
        ) }}
    where stated.recency = 1
    group by stated.observation_date, stated.renewal_id
),

uncertain as (
    select
        renewals_due.account_id,
        renewals_due.observation_date,
        sum(renewals_due.arr * (1 - coalesce(counted_on.share_counted, 0))) as arr
    from renewals_due
    left join counted_on
        on renewals_due.observation_date = counted_on.observation_date
        and renewals_due.renewal_id = counted_on.renewal_id
    group by renewals_due.account_id, renewals_due.observation_date
)

-- Where nothing is due, nothing is without a forecast.
select
    accounts.account_id,
    accounts.observation_date,
    100 * coalesce(uncertain.arr, 0) / (12 * accounts.mrr) as renewal_not_forecast_pct
from accounts
inner join coverage
    on accounts.observation_date >= coverage.first_date
left join uncertain
    on accounts.account_id = uncertain.account_id
    and accounts.observation_date = uncertain.observation_date
