with

dates as (
    select observation_date
    from {{ ref('int_observation_dates_listed') }}
    group by observation_date
),

terms as (
    select * from {{ ref('int_contract_terms_listed') }}
),

allotted as (
    select * from {{ ref('int_renewals_allotted') }}
),

charges as (
    select * from {{ ref('int_charges_in_force') }}
),

running as (
    select
        dates.observation_date,
        terms.renewal_id,
        terms.subscription_id,
        terms.account_id,
        terms.due_soon_days,
        allotted.renewal_started_date,
        case
            when terms.cut_short_date <= dates.observation_date then terms.term_end_date
            else terms.agreed_end_date
        end as due_date
    from dates
    inner join terms
        on dates.observation_date >= terms.term_start_date
        and dates.observation_date >= terms.signed_date
        and dates.observation_date < terms.term_end_date
    inner join allotted
        on terms.renewal_id = allotted.renewal_id
),

due as (
    select *
    from running
    where due_date <= {{ add_days('observation_date', 'due_soon_days') }}
        and (renewal_started_date > observation_date or renewal_started_date is null)
),

worth as (
    select
        subscription_id,
        observation_date,
        sum(mrr) as mrr
    from charges
    group by subscription_id, observation_date
)

select
    due.observation_date,
    due.renewal_id,
    due.subscription_id,
    due.account_id,
    due.due_date,
    {{ money('coalesce(worth.mrr, 0) * 12') }} as arr
from due
left join worth
    on due.subscription_id = worth.subscription_id
    and due.observation_date = worth.observation_date
