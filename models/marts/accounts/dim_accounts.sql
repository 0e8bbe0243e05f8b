with

accounts as (
    select * from {{ ref('stg_crm__accounts') }}
),

parents as (
    select * from {{ ref('int_account_parents_resolved') }}
),

attributes as (
    select * from {{ ref('int_account_attributes_spanned') }}
    where valid_to is null
),

mrr_today as (
    select * from {{ ref('int_account_mrr_observed') }}
    where observation_date = {{ as_of_date() }}
),

surviving as (
    select
        accounts.account_id,
        accounts.account_name,
        parents.parent_account_id,
        parents.ultimate_parent_account_id,
        attributes.segment,
        attributes.region,
        attributes.product_tier,
        accounts.industry,
        accounts.billing_country,
        accounts.employee_count,
        attributes.owner_id,
        attributes.csm_id,
        attributes.lifecycle_stage,
        coalesce(accounts.is_managed, attributes.csm_id is not null) as is_managed,
        coalesce(accounts.is_internal, false) as is_internal,
        accounts.customer_since as customer_since_date,
        accounts.renewal_date,
        {{ money('accounts.arr') }} as crm_arr,
        accounts.currency as crm_currency
    from accounts
    inner join parents
        on accounts.account_id = parents.account_id
    -- An account whose first day is after the as-of date has none: it isn't known yet.
    inner join attributes
        on accounts.account_id = attributes.account_id
),

-- Whatever cannot be attributed to an account stays in totals under this row.
with_unassigned as (
    select * from surviving

    union all

    select
        'unassigned' as account_id,
        'Unassigned' as account_name,
        null as parent_account_id,
        'unassigned' as ultimate_parent_account_id,
        null as segment,
        null as region,
        null as product_tier,
        null as industry,
        null as billing_country,
        null as employee_count,
        null as owner_id,
        null as csm_id,
        null as lifecycle_stage,
        false as is_managed,
        false as is_internal,
        null as customer_since_date,
        null as renewal_date,
        null as crm_arr,
        null as crm_currency
),

with_mrr as (
    select
        with_unassigned.*,
        coalesce(mrr_today.mrr, 0) > 0 and with_unassigned.account_id <> 'unassigned'
            as is_active_customer
    from with_unassigned
    left join mrr_today
        on with_unassigned.account_id = mrr_today.account_id
)

select * from with_mrr
