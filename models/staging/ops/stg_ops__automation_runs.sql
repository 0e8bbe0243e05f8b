with

automation_runs as (
    select * from {{ ref('base_ops__automation_runs') }}
),

kept_rows as (
    select
        automation_key,
        run_date,
        runs,
        minutes_saved_per_run
    from automation_runs
    where row_status = 'kept'
)

select * from kept_rows
