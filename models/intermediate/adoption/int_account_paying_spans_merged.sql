with

charges as (
    select
        charge_id,
        account_id,
        subscription_id,
        effective_from,
        coalesce(effective_to, cast('9999-12-31' as date)) as effective_to
    from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
        and interval_amount_local > 0
        and account_id <> 'unassigned'
),

suspensions as (
    select * from {{ ref('int_subscription_suspensions_found') }}
),

-- A charge pays from its start and again from the end of each suspension in arrears …
possible_starts as (
    select
        charges.*,
        charges.effective_from as paying_from
    from charges

    union

    select
        charges.*,
        suspensions.suspended_to as paying_from
    from charges
    inner join suspensions
        on charges.subscription_id = suspensions.subscription_id
        and charges.effective_from < suspensions.suspended_to
        and charges.effective_to > suspensions.suspended_to
),

starts as (
    select * from possible_starts
    where
        not exists (
            select 1
            from suspensions
            where suspensions.subscription_id = possible_starts.subscription_id
                and {{ is_in_force(
                    'possible_starts.paying_from',
                    'suspensions.suspended_from',
                    'suspensions.suspended_to'
                ) }}
        )
),

-- … until the next suspension, or its end.
paid as (
    select
        starts.account_id,
        starts.paying_from,
        coalesce(min(suspensions.suspended_from), starts.effective_to) as paying_to
    from starts
    left join suspensions
        on starts.subscription_id = suspensions.subscription_id
        and starts.paying_from < suspensions.suspended_from
        and starts.effective_to > suspensions.suspended_from
    group by starts.charge_id, starts.account_id, starts.paying_from, starts.effective_to
),

with_earlier_end as (
    select
        *,
        max(paying_to) over (
            partition by account_id
            order by paying_from, paying_to
            rows between unbounded preceding and 1 preceding
        ) as earlier_end
    from paid
),

numbered as (
    select
        *,
        sum(case when paying_from <= earlier_end then 0 else 1 end) over (
            partition by account_id
            order by paying_from, paying_to
            rows between unbounded preceding and current row
        ) as span_number
    from with_earlier_end
),

merged as (
    select
        account_id,
        min(paying_from) as paying_from,
        max(paying_to) as paying_to
    from numbered
    group by account_id, span_number
)

select * from merged
