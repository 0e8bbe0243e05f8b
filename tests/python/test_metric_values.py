"""Every public metric's monthly values as a table: complete, and what `metrics query` answers."""

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from scripts.compiled_queries import CompiledQueries
from scripts.metrics_engine import MetricsEngine
from scripts.project import Places

AS_OF = date(2026, 6, 30)
SIX_DECIMALS = Decimal("0.000001")
BY_SEGMENT = {
    "cohort_logo_retention": "cohort__segment",
    "cohort_mrr_retention": "cohort__segment",
    "data_completeness": "field_completeness__segment",
    "renewal_forecast_accuracy": "renewal_forecast__segment",
    "renewal_forecast_bias": "renewal_forecast__segment",
}

Values = dict[tuple[date, str], Decimal | None]


@pytest.fixture(scope="module")
def published(warehouse: duckdb.DuckDBPyConnection) -> dict[str, Values]:
    rows = warehouse.execute(
        "select metric_name, month_start, segment, value from metadata.fct_metric_values"
    ).fetchall()
    values: dict[str, Values] = {}
    for metric, month, segment, value in rows:
        values.setdefault(metric, {})[month, segment] = value
    return values


def answers(engine: MetricsEngine, metric: str, dimension: str | None) -> Values:
    """What the engine says, by month up to the as-of date."""
    names = ["metric_time__month", *([dimension] if dimension else [])]
    rows = engine.query([metric], names).to_pylist()
    return {
        (row["metric_time__month"], (row[dimension] or "unassigned") if dimension else "all"): (
            None if row[metric] is None else Decimal(row[metric]).quantize(SIX_DECIMALS)
        )
        for row in rows
        if row["metric_time__month"] and row["metric_time__month"] <= AS_OF
    }


def test_the_table_is_what_the_semantic_layer_answers(
    metrics_engine: MetricsEngine, published: dict[str, Values]
) -> None:
    differing = []
    for metric in metrics_engine.list_metrics():
        by_segment = BY_SEGMENT.get(metric.name, "account__segment")
        expected = answers(metrics_engine, metric.name, None)
        if by_segment in metric.dimensions:
            expected |= answers(metrics_engine, metric.name, by_segment)
        values = published.get(metric.name, {})
        if values.keys() != expected.keys() or not all(
            same(values[key], expected[key]) for key in expected
        ):
            differing.append(metric.name)
    assert not differing


def same(value: Decimal | None, expected: Decimal | None) -> bool:
    """Equal, give or take the last decimal, which a double's rounding may turn."""
    if value is None or expected is None:
        return value is expected
    return abs(value - expected) <= SIX_DECIMALS


def test_a_value_that_no_metric_has_is_not_there(
    metrics_engine: MetricsEngine, published: dict[str, Values]
) -> None:
    assert published.keys() == metrics_engine.metrics.keys()


@pytest.mark.parametrize("model", ["int_metric_values_queried", "int_kpi_values_queried"])
def test_the_values_wait_for_what_their_metrics_are_made_of(
    model: str, metrics_engine: MetricsEngine, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """A Python model names its inputs by hand: they are all its metrics' models."""
    manifest = json.loads((Places.of().target / "manifest.json").read_text(encoding="utf-8"))

    def models(node: str) -> set[str]:
        if node.startswith("model."):
            return {node}
        kind = "metrics" if node.startswith("metric.") else "semantic_models"
        return set().union(*(models(n) for n in manifest[kind][node]["depends_on"]["nodes"]))

    metrics: Iterable[str] = metrics_engine.metrics
    if model == "int_kpi_values_queried":
        rows = warehouse.execute("select metric from reference.kpis").fetchall()
        metrics = [metric for (metric,) in rows]
    made_of = set().union(*(models(f"metric.bellwether.{metric}") for metric in metrics))
    queried = manifest["nodes"][f"model.bellwether.{model}"]["depends_on"]["nodes"]
    assert made_of <= set(queried)


def test_a_query_is_compiled_once_for_each_text_of_definitions(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.compiled_queries.FILE", tmp_path / "queries.sqlite")
    compiled = iter({"DuckDB": f"select {number}", "Postgres": "..."} for number in (1, 2, 3))

    def ask(definitions: str, question: str) -> dict[str, str]:
        return CompiledQueries(definitions).sql(question, lambda: next(compiled))

    assert ask("one", "mrr") == {"DuckDB": "select 1", "Postgres": "..."}
    assert ask("one", "mrr") == {"DuckDB": "select 1", "Postgres": "..."}
    assert ask("one", "arr") == {"DuckDB": "select 2", "Postgres": "..."}
    assert ask("other", "mrr") == {"DuckDB": "select 3", "Postgres": "..."}


def test_a_query_is_compiled_anew_where_nothing_can_be_kept(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.compiled_queries.FILE", tmp_path / "absent" / "queries.sqlite")
    compiled = CompiledQueries("one").sql("mrr", lambda: {"DuckDB": "select 1"})
    assert compiled == {"DuckDB": "select 1"}
