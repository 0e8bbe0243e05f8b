with

fields as (
    select * from {{ ref('critical_fields') }}
),

customers as (
    select
        account_id,
        segment
    from {{ ref('dim_accounts') }}
    where is_active_customer
),

-- The record as it stands in the CRM: what history could tell of an empty field doesn't fill it.
crm_accounts as (
    select * from {{ ref('stg_crm__accounts') }}
),

checked as (
    select
        fields.system,
        fields.field,
        fields.fixed_by,
        coalesce(customers.segment, 'unknown') as segment,
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
)

select
    system
    || '|' || field
    || '|' || segment as field_completeness_id,
    system,
    field,
    segment,
    fixed_by,
    {{ as_of_date() }} as observation_date,
    {{ month_start(as_of_date()) }} as month_start,
    cast(count(case when is_filled then 1 end) as integer) as filled,
    cast(count(is_filled) as integer) as expected
from checked
group by system, field, segment, fixed_by
