with

users as (
    select * from {{ ref('stg_crm__users') }}
)

select
    user_id,
    {{ masked('full_name') }} as full_name,
    role,
    team,
    manager_id,
    is_active
from users
