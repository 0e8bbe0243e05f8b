with

users as (
    select * from {{ ref('stg_crm__users') }}
)

select
    email,
    min(user_id) as user_id
from users
where email is not null
group by email
