"""The marts of operations, completeness and reconciliation are what the demo was made of, to the
row.
"""

import csv

import duckdb
import pytest
from checks_revenue import TRUTH

from scripts.demo.plants import ODD_ROWS

# Truth file: the mart that holds the same rows, and which of its rows.
MARTS = {
    "requests": ("marts.fct_requests", "true"),
    "backlog": ("marts.fct_request_backlog", "true"),
    "dashboard_usage": ("marts.fct_dashboard_usage", "is_cs_leader and is_core_dashboard"),
    "incidents": ("marts.fct_incident_months", "true"),
    "automation": ("marts.fct_automation_runs", "true"),
    "dependencies": ("marts.fct_dependencies", "true"),
    "stakeholders": ("marts.fct_stakeholder_satisfaction", "true"),
    "csm_accounts": ("marts.fct_csm_accounts", "true"),
    "reconciliation": ("marts.fct_revenue_reconciliation", "true"),
    "field_completeness": (
        "(select field, segment, sum(filled)::int as filled, sum(expected)::int as expected "
        "from metadata.fct_field_completeness where measured_from = 'record' group by all)",
        "true",
    ),
    "dashboards": ("intermediate.int_dashboards_documented", "true"),
}


@pytest.mark.parametrize("name", MARTS)
def test_mart_is_what_was_planted(warehouse: duckdb.DuckDBPyConnection, name: str) -> None:
    file = TRUTH / f"operations_{name}.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        header = next(csv.reader(lines))
    mart, condition = MARTS[name]
    types = {
        column: kind
        for column, kind, *_ in warehouse.execute(f"describe select * from {mart}").fetchall()
    }
    typed = ", ".join(f"cast({column} as {types[column]}) as {column}" for column in header)
    planted = f"select {typed} from read_csv('{file}', all_varchar = true)"
    found = f"select {', '.join(header)} from {mart} where {condition}"
    assert warehouse.execute(planted).fetchall()
    for one, other in ((planted, found), (found, planted)):
        assert not warehouse.execute(f"{one} except all {other}").fetchall()


def test_views_of_unknown_dashboards_are_kept_and_counted(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    planted = [row for row in ODD_ROWS["ops", "dashboard_views"] if "dashboard_key" in row]
    found = warehouse.execute(
        "select dashboard_key, sum(views) from marts.fct_dashboard_usage "
        "where not is_known_dashboard group by all order by all"
    ).fetchall()
    assert found == [("copy_of_renewals", 1), ("q3_draft", 2)]
    assert sum(views for _, views in found) == len(planted)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("requests that breach on the last day", "is_over_limit"),
        ("withdrawn requests", "not is_counted"),
        ("requests served by a dashboard", "is_self_served"),
        ("requests that took a week of business days", "business_days_to_delivery > 5"),
    ],
)
def test_the_demo_has(warehouse: duckdb.DuckDBPyConnection, question: str, answer: str) -> None:
    found = warehouse.execute(f"select count(*) from marts.fct_requests where {answer}").fetchone()
    assert found is not None
    assert found[0] >= 2, question


def test_a_month_in_which_no_leader_looked_is_zero(metrics_engine) -> None:
    rates = metrics_engine.query(["dashboard_adoption_rate"], ["metric_time__month"])
    values = rates.column("dashboard_adoption_rate").to_pylist()
    assert len(values) == 30
    assert 0.0 in values
    assert None not in values
    assert 1.0 in values


def test_what_if_head_count_is_the_ratios_applied(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Each scenario of the seed, worked out from the planted books of the last month."""
    found = warehouse.execute(
        "select scenario, segment, accounts, arr, csms_needed, headcount_needed "
        "from marts.rpt_csm_headcount where month_start = date '2026-06-01' order by all"
    ).fetchall()
    with (TRUTH / "operations_csm_accounts.csv").open() as file:
        books = [row for row in csv.DictReader(file) if row["month_start"] == "2026-06-01"]
    ratios = {
        ("current", "enterprise"): (10, 360_000, 0.3),
        ("current", "mid_market"): (30, 400_000, 0.5),
        ("current", "smb"): (60, 300_000, 0.7),
        ("closer_enterprise", "enterprise"): (8, 300_000, 0.3),
        ("closer_enterprise", "mid_market"): (30, 400_000, 0.5),
        ("closer_enterprise", "smb"): (60, 300_000, 0.7),
        ("digital_smb", "enterprise"): (10, 360_000, 0.3),
        ("digital_smb", "mid_market"): (30, 400_000, 0.5),
        ("digital_smb", "smb"): (150, 750_000, 0.7),
    }
    assert [row[:2] for row in found] == sorted(ratios)
    for scenario, segment, accounts, arr, needed, headcount in found:
        per_accounts, per_arr, weight = ratios[scenario, segment]
        book = [float(row["arr"]) for row in books if row["segment"] == segment]
        expected = len(book) * weight / per_accounts + sum(book) * (1 - weight) / per_arr
        assert (accounts, float(arr)) == (len(book), pytest.approx(sum(book)))
        assert float(needed) == pytest.approx(expected, abs=1e-9)
        assert headcount == -int(-expected // 1)
