with

terms as (
    select * from {{ ref('int_contract_terms_listed') }}
),

candidates as (
    select * from {{ ref('int_renewal_candidates_found') }}
),

charges as (
    select * from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
),

rates as (
    select * from {{ ref('int_fx_rates_spanned') }}
),

-- What expires is looked at on the term's last day, what renews it on its own first.
sides as (
    select
        renewal_id,
        'expiring' as side,
        subscription_id,
        {{ add_days('term_end_date', -1) }} as valued_date
    from terms

    union all

    select
        renewal_id,
        'renewing' as side,
        renewing_subscription_id as subscription_id,
        renewed_from_date as valued_date
    from candidates
),

charges_valued as (
    select
        sides.renewal_id,
        sides.side,
        sides.subscription_id,
        {{ monthly_amount('interval_amount_local', 'intervals', 'months', 'rates.rate') }} as mrr
    from sides
    inner join terms
        on sides.renewal_id = terms.renewal_id
    inner join charges
        on sides.subscription_id = charges.subscription_id
        and {{ is_in_force('sides.valued_date', 'charges.effective_from', 'charges.effective_to') }}
    left join rates
        on charges.currency = rates.currency
        and {{ is_in_force('terms.rate_month', 'rates.valid_from', 'rates.valid_to') }}
)

select
    renewal_id,
    side,
    subscription_id,
    {{ money('coalesce(sum(mrr), 0)') }} as mrr
from charges_valued
group by renewal_id, side, subscription_id
