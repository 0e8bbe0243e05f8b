"""What customers lost, as planted, is what the outcome marts say, to the row and the cent."""

import csv
from datetime import date, timedelta
from decimal import Decimal

import duckdb

from scripts.project import ROOT

TRUTH = ROOT / "tests" / "truth"
LAST_DAY = date(2026, 6, 30)
HORIZONS = (90, 180, 365)


def truth(name: str) -> list[dict[str, str]]:
    with (TRUTH / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def month_end(month_start: str) -> date:
    first = date.fromisoformat(month_start)
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def test_losses_to_the_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    planted = truth("health_losses")
    found = warehouse.execute(
        "select account_id, month_start::varchar, has_churned::varchar, has_contracted::varchar, "
        "mrr_lost::varchar from marts.fct_health_losses"
    ).fetchall()
    assert len(planted) > 40
    assert sorted(found) == sorted(tuple(row.values()) for row in planted)


def test_a_contract_that_moves_to_a_sister_account_is_no_loss() -> None:
    scenarios = {row["scenario"]: row["account_id"] for row in truth("accounts")}
    child = scenarios["child whose contract moves to its sister"]
    left = [row for row in truth("movements") if row["account_id"] == child]
    assert "churn" in {row["movement_type"] for row in left}
    assert child not in {row["account_id"] for row in truth("health_losses")}


def test_outcomes_to_the_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    losses: dict[str, list[tuple[date, bool, Decimal]]] = {}
    for row in truth("health_losses"):
        loss = (
            month_end(row["month_start"]),
            row["has_churned"] == "true",
            Decimal(row["mrr_lost"]),
        )
        losses.setdefault(row["account_id"], []).append(loss)
    expected = set()
    for row in truth("monthly_mrr"):
        account, day = row["account_id"], month_end(row["month_start"])
        for horizon in HORIZONS:
            end = day + timedelta(days=horizon)
            if account == "unassigned" or end > LAST_DAY:
                continue
            within = [loss for loss in losses.get(account, []) if day < loss[0] <= end]
            churned = any(is_churn for _, is_churn, _ in within)
            contracted = any(not is_churn for _, is_churn, _ in within)
            lost = sum((amount for *_, amount in within), Decimal("0.00"))
            expected.add((account, day, horizon, churned, contracted, lost))
    found = warehouse.execute(
        "select account_id, month_end, horizon_days, has_churned, has_contracted, mrr_lost "
        "from marts.fct_health_outcomes"
    ).fetchall()
    assert len(expected) > 5000
    assert len(found) == len(expected)
    assert set(found) == expected
