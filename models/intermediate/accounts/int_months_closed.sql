with

observation_dates as (
    select * from {{ ref('int_observation_dates_listed') }}
    where period_type = 'month_end'
)

select
    {{ month_start('observation_date') }} as month_start,
    observation_date as month_end
from observation_dates
