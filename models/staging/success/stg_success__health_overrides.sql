with

health_overrides as (
    select * from {{ ref('base_success__health_overrides') }}
),

kept_rows as (
    select
        override_id,
        account_id,
        band,
        reason,
        set_by,
        valid_from,
        valid_to,
        created_at
    from health_overrides
    where row_status = 'kept'
)

select * from kept_rows
