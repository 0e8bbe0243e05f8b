with

contacts as (
    select * from {{ ref('base_crm__contacts') }}
),

kept_rows as (
    select
        contact_id,
        account_id,
        email,
        first_name,
        last_name,
        title,
        is_champion,
        is_executive_sponsor,
        created_at,
        left_at
    from contacts
    where row_status = 'kept'
)

select * from kept_rows
