with

subscriptions as (
    select * from {{ ref('stg_billing__subscriptions') }}
),

customers as (
    select * from {{ ref('int_customers_resolved') }}
),

charges as (
    select * from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
        and interval_amount_local > 0
),

policies as (
    select * from {{ ref('renewal_policies') }}
),

charge_ends as (
    select
        subscription_id,
        max(coalesce(effective_to, cast('9999-12-31' as date))) as last_charge_end,
        max(effective_to) as last_paid_end
    from charges
    group by subscription_id
),

first_terms as (
    select
        subscriptions.subscription_id,
        coalesce(customers.account_id, 'unassigned') as account_id,
        subscriptions.term_start,
        subscriptions.term_end,
        subscriptions.auto_renew as is_auto_renew,
        {{ dbt.datediff('subscriptions.term_start', 'subscriptions.term_end', 'month') }}
            as term_months,
        coalesce(cast(subscriptions.signed_at as date), subscriptions.term_start) as signed_date,
        -- What is cancelled ends with the last charge that is paid for; one without an end
        -- of its own is paid for no longer than the subscription.
        case
            when cast(subscriptions.canceled_at as date) <= {{ as_of_date() }}
                then
                    greatest(
                        cast(subscriptions.cancel_effective_at as date),
                        coalesce(
                            charge_ends.last_paid_end,
                            cast(subscriptions.cancel_effective_at as date)
                        )
                    )
        end as cancelled_to,
        cast(subscriptions.canceled_at as date) as canceled_date,
        charge_ends.last_charge_end
    from subscriptions
    inner join charge_ends
        on subscriptions.subscription_id = charge_ends.subscription_id
    left join customers
        on subscriptions.customer_id = customers.customer_id
    where subscriptions.term_end is not null
),

numbers as (
    {{ dbt.generate_series(100) }}
),

-- A subscription that renews itself goes on for terms of the same length while it is charged.
terms as (
    select
        first_terms.*,
        {{ dbt.dateadd('month', 'term_months * (numbers.generated_number - 1)', 'term_end') }}
            as agreed_end,
        {{ dbt.dateadd('month', 'term_months * (numbers.generated_number - 2)', 'term_end') }}
            as previous_end,
        cast(numbers.generated_number as {{ dbt.type_int() }}) as term_number
    from first_terms
    inner join numbers
        on numbers.generated_number = 1
        or (first_terms.is_auto_renew and first_terms.term_months > 0)
),

dated as (
    select
        subscription_id,
        account_id,
        is_auto_renew,
        signed_date,
        term_number,
        case when term_number = 1 then term_start else cast(previous_end as date) end
            as term_start_date,
        cast(agreed_end as date) as agreed_end_date,
        cast(least(agreed_end, coalesce(cancelled_to, agreed_end)) as date) as term_end_date,
        case when cancelled_to < agreed_end then canceled_date end as cut_short_date
    from terms
    where term_number = 1
        or (previous_end <= {{ as_of_date() }} and previous_end < last_charge_end)
),

final as (
    select
        dated.subscription_id || '|' || cast(dated.term_end_date as {{ dbt.type_string() }})
            as renewal_id,
        dated.subscription_id,
        dated.account_id,
        dated.term_number,
        dated.term_start_date,
        dated.term_end_date,
        dated.agreed_end_date,
        dated.signed_date,
        dated.cut_short_date,
        coalesce(dated.is_auto_renew, false) as is_auto_renew,
        {{ add_days('dated.term_end_date', 'policies.grace_days') }} as grace_end_date,
        {{ add_days('dated.term_end_date', '-1 * policies.early_days') }} as early_from_date,
        policies.due_soon_days,
        policies.opportunity_match_days,
        -- A month not yet begun has no rate: the latest known one stands for it.
        {{ month_start('least(dated.term_end_date, ' ~ as_of_date() ~ ')') }} as rate_month,
        {{ add_days('dated.term_end_date', 'policies.grace_days') }} <= {{ as_of_date() }}
            as is_decided
    from dated
    inner join policies
        on {{ is_in_force(
            'dated.term_end_date', 'policies.effective_from', 'policies.effective_to'
        ) }}
    where dated.signed_date <= {{ as_of_date() }}
        -- A term on whose last day nothing is charged leaves nothing to renew.
        and exists (
            select 1
            from charges
            where charges.subscription_id = dated.subscription_id
                and {{ is_in_force(
                    add_days('dated.term_end_date', -1),
                    'charges.effective_from',
                    'charges.effective_to'
                ) }}
        )
)

select * from final
