{{ config(materialized='view') }}

with

usable_or_rejected as (
    {%- for system, object in raw_tables() %}
    select
        '{{ system }}.{{ object }}' as raw_table_id,
        raw_key,
        raw_row_hash,
        raw_row_date,
        row_status
    from {{ ref('base_' ~ system ~ '__' ~ object) }}
    where row_status in ('kept', 'rejected')
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- A key may be empty, and its row still come in: of such rows there can be several.
fingerprinted as (
    select
        raw_table_id,
        left({{ dbt.hash('raw_key') }}, 16) as raw_key_hash,
        left(
            coalesce(max(case when row_status = 'kept' then raw_row_hash end), 'rejected'), 16
        ) as raw_row_hash,
        min(raw_row_date) as raw_row_date
    from usable_or_rejected
    group by raw_table_id, raw_key
)

select * from fingerprinted
