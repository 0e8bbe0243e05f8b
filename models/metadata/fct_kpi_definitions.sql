with

kpis as (
    select * from {{ ref('kpis') }}
),

metrics as (
    select * from {{ ref('dim_metrics') }}
),

targets as (
    select * from {{ ref('kpi_targets') }}
    where {{ is_in_force(as_of_date(), 'valid_from', 'valid_to') }}
),

judged as (
    select
        kpis.metric as metric_name,
        {{ as_of_date() }} as observation_date,
        metrics.metric_name is not null as is_governed_metric,
        coalesce(metrics.owner, '') <> '' as has_owner,
        coalesce(metrics.description, '') <> '' as has_definition,
        metrics.metric_name is not null
        and (metrics.target is not null or targets.target is not null) as has_target,
        coalesce(metrics.data_tests, 0) > 0 as has_tests,
        metrics.metric_name is not null and metrics.same_formula_as is null as has_one_definition
    from kpis
    left join metrics
        on kpis.metric = metrics.metric_name
    left join targets
        on kpis.metric = targets.metric
)

select
    *,
    is_governed_metric
    and has_owner
    and has_definition
    and has_target
    and has_tests
    and has_one_definition as is_compliant
from judged
