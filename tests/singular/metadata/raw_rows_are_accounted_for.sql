-- Rows read = kept + duplicates + superseded + rejected, for every raw table.
select *
from {{ ref('fct_raw_row_accounting') }}
where
    rows_read is distinct from rows_kept + duplicates + superseded + rejected
