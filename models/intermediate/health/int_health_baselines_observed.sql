with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
)

select
    account_id,
    observation_date,
    tenure_days,
    {{ drawn_by_lot(
        "account_id || '|' || cast(observation_date as " ~ dbt.type_string() ~ ")"
    ) }} as random_number
from accounts
