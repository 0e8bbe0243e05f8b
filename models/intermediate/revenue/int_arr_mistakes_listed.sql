with

charges as (
    select * from {{ ref('int_charges_classified') }}
),

in_force as (
    select * from {{ ref('int_charges_in_force') }}
    where observation_date = {{ as_of_date() }}
),

observed as (
    select * from {{ ref('int_account_mrr_observed') }}
    where observation_date = {{ as_of_date() }}
),

account_months as (
    select * from {{ ref('int_account_months_compared') }}
),

committed as (
    select * from {{ ref('int_account_mrr_committed') }}
    where month_start = {{ month_start(as_of_date()) }}
),

rates as (
    select * from {{ ref('int_fx_rates_spanned') }}
),

priced as (
    select
        in_force.account_id,
        in_force.currency,
        in_force.mrr_local,
        charges.interval_amount_local,
        charges.list_amount_local,
        charges.intervals,
        charges.months,
        min(in_force.currency) over by_account = max(in_force.currency) over by_account
            as is_only_currency
    from in_force
    inner join charges
        on in_force.charge_id = charges.charge_id
    window by_account as (partition by in_force.account_id)
),

unconverted as (
    select
        account_id,
        'currency' as reason,
        1 as likelihood,
        12 * sum(mrr_local) as arr
    from priced
    group by account_id
    having max(case when currency <> '{{ var("reporting_currency") }}' then 1 else 0 end) = 1
),

before_discount as (
    select
        priced.account_id,
        'discount' as reason,
        2 as likelihood,
        12 * sum(
            {{ monthly_amount('list_amount_local', 'intervals', 'months', 'rates.rate') }}
        ) as arr
    from priced
    inner join rates
        on priced.currency = rates.currency
        and {{ is_in_force(as_of_date(), 'rates.valid_from', 'rates.valid_to') }}
    group by priced.account_id
),

-- What is charged once is part of a year's contract value from its first day on.
not_recurring as (
    select
        charges.account_id,
        sum(
            case
                when charges.charge_type = 'one_time'
                    then {{ to_cents('interval_amount_local * rates.rate') }}
                else
                    12 * {{ monthly_amount(
                        'interval_amount_local', 'intervals', 'months', 'rates.rate'
                    ) }}
            end
        ) as yearly_amount
    from charges
    inner join rates
        on charges.currency = rates.currency
        and {{ is_in_force(as_of_date(), 'rates.valid_from', 'rates.valid_to') }}
    where charges.exclusion_reason = 'not_recurring'
        and charges.effective_from <= {{ as_of_date() }}
        and (
            charges.effective_to > {{ as_of_date() }}
            or charges.effective_to is null
            or (
                charges.charge_type = 'one_time'
                and charges.effective_from
                > cast({{ dbt.dateadd('year', -1, as_of_date()) }} as date)
            )
        )
    group by charges.account_id
),

with_one_off as (
    select
        not_recurring.account_id,
        'one_off' as reason,
        3 as likelihood,
        12 * coalesce(observed.mrr, 0) + not_recurring.yearly_amount as arr
    from not_recurring
    left join observed
        on not_recurring.account_id = observed.account_id
),

-- Signed and not yet in service, or cancelled and not yet over.
ahead_of_billing as (
    select
        coalesce(observed.account_id, committed.account_id) as account_id,
        'timing' as reason,
        4 as likelihood,
        12 * (
            coalesce(observed.mrr, 0) - coalesce(observed.mrr_ending, 0)
            + coalesce(committed.mrr_starting, 0)
        ) as arr
    from observed
    full outer join committed
        on observed.account_id = committed.account_id
),

behind_billing as (
    select
        account_id,
        'timing' as reason,
        5 as likelihood,
        12 * mrr as arr
    from account_months
),

-- Converted at a rate of the year before.
at_an_old_rate as (
    select
        priced.account_id,
        'currency' as reason,
        6 as likelihood,
        12 * sum(
            {{ monthly_amount('interval_amount_local', 'intervals', 'months', 'rates.rate') }}
        ) as arr
    from priced
    inner join rates
        on priced.currency = rates.currency
        and rates.valid_from <= {{ as_of_date() }}
        and rates.valid_from > cast({{ dbt.dateadd('year', -1, as_of_date()) }} as date)
    where priced.is_only_currency
    group by priced.account_id, rates.valid_from
),

listed as (
    {%- for mistakes in [
        'unconverted', 'before_discount', 'with_one_off', 'ahead_of_billing', 'behind_billing',
        'at_an_old_rate',
    ] %}
    select * from {{ mistakes }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
)

select
    account_id,
    reason,
    likelihood,
    {{ money('arr') }} as arr
from listed
where arr > 0
group by account_id, reason, likelihood, {{ money('arr') }}
