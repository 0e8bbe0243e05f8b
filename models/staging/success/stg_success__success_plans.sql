with

success_plans as (
    select * from {{ ref('base_success__success_plans') }}
),

kept_rows as (
    select
        plan_id,
        account_id,
        objective,
        status,
        due_at,
        completed_at
    from success_plans
    where row_status = 'kept'
)

select * from kept_rows
