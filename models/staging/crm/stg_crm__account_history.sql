with

account_history as (
    select * from {{ ref('base_crm__account_history') }}
),

kept_rows as {{ computed_once() }} (
    select
        account_id,
        field,
        {{ account_field_value('old_value') }} as old_value,
        {{ account_field_value('new_value') }} as new_value,
        changed_at
    from account_history
    where row_status = 'kept'
)

select * from kept_rows
