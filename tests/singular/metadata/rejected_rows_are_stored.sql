-- As many rejected rows are stored as were counted, for every raw table.
with

stored as (
    select
        system,
        raw_table,
        count(*) as stored_rows
    from {{ ref('fct_rejected_rows') }}
    group by system, raw_table
)

select
    accounting.raw_table_id,
    accounting.rejected,
    stored.stored_rows
from {{ ref('fct_raw_row_accounting') }} as accounting
left join stored
    on accounting.system = stored.system
    and accounting.raw_table = stored.raw_table
where accounting.rejected <> coalesce(stored.stored_rows, 0)
