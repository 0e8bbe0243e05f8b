with

charges as (
    select
        account_id,
        effective_from,
        coalesce(effective_to, cast('9999-12-31' as date)) as effective_to
    from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
        and interval_amount_local > 0
        and account_id <> 'unassigned'
),

with_earlier_end as (
    select
        *,
        max(effective_to) over (
            partition by account_id
            order by effective_from, effective_to
            rows between unbounded preceding and 1 preceding
        ) as earlier_end
    from charges
),

numbered as (
    select
        *,
        sum(case when effective_from <= earlier_end then 0 else 1 end) over (
            partition by account_id
            order by effective_from, effective_to
            rows between unbounded preceding and current row
        ) as span_number
    from with_earlier_end
),

merged as (
    select
        account_id,
        min(effective_from) as paying_from,
        max(effective_to) as paying_to
    from numbered
    group by account_id, span_number
)

select * from merged
