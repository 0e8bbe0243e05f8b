with

-- Counted where the rows come from, so that a row lost in staging shows.
rows_read as (
    {%- for system, object in raw_tables() %}
    select
        '{{ system }}' as system,
        '{{ object }}' as raw_table,
        '{{ raw_source(system) }}' as raw_source,
        count(*) as rows_read
    from {{ raw(system, object) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

rows_classified as (
    {%- for system, object in raw_tables() %}
    select
        '{{ system }}' as system,
        '{{ object }}' as raw_table,
        count(case when row_status = 'kept' then 1 end) as rows_kept,
        count(case when row_status = 'duplicate' then 1 end) as duplicates,
        count(case when row_status = 'superseded' then 1 end) as superseded,
        count(case when row_status = 'rejected' then 1 end) as rejected,
        coalesce(sum(case when row_status = 'kept' then unreadable_values end), 0)
            as unreadable_values
    from {{ ref('base_' ~ system ~ '__' ~ object) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

accounted as (
    select
        rows_read.system || '.' || rows_read.raw_table as raw_table_id,
        rows_read.system,
        rows_read.raw_table,
        rows_read.raw_source,
        rows_read.rows_read > 0 as is_provided,
        cast(rows_read.rows_read as {{ dbt.type_bigint() }}) as rows_read,
        cast(rows_classified.rows_kept as {{ dbt.type_bigint() }}) as rows_kept,
        cast(rows_classified.duplicates as {{ dbt.type_bigint() }}) as duplicates,
        cast(rows_classified.superseded as {{ dbt.type_bigint() }}) as superseded,
        cast(rows_classified.rejected as {{ dbt.type_bigint() }}) as rejected,
        cast(rows_classified.unreadable_values as {{ dbt.type_bigint() }})
            as unreadable_values
    from rows_read
    left join rows_classified
        on rows_read.system = rows_classified.system
        and rows_read.raw_table = rows_classified.raw_table
)

select * from accounted
