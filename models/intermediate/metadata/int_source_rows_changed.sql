{{ config(materialized='view') }}

with

rows_today as (
    select * from {{ ref('int_raw_rows_fingerprinted') }}
),

closed_rows as (
    select
        *,
        lead(month_start) over (
            partition by raw_table_id, raw_key_hash order by month_start
        ) as next_month
    from {{ ref('fct_closed_source_rows') }}
),

last_closed_rows as (
    select * from closed_rows
    where next_month is null
),

compared as (
    select
        coalesce(rows_today.raw_table_id, last_closed_rows.raw_table_id) as raw_table_id,
        coalesce(rows_today.raw_key_hash, last_closed_rows.raw_key_hash) as raw_key_hash,
        rows_today.raw_row_hash,
        coalesce(rows_today.raw_row_date, last_closed_rows.raw_row_date) as raw_row_date,
        last_closed_rows.raw_row_hash as closed_raw_row_hash
    from rows_today
    full outer join last_closed_rows
        on rows_today.raw_table_id = last_closed_rows.raw_table_id
        and rows_today.raw_key_hash = last_closed_rows.raw_key_hash
),

changed as (
    select
        raw_table_id,
        raw_key_hash,
        raw_row_hash,
        raw_row_date
    from compared
    where coalesce(raw_row_hash, 'gone') <> coalesce(closed_raw_row_hash, 'gone')
)

select * from changed
