with

activities as (
    select * from {{ ref('base_crm__activities') }}
),

kept_rows as (
    select
        activity_id,
        account_id,
        contact_id,
        owner_id,
        type,
        occurred_at
    from activities
    where row_status = 'kept'
)

select * from kept_rows
