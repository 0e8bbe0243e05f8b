with

contacts as (
    select
        'contact' as person_type,
        contact_id as person_id,
        account_id,
        nullif(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '') as full_name,
        email,
        title as job_title
    from {{ ref('stg_crm__contacts') }}
    where cast(created_at as date) <= {{ as_of_date() }}
),

employees as (
    select
        'employee' as person_type,
        user_id as person_id,
        {{ text_literal(none) }} as account_id,
        full_name,
        email,
        {{ text_literal(none) }} as job_title
    from {{ ref('stg_crm__users') }}
),

product_users as (
    select
        'product_user' as person_type,
        product_user_id as person_id,
        account_id,
        {{ text_literal(none) }} as full_name,
        email,
        {{ text_literal(none) }} as job_title
    from {{ ref('stg_usage__users') }}
    where cast(created_at as date) <= {{ as_of_date() }}
),

billing_customers as (
    select
        'billing_customer' as person_type,
        customer_id as person_id,
        account_id,
        {{ text_literal(none) }} as full_name,
        email,
        {{ text_literal(none) }} as job_title
    from {{ ref('stg_billing__customers') }}
    where cast(created_at as date) <= {{ as_of_date() }}
),

people as (
    {%- for people in ['contacts', 'employees', 'product_users', 'billing_customers'] %}
    select * from {{ people }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

final as (
    select
        people.person_type || '|' || people.person_id as person_key,
        people.person_type,
        people.person_id,
        case
            when people.person_type <> 'employee'
                then coalesce(ids.resolved_account_id, 'unassigned')
        end as account_id,
        people.full_name,
        people.email,
        people.job_title
    from people
    left join ids
        on people.account_id = ids.account_id
)

select * from final
