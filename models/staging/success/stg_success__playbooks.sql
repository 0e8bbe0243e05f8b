with

playbooks as (
    select * from {{ ref('base_success__playbooks') }}
),

kept_rows as (
    select
        playbook_key,
        playbook_name,
        category,
        sla_days
    from playbooks
    where row_status = 'kept'
)

select * from kept_rows
