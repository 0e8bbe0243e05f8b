with

accounts as (
    select * from {{ ref('base_crm__accounts') }}
),

kept_rows as (
    select
        account_id,
        account_name,
        parent_account_id,
        industry,
        employee_count,
        billing_country,
        region,
        segment,
        product_tier,
        owner_id,
        csm_id,
        lifecycle_stage,
        customer_since,
        renewal_date,
        arr,
        currency,
        is_managed,
        is_internal,
        is_deleted,
        created_at,
        updated_at
    from accounts
    where row_status = 'kept'
)

select * from kept_rows
