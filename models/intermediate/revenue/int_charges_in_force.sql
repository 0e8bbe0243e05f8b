with

dates as (
    select observation_date
    from {{ ref('int_observation_dates_listed') }}
    group by observation_date
),

charges as (
    select * from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
),

suspensions as (
    select * from {{ ref('int_subscription_suspensions_found') }}
),

rates as (
    select * from {{ ref('int_fx_rates_spanned') }}
),

in_force as (
    select
        charges.*,
        dates.observation_date,
        {{ month_start('dates.observation_date') }} as rate_month,
        {{ month_start(dbt.dateadd('month', 1, month_start('dates.observation_date'))) }}
            as next_rate_month,
        {{ month_start(dbt.dateadd('month', 12, month_start('dates.observation_date'))) }}
            as rate_month_12_months_later
    from dates
    inner join charges
        on {{ is_in_force(
            'dates.observation_date', 'charges.effective_from', 'charges.effective_to'
        ) }}
    where
        not exists (
            select 1
            from suspensions
            where suspensions.subscription_id = charges.subscription_id
                and {{ is_in_force(
                    'dates.observation_date',
                    'suspensions.suspended_from',
                    'suspensions.suspended_to'
                ) }}
        )
),

valued as (
    select
        in_force.account_id,
        in_force.observation_date,
        in_force.charge_id,
        in_force.subscription_id,
        in_force.plan_id,
        in_force.product,
        in_force.currency,
        in_force.quantity,
        in_force.effective_to,
        in_force.canceled_date,
        in_force.cancel_reason,
        {{ monthly_amount('interval_amount_local', 'intervals', 'months') }} as mrr_local,
        {{ monthly_amount('interval_amount_local', 'intervals', 'months', 'rates.rate') }} as mrr,
        {{ monthly_amount('interval_amount_local', 'intervals', 'months', 'next_rates.rate') }}
            as mrr_at_next_month_rate,
        {{ monthly_amount('interval_amount_local', 'intervals', 'months', 'later_rates.rate') }}
            as mrr_at_rate_12_months_later
    from in_force
    left join rates
        on in_force.currency = rates.currency
        and {{ is_in_force('in_force.rate_month', 'rates.valid_from', 'rates.valid_to') }}
    left join rates as next_rates
        on in_force.currency = next_rates.currency
        and {{ is_in_force(
            'in_force.next_rate_month', 'next_rates.valid_from', 'next_rates.valid_to'
        ) }}
    left join rates as later_rates
        on in_force.currency = later_rates.currency
        and {{ is_in_force(
            'in_force.rate_month_12_months_later', 'later_rates.valid_from', 'later_rates.valid_to'
        ) }}
)

select * from valued
