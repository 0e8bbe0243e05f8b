with

ctas as (
    select * from {{ ref('base_success__ctas') }}
),

kept_rows as (
    select
        cta_id,
        account_id,
        playbook_key,
        reason,
        priority,
        owner_id,
        created_at,
        due_at,
        closed_at,
        status,
        outcome
    from ctas
    where row_status = 'kept'
)

select * from kept_rows
