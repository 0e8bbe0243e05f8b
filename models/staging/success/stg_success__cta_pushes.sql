with

cta_pushes as (
    select * from {{ ref('base_success__cta_pushes') }}
),

kept_rows as (
    select
        action_key,
        rule_key,
        account_id,
        pushed_at
    from cta_pushes
    where row_status = 'kept'
)

select * from kept_rows
