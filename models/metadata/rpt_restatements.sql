with

closes as (
    select * from {{ ref('fct_month_closes') }}
    where as_of_date <= {{ as_of_date() }}
),

closed_metrics as (
    select
        closed.*,
        closes.as_of_date as closed_as_of_date
    from {{ ref('fct_closed_metrics') }} as closed
    inner join closes
        on closed.month_start = closes.month_start
),

closed_values as (
    select
        closed.month_start,
        closed.metric_name,
        closed.segment,
        closed.value
    from {{ ref('fct_closed_metric_values') }} as closed
    inner join closes
        on closed.month_start = closes.month_start
),

metric_values as (
    select * from {{ ref('fct_metric_values') }}
),

-- Of the metrics that were closed with the month: one defined since was never published for it.
values_today as (
    select
        metric_values.month_start,
        metric_values.metric_name,
        metric_values.segment,
        metric_values.value
    from metric_values
    inner join closed_metrics
        on metric_values.month_start = closed_metrics.month_start
        and metric_values.metric_name = closed_metrics.metric_name
),

first_months_today as (
    select
        metric_name,
        min(month_start) as month_start
    from metric_values
    group by metric_name
),

metrics_today as (
    select * from {{ ref('fct_metric_fingerprints') }}
),

source_changes as (
    select * from {{ ref('fct_source_changes') }}
),

compared as (
    select
        coalesce(closed_values.month_start, values_today.month_start) as month_start,
        coalesce(closed_values.metric_name, values_today.metric_name) as metric_name,
        coalesce(closed_values.segment, values_today.segment) as segment,
        closed_values.value as closed_value,
        values_today.value as value_today
    from closed_values
    full outer join values_today
        on closed_values.month_start = values_today.month_start
        and closed_values.metric_name = values_today.metric_name
        and closed_values.segment = values_today.segment
),

differing as (
    select * from compared
    where
        closed_value <> value_today
        or (closed_value is null) <> (value_today is null)
),

with_definitions as (
    select
        differing.*,
        closed_metrics.closed_as_of_date,
        closed_metrics.version as closed_version,
        metrics_today.version as version_today,
        closed_metrics.raw_tables,
        coalesce(metrics_today.definition_fingerprint, '') <> closed_metrics.definition_fingerprint
            as is_definition_changed,
        coalesce(metrics_today.model_fingerprint <> closed_metrics.model_fingerprint, false)
            as is_model_changed
    from differing
    inner join closed_metrics
        on differing.month_start = closed_metrics.month_start
        and differing.metric_name = closed_metrics.metric_name
    left join metrics_today
        on differing.metric_name = metrics_today.metric_name
    left join first_months_today
        on differing.metric_name = first_months_today.metric_name
    -- What is told of the as-of date alone has no other value of a month gone by.
    where
        closed_metrics.first_month is null
        or closed_metrics.first_month < differing.month_start
        or first_months_today.month_start is null
        or first_months_today.month_start <= differing.month_start
),

changed_sources as (
    select
        with_definitions.month_start,
        with_definitions.metric_name,
        with_definitions.segment,
        sum(source_changes.late_rows) as late_rows,
        sum(source_changes.corrected_rows) as corrected_rows,
        sum(source_changes.removed_rows) as removed_rows,
        {{ dbt.listagg(
            "source_changes.raw_table_id || ' ('"
            ~ " || source_changes.late_rows || ' late, '"
            ~ " || source_changes.corrected_rows || ' corrected, '"
            ~ " || source_changes.removed_rows || ' removed)'",
            "', '", 'order by source_changes.raw_table_id'
        ) }} as changed_tables
    from with_definitions
    inner join source_changes
        on with_definitions.month_start = source_changes.month_start
        and {{ dbt.position(
            "', ' || source_changes.raw_table_id || ','",
            "', ' || with_definitions.raw_tables || ','"
        ) }} > 0
    group by
        with_definitions.month_start, with_definitions.metric_name, with_definitions.segment
),

with_sources as (
    select
        with_definitions.*,
        cast(coalesce(changed_sources.late_rows, 0) as integer) as late_rows,
        cast(coalesce(changed_sources.corrected_rows, 0) as integer) as corrected_rows,
        cast(coalesce(changed_sources.removed_rows, 0) as integer) as removed_rows,
        changed_sources.changed_tables
    from with_definitions
    left join changed_sources
        on with_definitions.month_start = changed_sources.month_start
        and with_definitions.metric_name = changed_sources.metric_name
        and with_definitions.segment = changed_sources.segment
),

-- Each with a comma before it.
with_causes as (
    select
        *,
        case when is_definition_changed then ', changed_definition' else '' end
        || case when is_model_changed then ', changed_model' else '' end
        || case when late_rows > 0 then ', late_data' else '' end
        || case when corrected_rows + removed_rows > 0 then ', corrected_source' else '' end
            as known_causes
    from with_sources
),

explained as (
    select
        month_start || '|' || metric_name || '|' || segment as restatement_id,
        month_start,
        metric_name,
        segment,
        closed_value,
        value_today,
        cast(coalesce(value_today, 0) - coalesce(closed_value, 0) as decimal(18, 6)) as difference,
        case
            when known_causes <> '' then substring(known_causes, 3)
            when closed_as_of_date < {{ as_of_date() }} then 'later_events'
            else 'unexplained'
        end as causes,
        late_rows,
        corrected_rows,
        removed_rows,
        changed_tables,
        closed_version,
        version_today,
        closed_as_of_date
    from with_causes
)

select * from explained
