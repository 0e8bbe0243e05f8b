"""Every metric equals a second calculation that shares no code with it, by month and by segment."""

from decimal import Decimal

import checks_adoption
import checks_domains
import checks_health_movements
import checks_health_outcomes
import checks_operations
import checks_reconciliation
import checks_renewals
import checks_revenue
import checks_success
import checks_voice
import duckdb
import pandas as pd
import pytest

from scripts.metrics_engine import MetricsEngine

MODULES = [
    checks_revenue,
    checks_domains,
    checks_adoption,
    checks_operations,
    checks_reconciliation,
    checks_success,
    checks_voice,
    checks_health_movements,
    checks_health_outcomes,
    checks_renewals,
]
CHECKS = {name: check for module in MODULES for name, check in module.CHECKS.items()}
RATIO_TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def tables(warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    return {
        name: rows.sort_values("month", kind="stable")
        for module in MODULES
        for name, rows in module.tables(warehouse).items()
    }


def test_every_metric_has_a_second_calculation(metrics_engine: MetricsEngine) -> None:
    assert len(metrics_engine.metrics) > 30
    assert set(CHECKS) == set(metrics_engine.metrics)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_metric_by_month(
    name: str, metrics_engine: MetricsEngine, tables: dict[str, pd.DataFrame]
) -> None:
    check = CHECKS[name]
    rows = tables[check.rows]
    found = by_group(metrics_engine, name, ["metric_time__month"])
    assert len(found) >= check.months
    expected = {
        (month.start_time.date(),): check.calculate(rows, month) for month in months_of(rows)
    }
    assert_same(found, expected)


@pytest.mark.parametrize("name", sorted(name for name in CHECKS if CHECKS[name].dimension))
def test_metric_by_month_and_segment(
    name: str, metrics_engine: MetricsEngine, tables: dict[str, pd.DataFrame]
) -> None:
    check = CHECKS[name]
    rows = tables[check.rows]
    found = by_group(metrics_engine, name, ["metric_time__month", check.dimension])
    expected = {}
    for segment, group in rows.groupby(check.segment, dropna=False):
        key = None if pd.isna(segment) else segment
        for month in months_of(rows):
            expected[month.start_time.date(), key] = check.calculate(group, month)
    assert len({segment for _, segment in found} - {None}) >= 3
    assert_same(found, expected)


def months_of(rows: pd.DataFrame) -> list[pd.Period]:
    return sorted(rows.month.unique())


def by_group(engine: MetricsEngine, name: str, group_by: list[str]) -> dict[tuple, object]:
    found = engine.query([name], group_by).to_pylist()
    return {tuple(row[column] for column in row if column != name): row[name] for row in found}


def assert_same(found: dict[tuple, object], expected: dict[tuple, object]) -> None:
    """Equal group by group; a group the metric has no row for has nothing to show."""
    differences = [
        (key, found.get(key), expected.get(key))
        for key in sorted(found.keys() | expected.keys(), key=str)
        if not same(found.get(key), expected.get(key), key in found)
    ]
    assert not differences, differences[:5]
    assert any(found.values()), "nothing but zeros was compared"


def same(found: object, expected: object, has_row: bool) -> bool:
    if not has_row:
        return not expected
    if found is None or expected is None:
        return found is expected
    if isinstance(found, float):
        return abs(found - float(expected)) <= RATIO_TOLERANCE * max(1, abs(found))
    return isinstance(found, int | Decimal) and found == expected
