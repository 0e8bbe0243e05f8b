with

sla_policies as (
    select * from {{ ref('base_tickets__sla_policies') }}
),

kept_rows as (
    select
        priority,
        first_reply_minutes,
        resolution_minutes,
        business_hours_only
    from sla_policies
    where row_status = 'kept'
)

select * from kept_rows
