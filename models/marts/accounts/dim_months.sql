with

months as (
    select * from {{ ref('int_months_closed') }}
)

select * from months
