with

customers as (
    select * from {{ ref('stg_billing__customers') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

resolved as (
    select
        customers.customer_id,
        coalesce(ids.resolved_account_id, 'unassigned') as account_id,
        coalesce(ids.is_internal, false) as is_internal
    from customers
    left join ids
        on customers.account_id = ids.account_id
)

select * from resolved
