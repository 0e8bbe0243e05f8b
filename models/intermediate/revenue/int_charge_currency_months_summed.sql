with

months as (
    select * from {{ ref('int_months_closed') }}
),

charges as (
    select * from {{ ref('int_charges_classified') }}
    where coalesce(exclusion_reason, '') not in ('internal_account', 'unknown_plan')
),

suspensions as (
    select * from {{ ref('int_subscription_suspensions_found') }}
),

rates as (
    select * from {{ ref('int_fx_rates_spanned') }}
),

-- Every charge in effect at a month's end, whether it counts as recurring revenue or not.
running as (
    select
        charges.*,
        months.month_start,
        months.month_end,
        charges.intervals as counted_intervals,
        charges.months as counted_months
    from months
    inner join charges
        on {{ is_in_force('months.month_end', 'charges.effective_from', 'charges.effective_to') }}
    where charges.charge_type <> 'one_time'
),

-- What is charged once counts whole, in the month of its first day.
once as (
    select
        charges.*,
        months.month_start,
        months.month_end,
        1 as counted_intervals,
        1 as counted_months
    from months
    inner join charges
        on {{ month_start('charges.effective_from') }} = months.month_start
    where charges.charge_type = 'one_time'
),

in_effect as (
    select * from running

    union all

    select * from once
),

suspended as (
    select
        in_effect.charge_id,
        in_effect.month_start
    from in_effect
    inner join suspensions
        on in_effect.subscription_id = suspensions.subscription_id
        and {{ is_in_force(
            'in_effect.month_end', 'suspensions.suspended_from', 'suspensions.suspended_to'
        ) }}
    group by in_effect.charge_id, in_effect.month_start
),

valued as (
    select
        in_effect.account_id,
        in_effect.month_start,
        in_effect.currency,
        in_effect.charge_id,
        case
            when in_effect.exclusion_reason = 'not_recurring' then 'one_off'
            when in_effect.exclusion_reason is not null or suspended.charge_id is not null
                then 'timing'
            else 'counted'
        end as finding,
        {{ monthly_amount('interval_amount_local', 'counted_intervals', 'counted_months') }}
            as amount_local,
        coalesce(
            {{ monthly_amount(
                'interval_amount_local', 'counted_intervals', 'counted_months', 'rates.rate'
            ) }}, 0
        ) as amount
    from in_effect
    left join suspended
        on in_effect.charge_id = suspended.charge_id
        and in_effect.month_start = suspended.month_start
    left join rates
        on in_effect.currency = rates.currency
        and {{ is_in_force('in_effect.month_start', 'rates.valid_from', 'rates.valid_to') }}
),

summed as (
    select
        account_id,
        month_start,
        currency,
        count(case when finding = 'counted' then charge_id end) as counted_charges,
        sum(amount_local) as charged_local,
        sum(case when finding = 'counted' then amount_local else 0 end) as counted_local,
        sum(amount) as charged,
        sum(case when finding = 'counted' then amount else 0 end) as counted,
        sum(case when finding = 'one_off' then amount else 0 end) as one_off,
        sum(case when finding = 'timing' then amount else 0 end) as timing
    from valued
    group by account_id, month_start, currency
)

select
    account_id,
    month_start,
    currency,
    count(case when counted_charges > 0 then currency end) over (
        partition by account_id, month_start
    ) as currencies,
    charged_local,
    counted_local,
    charged,
    counted,
    one_off,
    timing
from summed
