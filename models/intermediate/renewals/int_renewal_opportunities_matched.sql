with

opportunities as (
    select * from {{ ref('stg_crm__opportunities') }}
    where type = 'renewal'
        and cast(created_at as date) <= {{ as_of_date() }}
),

subscriptions as (
    select * from {{ ref('stg_billing__subscriptions') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

terms as (
    select * from {{ ref('int_contract_terms_listed') }}
),

resolved as (
    select
        opportunities.opportunity_id,
        coalesce(ids.resolved_account_id, 'unassigned') as account_id,
        opportunities.currency,
        opportunities.risk_status,
        opportunities.close_plan,
        opportunities.owner_id,
        opportunities.close_date,
        opportunities.created_at,
        subscriptions.subscription_id
    from opportunities
    left join ids
        on opportunities.account_id = ids.account_id
    left join subscriptions
        on opportunities.subscription_id = subscriptions.subscription_id
),

by_subscription as (
    select
        resolved.opportunity_id,
        terms.renewal_id,
        'subscription' as matched_by,
        abs({{ days_between('resolved.close_date', 'terms.term_end_date') }}) as days_apart
    from resolved
    inner join terms
        on resolved.subscription_id = terms.subscription_id
        and cast(resolved.created_at as date) <= terms.grace_end_date
),

-- An opportunity that names no subscription billing knows is taken for the account's term
-- around its close date, if no other opportunity names that one.
by_account as (
    select
        resolved.opportunity_id,
        terms.renewal_id,
        'account' as matched_by,
        abs({{ days_between('resolved.close_date', 'terms.term_end_date') }}) as days_apart
    from resolved
    inner join terms
        on resolved.account_id = terms.account_id
        and cast(resolved.created_at as date) <= terms.grace_end_date
    left join by_subscription
        on terms.renewal_id = by_subscription.renewal_id
    where resolved.subscription_id is null
        and resolved.account_id <> 'unassigned'
        and by_subscription.renewal_id is null
        and abs({{ days_between('resolved.close_date', 'terms.term_end_date') }})
        <= terms.opportunity_match_days
),

matches as (
    select
        *,
        row_number() over (
            partition by opportunity_id order by days_apart, renewal_id
        ) as term_rank
    from (
        select * from by_subscription

        union all

        select * from by_account
    ) as all_matches
),

-- The opportunity that speaks for a term is the one closest to its end.
nearest as (
    select
        *,
        row_number() over (
            partition by renewal_id order by days_apart, opportunity_id
        ) as opportunity_rank
    from matches
    where term_rank = 1
)

select
    resolved.*,
    nearest.renewal_id,
    nearest.matched_by,
    coalesce(nearest.opportunity_rank = 1, false) as speaks_for_term
from resolved
left join nearest
    on resolved.opportunity_id = nearest.opportunity_id
