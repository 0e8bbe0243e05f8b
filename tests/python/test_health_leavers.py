"""Accounts that leave the data: whoever is deleted, no longer billed or merged between a month's
end and the end of a window does not pass for one who stayed healthy.

The demo is built once more from sources in which some customers have gone.
"""

import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb
import pytest
from replay import compiled_sql

from scripts.project import Places

CHANGED = ("stg_crm__accounts", "stg_billing__subscription_charges")
OUTCOMES = "int_health_outcomes_observed"


def models_between() -> list[tuple[str, str]]:
    """Relation and SQL of what lies between the changed sources and outcomes, in order."""
    places = Places.of()
    nodes = json.loads(places.manifest.read_text(encoding="utf-8"))["nodes"]
    reads = {
        key: [name for name in node["depends_on"].get("nodes", []) if name in nodes]
        for key, node in nodes.items()
        if node["resource_type"] == "model"
    }
    changed = {f"model.bellwether.{name}" for name in CHANGED}
    needed, left = set(), [f"model.bellwether.{OUTCOMES}"]
    while left:
        key = left.pop()
        if key not in needed and key not in changed:
            needed.add(key)
            left += reads.get(key, [])
    order = [key for key in TopologicalSorter(reads).static_order() if key in needed]
    for key in order:
        if changed & set(reads.get(key, [])):
            changed.add(key)
    return [
        (
            nodes[key]["relation_name"],
            compiled_sql(places.target, nodes[key]["original_file_path"]),
        )
        for key in order
        if key in changed
    ]


@pytest.fixture(scope="module")
def kept(warehouse: duckdb.DuckDBPyConnection) -> list[str]:
    """Customers of a simple sort that have stayed to this day and lost nothing."""
    rows = warehouse.execute(
        """
        select account_id
        from marts.fct_account_months
        group by account_id
        having account_id <> 'unassigned'
            and max(ultimate_parent_account_id) = account_id
            and min(month_end) < date '2024-06-30'
            and min(mrr) > 0
            and min(contraction_mrr) = 0
            and account_id not in (select ultimate_parent_account_id from marts.dim_accounts
                                   where account_id <> ultimate_parent_account_id)
        order by account_id
        """
    ).fetchall()
    return [account for (account,) in rows]


@pytest.fixture(scope="module")
def left(
    kept: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The work file as it would be if four of them had gone."""
    copy = tmp_path_factory.mktemp("left") / Path(Places.of().work_file).name
    shutil.copy(Places.of().work_file, copy)
    deleted, merged, survivor, unbilled = kept[:4]
    with duckdb.connect(str(copy)) as connection:
        for view in CHANGED:
            connection.execute(
                f"create temp table held as from staging.{view}; drop view staging.{view}; "
                f"create table staging.{view} as from held; drop table held"
            )
        connection.execute(
            f"""
            update staging.stg_crm__accounts set is_deleted = true
            where account_id in ('{deleted}', '{merged}');

            update staging.stg_crm__accounts set parent_account_id = '{survivor}'
            where account_id = '{merged}';

            delete from staging.stg_billing__subscription_charges as charges
            using intermediate.int_charges_classified as classified
            where charges.charge_id = classified.charge_id
                and classified.account_id = '{unbilled}'
                and charges.effective_from >= date '2025-03-15';

            update staging.stg_billing__subscription_charges as charges
            set effective_to = date '2025-03-15'
            from intermediate.int_charges_classified as classified
            where charges.charge_id = classified.charge_id
                and classified.account_id = '{unbilled}'
                and coalesce(charges.effective_to > date '2025-03-15', true);
            """
        )
        for relation, sql in models_between():
            connection.execute(f"create or replace table {relation} as {sql}")
        yield connection


def outcomes(connection: duckdb.DuckDBPyConnection, account: str) -> dict[tuple, tuple]:
    rows = connection.execute(
        "select month_end, horizon_days, has_churned, has_contracted, mrr_lost "
        f"from intermediate.{OUTCOMES} where account_id = ?",
        [account],
    ).fetchall()
    return {(day, horizon): lost for day, horizon, *lost in rows}


def mrr(connection: duckdb.DuckDBPyConnection, account: str) -> dict:
    return dict(
        connection.execute(
            "select month_end, mrr from marts.fct_account_months where account_id = ?", [account]
        ).fetchall()
    )


def test_a_deleted_account_is_neither_kept_nor_lost(
    warehouse: duckdb.DuckDBPyConnection, left: duckdb.DuckDBPyConnection, kept: list[str]
) -> None:
    assert outcomes(warehouse, kept[0])
    assert not outcomes(left, kept[0])
    assert not outcomes(left, "unassigned")
    gone = sum(mrr(warehouse, kept[0]).values())
    more = sum(mrr(left, "unassigned").values()) - sum(mrr(warehouse, "unassigned").values())
    assert more == gone > 0


def test_an_account_that_is_no_longer_billed_has_churned(
    left: duckdb.DuckDBPyConnection, kept: list[str]
) -> None:
    found = outcomes(left, kept[3])
    last = date(2025, 3, 31)
    assert max(day for day, _ in found) == date(2025, 2, 28)
    for (day, horizon), (churned, contracted, lost) in found.items():
        is_in_window = day + timedelta(days=horizon) >= last
        assert (churned, contracted, lost > 0) == (is_in_window, False, is_in_window)


def test_a_merged_account_has_not_churned(
    warehouse: duckdb.DuckDBPyConnection, left: duckdb.DuckDBPyConnection, kept: list[str]
) -> None:
    merged, survivor = kept[1:3]
    assert not outcomes(left, merged)
    both = [mrr(warehouse, account) for account in (merged, survivor)]
    assert mrr(left, survivor) == {
        day: sum(one.get(day, 0) for one in both) for day in both[0] | both[1]
    }
    found = outcomes(left, survivor)
    assert len(found) >= len(outcomes(warehouse, survivor)) > 0
    assert all(lost == [False, False, 0] for lost in found.values())


def test_nobody_else_is_touched(
    warehouse: duckdb.DuckDBPyConnection, left: duckdb.DuckDBPyConnection, kept: list[str]
) -> None:
    others = (
        f"select * from intermediate.{OUTCOMES} where account_id not in (?, ?, ?, ?) order by all"
    )
    before, after = (
        connection.execute(others, kept[:4]).fetchall() for connection in (warehouse, left)
    )
    assert before == after
