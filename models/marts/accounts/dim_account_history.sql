with

spans as (
    select * from {{ ref('int_account_attributes_spanned') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

account_months as (
    select * from {{ ref('int_account_months_compared') }}
),

users as (
    select * from {{ ref('dim_users') }}
),

cohorts as (
    select
        account_id,
        min(cohort_month) as cohort_month
    from account_months
    group by account_id
),

-- What belongs to no known account has always been unassigned.
unassigned as (
    select
        account_id || '|1900-01-01' as account_version_id,
        account_id,
        cast('1900-01-01' as date) as valid_from,
        cast(null as date) as valid_to,
        segment,
        csm_id,
        owner_id,
        product_tier,
        region,
        lifecycle_stage
    from accounts
    where account_id = 'unassigned'
),

versions as (
    select * from spans

    union all

    select * from unassigned
),

described as (
    select
        versions.*,
        accounts.account_name,
        accounts.industry,
        users.manager_id as csm_manager_id,
        cohorts.cohort_month
    from versions
    left join accounts
        on versions.account_id = accounts.account_id
    left join users
        on versions.csm_id = users.user_id
    left join cohorts
        on versions.account_id = cohorts.account_id
)

select * from described
