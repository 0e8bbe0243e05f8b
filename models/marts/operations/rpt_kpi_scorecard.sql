with

kpis as (
    select * from {{ ref('kpis') }}
),

kpi_targets as (
    select * from {{ ref('kpi_targets') }}
),

metrics as (
    select * from {{ ref('dim_metrics') }}
),

kpi_values as (
    select * from {{ ref('int_kpi_values_queried') }}
),

days as (
    select * from {{ ref('dim_dates') }}
    where date_day <= {{ as_of_date() }}
),

calendar as (
    select
        'month' as period,
        month_start as period_start,
        {{ add_days(dbt.dateadd('month', 1, 'month_start'), -1) }} as period_end,
        {{ dbt.dateadd('month', -1, 'month_start') }} as previous_start,
        {{ dbt.dateadd('month', -12, 'month_start') }} as year_before_start
    from days
    group by month_start

    union all

    select
        'quarter' as period,
        quarter_start as period_start,
        {{ add_days(dbt.dateadd('month', 3, 'quarter_start'), -1) }} as period_end,
        {{ dbt.dateadd('month', -3, 'quarter_start') }} as previous_start,
        {{ dbt.dateadd('month', -12, 'quarter_start') }} as year_before_start
    from days
    group by quarter_start
),

periods as (
    select
        *,
        max(period_start) over (partition by period) as latest_start
    from calendar
),

-- From the first period in which the KPI had a value, a row in every period: a value that is
-- missing shows. A KPI that never had one shows in the latest period.
kpi_starts as (
    select
        metric,
        min(period_start) as first_period_start
    from kpi_values
    where value is not null
    group by metric
),

kpi_segments as (
    select
        metric,
        'all' as segment
    from kpis

    union

    select
        metric,
        segment
    from kpi_values
),

kpi_periods as (
    select
        kpis.position,
        kpis.metric,
        kpis.kpi_group,
        kpis.period,
        kpi_segments.segment,
        periods.period_start,
        periods.period_end,
        periods.previous_start,
        periods.year_before_start
    from kpis
    inner join kpi_segments
        on kpis.metric = kpi_segments.metric
    left join kpi_starts
        on kpis.metric = kpi_starts.metric
    inner join periods
        on kpis.period = periods.period
        and coalesce(kpi_starts.first_period_start, periods.latest_start) <= periods.period_start
),

with_values as (
    select
        kpi_periods.*,
        metrics.label,
        metrics.unit,
        metrics.direction,
        metrics.owner,
        now_values.value,
        previous_values.value as previous_value,
        cast(
            case kpi_targets.target_kind
                when 'value' then kpi_targets.target
                when 'change_in_12_months'
                    then year_before_values.value * (1 + kpi_targets.target)
            end as decimal(18, 6)
        ) as target,
        kpi_targets.near_margin
    from kpi_periods
    inner join metrics
        on kpi_periods.metric = metrics.metric_name
    left join kpi_values as now_values
        on kpi_periods.metric = now_values.metric
        and kpi_periods.segment = now_values.segment
        and kpi_periods.period_start = now_values.period_start
    left join kpi_values as previous_values
        on kpi_periods.metric = previous_values.metric
        and kpi_periods.segment = previous_values.segment
        and kpi_periods.previous_start = previous_values.period_start
    left join kpi_values as year_before_values
        on kpi_periods.metric = year_before_values.metric
        and kpi_periods.segment = year_before_values.segment
        and kpi_periods.year_before_start = year_before_values.period_start
    left join kpi_targets
        on kpi_periods.metric = kpi_targets.metric
        and {{ is_in_force(
            'kpi_periods.period_end', 'kpi_targets.valid_from', 'kpi_targets.valid_to'
        ) }}
),

with_leads as (
    select
        *,
        case direction when 'lower' then target - value else value - target end as lead_on_target
    from with_values
),

judged as (
    select
        position,
        metric,
        label,
        kpi_group,
        period,
        period_start,
        period_end,
        period_end <= {{ as_of_date() }} as is_complete,
        segment,
        value,
        previous_value,
        target,
        direction,
        unit,
        owner,
        case
            when value is null then 'no_value'
            when target is null then 'no_target'
            when lead_on_target >= 0 then 'on_target'
            when lead_on_target >= -near_margin then 'near_target'
            else 'off_target'
        end as status
    from with_leads
)

select * from judged
