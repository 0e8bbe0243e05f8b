with

spans as (
    select * from {{ ref('int_account_attributes_spanned') }}
)

select * from spans
