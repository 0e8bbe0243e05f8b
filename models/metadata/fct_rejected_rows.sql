with

rejected_rows as (
    {%- for system, object in raw_tables() %}
    select
        '{{ system }}' as system,
        '{{ object }}' as raw_table,
        raw_key,
        reject_reason as reason_code,
        reject_rule as rule,
        raw_row
    from {{ ref('base_' ~ system ~ '__' ~ object) }}
    where row_status = 'rejected'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- A raw row is rejected once (its copies are duplicates), so its text identifies it.
with_id as (
    select
        {{ dbt.hash("system || '.' || raw_table || raw_row") }} as rejected_row_id,
        system,
        raw_table,
        raw_key,
        reason_code,
        rule,
        raw_row
    from rejected_rows
)

select * from with_id
