"""The SQL of whole sets of metric queries, for the models that ask the semantic layer.

Each function gives one statement: the answers of many metrics below each other, in columns of the
same names. No formula stands here; the answers are those of `metrics query`.
"""

from collections.abc import Collection, Iterable

from scripts.metrics_engine import Metric, MetricDefinitions

DATE = "metric_time"


def kpi_values(
    definitions: MetricDefinitions, kpis: Iterable[tuple[str, str, str | None, str | None]]
) -> str:
    """Values of KPIs, each given as metric, period, segment dimension and condition."""
    return _below_each_other(
        _answer(definitions, metric, period, dimension, condition)
        for metric, period, segment_dimension, condition in kpis
        for dimension in _company_and(segment_dimension)
    )


def metric_values(definitions: MetricDefinitions, names: Collection[str] | None = None) -> str:
    """Values of public metrics by month, all if none is named: the company's and its segments'."""
    return _below_each_other(
        _answer(definitions, metric.name, "month", dimension)
        for metric in definitions.list_metrics()
        if names is None or metric.name in names
        for dimension in _company_and(_segment_dimension(metric))
    )


def _segment_dimension(metric: Metric) -> str | None:
    """By which segment a metric's values are told: the one held at the time, not today's."""
    return next(
        (
            name
            for name in metric.dimensions
            if name.endswith("__segment") and not name.startswith("current_")
        ),
        None,
    )


def _company_and(segment_dimension: str | None) -> list[str | None]:
    return [None, segment_dimension] if segment_dimension else [None]


def _answer(
    definitions: MetricDefinitions,
    metric: str,
    period: str,
    dimension: str | None,
    condition: str | None = None,
) -> str:
    date = f"{DATE}__{period}"
    sql = definitions.explain(
        [metric], [date, dimension] if dimension else [date], [condition] if condition else []
    )
    segment = f"coalesce({dimension}, 'unassigned')" if dimension else "'all'"
    return (
        f"select '{metric}' as metric, '{period}' as period, "
        f"cast({date} as date) as period_start, {segment} as segment, "
        # Twelve decimals first, as the models do it, so that engines agree on the sixth.
        f"cast(cast({metric} as decimal(28, 12)) as decimal(18, 6)) as value "
        f"from ({sql}) as answer "
        f"where {date} is not null"  # some measure what hasn't a date yet
    )


def _below_each_other(answers: Iterable[str]) -> str:
    return "\nunion all\n".join(answers)
