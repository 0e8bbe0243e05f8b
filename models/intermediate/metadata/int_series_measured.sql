{%- set number = 'double precision' -%}

with

periods as (
    select * from {{ ref('int_periods_closed') }}
),

source_days as (
    select * from {{ ref('fct_source_days') }}
),

source_values as (
    select * from {{ ref('fct_source_value_months') }}
),

metrics as (
    select * from {{ ref('dim_metrics') }}
),

-- A source is watched from the first whole period on; from then on, no record is a zero.
tables_begun as (
    select
        system,
        raw_table,
        min(record_date) as first_date
    from source_days
    group by system, raw_table
),

volumes as (
    select
        'volume' as kind,
        periods.grain,
        tables_begun.system,
        tables_begun.raw_table as table_name,
        cast(null as {{ dbt.type_string() }}) as field,
        cast(null as {{ dbt.type_string() }}) as group_name,
        periods.period_start,
        periods.period_end,
        periods.periods_ago,
        cast(coalesce(sum(source_days.records), 0) as {{ number }}) as value,
        cast(null as {{ number }}) as records
    from tables_begun
    inner join periods
        on tables_begun.first_date <= periods.period_start
    left join source_days
        on tables_begun.system = source_days.system
        and tables_begun.raw_table = source_days.raw_table
        and source_days.record_date between periods.period_start and periods.period_end
    group by
        periods.grain,
        tables_begun.system,
        tables_begun.raw_table,
        periods.period_start,
        periods.period_end,
        periods.periods_ago
),

-- A value that a month lacks has a share of zero in it.
values_seen as (
    select
        system,
        raw_table,
        field,
        field_value
    from source_values
    group by system, raw_table, field, field_value
),

months_seen as (
    select
        system,
        raw_table,
        field,
        month_start,
        sum(records) as records
    from source_values
    group by system, raw_table, field, month_start
),

shares as (
    select
        'share' as kind,
        periods.grain,
        values_seen.system,
        values_seen.raw_table as table_name,
        values_seen.field,
        values_seen.field_value as group_name,
        periods.period_start,
        periods.period_end,
        periods.periods_ago,
        cast(coalesce(source_values.records, 0) as {{ number }})
        / cast(months_seen.records as {{ number }}) as value,
        cast(months_seen.records as {{ number }}) as records
    from values_seen
    inner join months_seen
        on values_seen.system = months_seen.system
        and values_seen.raw_table = months_seen.raw_table
        and values_seen.field = months_seen.field
    inner join periods
        on months_seen.month_start = periods.period_start
        and periods.grain = 'month'
    left join source_values
        on values_seen.system = source_values.system
        and values_seen.raw_table = source_values.raw_table
        and values_seen.field = source_values.field
        and values_seen.field_value = source_values.field_value
        and months_seen.month_start = source_values.month_start
),

-- What a rate is of is not known here, so it is judged by rules of its own.
metric_values as (
    select
        case when metric_values.segment = 'all' then 'company_' else 'segment_' end
        || case when metrics.unit = 'ratio' then 'rate' else 'amount' end as kind,
        periods.grain,
        'bellwether' as system,
        'fct_metric_values' as table_name,
        metric_values.metric_name as field,
        metric_values.segment as group_name,
        periods.period_start,
        periods.period_end,
        periods.periods_ago,
        cast(metric_values.value as {{ number }}) as value,
        cast(null as {{ number }}) as records
    from {{ ref('fct_metric_values') }} as metric_values
    inner join metrics
        on metric_values.metric_name = metrics.metric_name
    inner join periods
        on metric_values.month_start = periods.period_start
        and periods.grain = 'month'
    where metric_values.value is not null
),

measured as (
    select * from volumes

    union all

    select * from shares

    union all

    select * from metric_values
)

select
    kind
    || '|' || grain
    || '|' || system
    || '|' || table_name
    || '|' || coalesce(field, '')
    || '|' || coalesce(group_name, '') as series_id,
    *
from measured
