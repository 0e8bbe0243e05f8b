with

rejected_rows as (
    {%- for system, object in raw_tables() %}
    select
        {{ dbt.hash("'" ~ system ~ '.' ~ object ~ "' || raw_row_hash") }} as rejected_row_id,
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
)

-- A raw row is rejected once (its copies are duplicates), so its text identifies it.
select * from rejected_rows
