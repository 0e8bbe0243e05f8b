with

csm_accounts as (
    select * from {{ ref('fct_csm_accounts') }}
),

users as (
    select * from {{ ref('dim_users') }}
),

books as (
    select
        csm_id,
        month_start,
        cast(count(*) as integer) as accounts,
        {{ money('sum(arr)') }} as arr,
        cast(count(case when csm_load is null then 1 end) as integer) as accounts_without_ratio,
        cast(coalesce(sum(csm_load), 0) as decimal(18, 12)) as csm_load
    from csm_accounts
    group by csm_id, month_start
)

select
    books.csm_id,
    users.manager_id,
    books.month_start,
    books.accounts,
    books.accounts_without_ratio,
    books.arr,
    books.csm_load,
    books.csm_load > 1 as is_over_capacity
from books
left join users
    on books.csm_id = users.user_id
