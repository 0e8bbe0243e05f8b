with

dashboards as (
    select * from {{ ref('stg_ops__dashboards') }}
    where tier = 'core'
        and (retired_at is null or cast(retired_at as date) > {{ as_of_date() }})
),

rules as (
    select * from {{ ref('documentation_rules') }}
    where item_type = 'dashboard'
)

select
    dashboards.dashboard_key,
    coalesce(
        cast(dashboards.documented_at as date) <= {{ as_of_date() }}
        and {{ days_between('cast(dashboards.documented_at as date)', as_of_date()) }}
        <= rules.max_age_days,
        false
    ) as is_documented
from dashboards
cross join rules
