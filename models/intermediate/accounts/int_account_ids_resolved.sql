with recursive

accounts as (
    select * from {{ ref('stg_crm__accounts') }}
),

-- An account merged in the CRM is deleted and names the one that survived it
-- as its parent. Survivors may have been merged again, hence the recursion.
followed as (
    select
        account_id,
        account_id as survivor_id,
        0 as steps
    from accounts

    union all

    select
        followed.account_id,
        accounts.parent_account_id as survivor_id,
        followed.steps + 1 as steps
    from followed
    inner join accounts
        on followed.survivor_id = accounts.account_id
    where accounts.is_deleted
        and accounts.parent_account_id is not null
        and followed.steps < 10
),

survivors as (
    select
        followed.account_id,
        accounts.account_id as survivor_id,
        accounts.is_internal
    from followed
    inner join accounts
        on followed.survivor_id = accounts.account_id
    where not coalesce(accounts.is_deleted, false)
),

resolved as (
    select
        accounts.account_id,
        coalesce(survivors.survivor_id, 'unassigned') as resolved_account_id,
        coalesce(survivors.is_internal, false) as is_internal
    from accounts
    left join survivors
        on accounts.account_id = survivors.account_id
)

select * from resolved
