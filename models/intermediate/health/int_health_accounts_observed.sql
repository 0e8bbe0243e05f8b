with

dates as (
    select observation_date
    from {{ ref('int_observation_dates_listed') }}
    group by observation_date
),

mrr_observed as (
    select * from {{ ref('int_account_mrr_observed') }}
),

attributes as (
    select * from {{ ref('dim_account_history') }}
),

starts as (
    select * from {{ ref('int_account_starts_found') }}
),

crm_accounts as (
    select * from {{ ref('stg_crm__accounts') }}
),

-- Who is no active customer that day has no health.
active_customers as (
    select
        mrr_observed.account_id,
        dates.observation_date,
        mrr_observed.mrr,
        mrr_observed.paid_seats
    from dates
    inner join mrr_observed
        on dates.observation_date = mrr_observed.observation_date
    where mrr_observed.mrr > 0
        and mrr_observed.account_id <> 'unassigned'
),

described as (
    select
        active_customers.*,
        attributes.account_version_id,
        attributes.segment,
        attributes.region,
        attributes.product_tier,
        attributes.csm_id,
        -- Where the CRM doesn't say, an account is managed while it has a CSM.
        coalesce(crm_accounts.is_managed, attributes.csm_id is not null) as is_managed,
        {{ days_between('starts.start_date', 'active_customers.observation_date') }}
            as tenure_days
    from active_customers
    left join starts
        on active_customers.account_id = starts.account_id
    left join crm_accounts
        on active_customers.account_id = crm_accounts.account_id
    left join attributes
        on active_customers.account_id = attributes.account_id
        and {{ is_in_force(
            'active_customers.observation_date', 'attributes.valid_from', 'attributes.valid_to'
        ) }}
)

select * from described
