with

terms as (
    select * from {{ ref('int_contract_terms_listed') }}
),

candidates as (
    select * from {{ ref('int_renewal_candidates_found') }}
),

sides as (
    select * from {{ ref('int_renewal_sides_valued') }}
),

expiring as (
    select
        renewal_id,
        mrr
    from sides
    where side = 'expiring'
),

claims as (
    select
        candidates.*,
        sides.mrr as renewing_mrr,
        expiring.mrr as expiring_mrr,
        terms.term_end_date,
        -- A subscription that goes on renews each of its terms in full; what begins
        -- anew is there once for all the terms it renews.
        case
            when candidates.renewal_type = 'continued' then candidates.renewal_id
            else candidates.renewing_subscription_id
        end as shared_mrr_id
    from candidates
    inner join terms
        on candidates.renewal_id = terms.renewal_id
    inner join expiring
        on candidates.renewal_id = expiring.renewal_id
    inner join sides
        on candidates.renewal_id = sides.renewal_id
        and candidates.renewing_subscription_id = sides.subscription_id
        and sides.side = 'renewing'
),

ranked as (
    select
        *,
        row_number() over claims_in_order as claim_rank,
        sum(expiring_mrr) over claims_in_order - expiring_mrr as claimed_before,
        sum(expiring_mrr) over (partition by shared_mrr_id) as claimed
    from claims
    window
        claims_in_order as (
            partition by shared_mrr_id
            order by
                case when renewal_type = 'replaced' then 1 else 2 end,
                term_end_date,
                renewal_id
            rows between unbounded preceding and current row
        )
),

-- The term a subscription replaces comes first, up to what expires; what is left goes to other
-- terms of the account that ended without a successor, and beyond them back to the first.
allotted as (
    select
        *,
        greatest(least(expiring_mrr, renewing_mrr - claimed_before), 0)
        + case when claim_rank = 1 then greatest(renewing_mrr - claimed, 0) else 0 end
            as renewed_mrr
    from ranked
),

renewed as (
    select
        renewal_id,
        sum(renewed_mrr) as renewed_mrr,
        min(renewed_from_date) as renewed_from_date,
        min(started_date) as renewal_started_date
    from allotted
    where renewed_mrr > 0
    group by renewal_id
)

select
    terms.renewal_id,
    expiring.mrr as expiring_mrr,
    {{ money('coalesce(renewed.renewed_mrr, 0)') }} as renewed_mrr,
    renewed.renewed_from_date,
    renewed.renewal_started_date
from terms
inner join expiring
    on terms.renewal_id = expiring.renewal_id
left join renewed
    on terms.renewal_id = renewed.renewal_id
