with recursive

accounts as (
    select * from {{ ref('stg_crm__accounts') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

parents as (
    select
        accounts.account_id,
        parent_ids.resolved_account_id as parent_account_id
    from accounts
    inner join ids
        on accounts.account_id = ids.account_id
        and ids.resolved_account_id = accounts.account_id
    left join ids as parent_ids
        on accounts.parent_account_id = parent_ids.account_id
        and parent_ids.resolved_account_id not in ('unassigned', accounts.account_id)
),

climbed as (
    select
        account_id,
        account_id as ancestor_id,
        0 as steps
    from parents

    union all

    select
        climbed.account_id,
        parents.parent_account_id as ancestor_id,
        climbed.steps + 1 as steps
    from climbed
    inner join parents
        on climbed.ancestor_id = parents.account_id
    where parents.parent_account_id is not null
        and climbed.steps < 10
),

ranked as (
    select
        account_id,
        ancestor_id,
        row_number() over (partition by account_id order by steps desc) as step_rank
    from climbed
),

resolved as (
    select
        parents.account_id,
        parents.parent_account_id,
        ranked.ancestor_id as ultimate_parent_account_id
    from parents
    inner join ranked
        on parents.account_id = ranked.account_id
        and ranked.step_rank = 1
)

select * from resolved
