with

fields as (
    select * from {{ ref('critical_fields') }}
),

customers as (
    select
        account_id,
        segment,
        owner_id
    from {{ ref('dim_accounts') }}
    where is_active_customer
),

-- The record as it stands in the CRM: what history could tell of an empty field doesn't fill it.
crm_accounts as (
    select * from {{ ref('stg_crm__accounts') }}
)

select
    customers.account_id,
    customers.segment,
    customers.owner_id,
    fields.system,
    fields.field,
    fields.fixed_by,
    case fields.field
        when 'renewal_date' then crm_accounts.renewal_date is not null
        when 'arr' then crm_accounts.arr is not null
        when 'lifecycle_stage' then crm_accounts.lifecycle_stage is not null
        when 'segment' then crm_accounts.segment is not null
        when 'product_tier' then crm_accounts.product_tier is not null
        when 'owner_id' then crm_accounts.owner_id is not null
    end as is_filled
from customers
inner join crm_accounts
    on customers.account_id = crm_accounts.account_id
cross join fields
