with

charges as (
    select * from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
        and interval_amount_local > 0
),

-- The contract counts from its signature, or from its first day of service
-- where the signature is unknown or came later.
dated as (
    select
        account_id,
        case
            when signed_date < effective_from then signed_date
            else effective_from
        end as start_date
    from charges
),

starts as (
    select
        account_id,
        min(start_date) as start_date
    from dated
    where start_date <= {{ as_of_date() }}
    group by account_id
)

select
    account_id,
    start_date,
    {{ month_start('start_date') }} as start_month
from starts
