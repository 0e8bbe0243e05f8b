with

terms as (
    select * from {{ ref('int_contract_terms_listed') }}
),

subscriptions as (
    select * from {{ ref('stg_billing__subscriptions') }}
),

charges as (
    select * from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
        and interval_amount_local > 0
),

subscription_starts as (
    select
        subscription_id,
        account_id,
        min(effective_from) as started_date
    from charges
    group by subscription_id, account_id
),

continued as (
    select
        renewal_id,
        subscription_id as renewing_subscription_id,
        'continued' as renewal_type
    from terms
),

replaced as (
    select
        terms.renewal_id,
        subscriptions.subscription_id as renewing_subscription_id,
        'replaced' as renewal_type
    from terms
    inner join subscriptions
        on terms.subscription_id = subscriptions.previous_subscription_id
    where terms.subscription_id <> subscriptions.subscription_id
),

started_anew as (
    select
        terms.renewal_id,
        subscription_starts.subscription_id as renewing_subscription_id,
        'started_anew' as renewal_type
    from terms
    inner join subscription_starts
        on terms.account_id = subscription_starts.account_id
        and terms.subscription_id <> subscription_starts.subscription_id
        and terms.early_from_date <= subscription_starts.started_date
        and terms.grace_end_date >= subscription_starts.started_date
    where terms.account_id <> 'unassigned'
),

candidates as (
    select * from continued

    union all

    select * from replaced

    union all

    select * from started_anew
),

-- The first day after the term's end on which the candidate is charged.
charged as (
    select
        candidates.renewal_id,
        candidates.renewing_subscription_id,
        candidates.renewal_type,
        min(greatest(charges.effective_from, terms.term_end_date)) as renewed_from_date
    from candidates
    inner join terms
        on candidates.renewal_id = terms.renewal_id
    inner join charges
        on candidates.renewing_subscription_id = charges.subscription_id
        and terms.grace_end_date >= charges.effective_from
        and (terms.term_end_date < charges.effective_to or charges.effective_to is null)
    where charges.effective_from <= {{ as_of_date() }}
    group by
        candidates.renewal_id, candidates.renewing_subscription_id, candidates.renewal_type
),

-- Where billing says what goes on, nobody has to guess it from a new subscription.
known as (
    select
        renewal_id,
        count(*) as known_candidates
    from charged
    where renewal_type <> 'started_anew'
    group by renewal_id
),

final as (
    select
        charged.renewal_id,
        charged.renewing_subscription_id,
        charged.renewal_type,
        charged.renewed_from_date,
        case
            when charged.renewal_type = 'continued' then charged.renewed_from_date
            else subscription_starts.started_date
        end as started_date
    from charged
    inner join subscription_starts
        on charged.renewing_subscription_id = subscription_starts.subscription_id
    left join known
        on charged.renewal_id = known.renewal_id
    where charged.renewal_type <> 'started_anew' or known.renewal_id is null
)

select * from final
