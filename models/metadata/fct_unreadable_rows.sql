with

unreadable_rows as (
    {%- for system, object in raw_tables() %}
    select
        '{{ system }}' as system,
        '{{ object }}' as raw_table,
        {{ record_key('raw_key') }} as record_key,
        cast(unreadable_values as integer) as unreadable_values
    from {{ ref('base_' ~ system ~ '__' ~ object) }}
    where row_status = 'kept'
        and unreadable_values > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from unreadable_rows
