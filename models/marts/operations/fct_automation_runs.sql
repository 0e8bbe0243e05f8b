with

automation_runs as (
    select * from {{ ref('stg_ops__automation_runs') }}
    where run_date <= {{ as_of_date() }}
)

select
    automation_key || '|' || cast(run_date as {{ dbt.type_string() }}) as automation_run_id,
    automation_key,
    run_date,
    runs,
    cast(minutes_saved_per_run as decimal(18, 4)) as minutes_saved_per_run,
    cast(runs * minutes_saved_per_run as decimal(18, 4)) as minutes_saved
from automation_runs
