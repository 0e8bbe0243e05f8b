-- Before the first charge there is nothing to compute. A test of staging, so that
-- dbt builds nothing on it.
with

first_charge as (
    select min(effective_from) as first_charge_date
    from {{ ref('stg_billing__subscription_charges') }}
)

select
    {{ as_of_date() }} as as_of_date,
    first_charge_date
from first_charge
where first_charge_date > {{ as_of_date() }}
