with

rows_today as (
    select * from {{ ref('int_raw_rows_fingerprinted') }}
),

closes as (
    select
        month_start,
        {{ month_end('month_start') }} as month_end
    from {{ ref('fct_month_closes') }}
    where as_of_date <= {{ as_of_date() }}
),

first_close as (
    select min(month_start) as month_start
    from closes
),

-- A row is as a close found it until another close finds it otherwise.
closed_rows as (
    select
        *,
        lead(month_start) over (
            partition by raw_table_id, raw_key_hash order by month_start
        ) as next_month
    from {{ ref('fct_closed_source_rows') }}
),

first_seen as (
    select
        raw_table_id,
        raw_key_hash,
        min(month_start) as month_start
    from closed_rows
    group by raw_table_id, raw_key_hash
),

-- What a close found, and is otherwise today.
differing as (
    select
        closed_rows.raw_table_id,
        closed_rows.month_start as first_month,
        closed_rows.next_month,
        least(closed_rows.raw_row_date, rows_today.raw_row_date) as raw_row_date,
        case
            when rows_today.raw_key_hash is null then 'removed'
            when closed_rows.raw_row_hash is null then 'late'
            else 'corrected'
        end as change
    from closed_rows
    left join rows_today
        on closed_rows.raw_table_id = rows_today.raw_table_id
        and closed_rows.raw_key_hash = rows_today.raw_key_hash
    where coalesce(closed_rows.raw_row_hash, 'gone') <> coalesce(rows_today.raw_row_hash, 'gone')
),

-- What no close had found yet.
late as (
    select
        rows_today.raw_table_id,
        first_close.month_start as first_month,
        first_seen.month_start as next_month,
        rows_today.raw_row_date,
        'late' as change
    from rows_today
    cross join first_close
    left join first_seen
        on rows_today.raw_table_id = first_seen.raw_table_id
        and rows_today.raw_key_hash = first_seen.raw_key_hash
    where first_seen.month_start is null or first_seen.month_start > first_close.month_start
),

changes as (
    select * from differing

    union all

    select * from late
),

-- What is dated after a month's end tells nothing of it.
counted as (
    select
        closes.month_start || '|' || changes.raw_table_id as source_change_id,
        closes.month_start,
        changes.raw_table_id,
        cast(count(case when changes.change = 'late' then 1 end) as integer) as late_rows,
        cast(count(case when changes.change = 'corrected' then 1 end) as integer)
            as corrected_rows,
        cast(count(case when changes.change = 'removed' then 1 end) as integer) as removed_rows
    from changes
    inner join closes
        on changes.first_month <= closes.month_start
        and (changes.next_month is null or changes.next_month > closes.month_start)
        and (changes.raw_row_date is null or changes.raw_row_date <= closes.month_end)
    group by closes.month_start, changes.raw_table_id
)

select * from counted
