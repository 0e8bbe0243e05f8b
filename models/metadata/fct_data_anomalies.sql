with

rules as (
    select * from {{ ref('anomaly_rules') }}
    where {{ is_in_force(as_of_date(), 'effective_from', 'effective_to') }}
),

-- What is made of too few records jumps by itself.
series as (
    select measured.*
    from {{ ref('int_series_measured') }} as measured
    inner join rules
        on measured.kind = rules.kind
        and measured.grain = rules.grain
    where coalesce(measured.records, rules.min_records) >= rules.min_records
),

numbered as (
    select
        *,
        row_number() over (partition by series_id order by period_start) as period_number
    from series
),

-- Each value beside those before it.
compared as (
    select
        numbered.series_id,
        numbered.period_start,
        earlier.value as earlier_value
    from numbered
    inner join rules
        on numbered.kind = rules.kind
        and numbered.grain = rules.grain
    inner join numbered as earlier
        on numbered.series_id = earlier.series_id
        and earlier.period_number < numbered.period_number
        and earlier.period_number >= numbered.period_number - rules.trailing_periods
),

usual as (
    select
        series_id,
        period_start,
        count(*) as periods,
        percentile_cont(0.5) within group (order by earlier_value) as median_value,
        min(earlier_value) as least_value,
        max(earlier_value) as greatest_value
    from compared
    group by series_id, period_start
),

deviations as (
    select
        compared.series_id,
        compared.period_start,
        percentile_cont(0.5) within group (
            order by abs(compared.earlier_value - usual.median_value)
        ) as median_deviation
    from compared
    inner join usual
        on compared.series_id = usual.series_id
        and compared.period_start = usual.period_start
    group by compared.series_id, compared.period_start
),

-- 1.4826 median deviations are one standard deviation of a bell curve; chance alone spreads a
-- share by the root of p (1 - p) / n, a count by its root.
spread as (
    select
        numbered.*,
        usual.median_value,
        usual.least_value,
        usual.greatest_value,
        rules.min_score,
        greatest(
            1.4826 * deviations.median_deviation,
            rules.floor_of_median * abs(usual.median_value),
            rules.floor_absolute,
            rules.floor_of_chance * case
                when numbered.records is null then sqrt(abs(usual.median_value))
                else sqrt(usual.median_value * (1 - usual.median_value) / numbered.records)
            end
        ) as spread,
        numbered.periods_ago < rules.recent_periods as is_recent
    from numbered
    inner join rules
        on numbered.kind = rules.kind
        and numbered.grain = rules.grain
    inner join usual
        on numbered.series_id = usual.series_id
        and numbered.period_start = usual.period_start
    inner join deviations
        on numbered.series_id = deviations.series_id
        and numbered.period_start = deviations.period_start
    where usual.periods >= rules.min_periods
        and abs(usual.median_value) >= rules.min_median
),

scored as (
    select
        *,
        (value - median_value) / spread as score
    from spread
    where spread > 0
)

select
    series_id || '|' || cast(period_start as {{ dbt.type_string() }}) as data_anomaly_id,
    kind,
    grain,
    system,
    table_name,
    field,
    group_name,
    period_start,
    period_end,
    {{ rounded('value', 28, 6) }} as value,
    -- A median lies halfway between two values of six decimals: seven decimals, then half up.
    cast({{ rounded('median_value', 28, 7) }} as decimal(28, 6)) as usual_value,
    cast({{ rounded('spread', 28, 7) }} as decimal(28, 6)) as usual_spread,
    {{ rounded('score', 18, 2) }} as score,
    is_recent
from scored
where abs(score) >= min_score
    and (value < least_value or value > greatest_value)
