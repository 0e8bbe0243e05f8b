"""How the demo's customers use the product is what the marts say, to the row."""

import csv
from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from scripts.metrics_engine import MetricsEngine
from scripts.project import ROOT, Places

TRUTH = ROOT / "tests" / "truth"


def truth(name: str) -> list[dict[str, str]]:
    with (TRUTH / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def assert_rows(warehouse: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    """The query returns exactly the rows of the file of truth."""
    planted = [tuple(row.values()) for row in truth(name)]
    found = [
        tuple("" if value is None else str(value) for value in row)
        for row in warehouse.execute(sql).fetchall()
    ]
    assert len(planted) > 80
    assert sorted(found) == sorted(planted)


def test_milestones_to_the_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert_rows(
        warehouse,
        "milestones",
        "select account_id, milestone, started_date, reached_date, "
        "is_reached_within_target::varchar from marts.fct_adoption_milestones",
    )
    outcomes = {row["is_reached_within_target"] for row in truth("milestones")}
    assert outcomes == {"true", "false", ""}


def test_stage_users_of_each_account_to_the_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    planted = [tuple(r.values()) for r in truth("stage_users") if r["account_id"] != "everybody"]
    found = warehouse.execute(
        "select account_id, month_start::varchar, product_stage, "
        "count(distinct product_user_id)::varchar from marts.fct_user_stage_months group by all"
    ).fetchall()
    assert sorted(found) == sorted(planted)


def test_stage_users_of_everybody_count_once(metrics_engine: MetricsEngine) -> None:
    """Three users work in two accounts each, so the accounts add up to more than everybody."""
    planted = {
        (date.fromisoformat(row["month_start"]), row["product_stage"]): int(row["users"])
        for row in truth("stage_users")
        if row["account_id"] == "everybody"
    }
    found = metrics_engine.query(
        ["smau"], ["metric_time__month", "user_stage_month__product_stage"]
    ).to_pylist()
    assert {
        (row["metric_time__month"], row["user_stage_month__product_stage"]): row["smau"]
        for row in found
    } == planted


def test_users_of_two_accounts_are_kept_in_both_and_marked(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    guests = warehouse.execute(
        "select product_user_id from marts.fct_user_activity where account_id <> 'unassigned' "
        "group by 1 having count(distinct account_id) > 1"
    ).fetchall()
    assert len(guests) == 3
    marked, accounts = warehouse.execute(
        "select count(distinct product_user_id), min(accounts) from ("
        "select product_user_id, month_start, count(*) as accounts "
        "from marts.fct_user_months where is_in_several_accounts group by all)"
    ).fetchone()
    assert (marked, accounts) == (3, 2)


def test_core_features_of_each_customer_to_the_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert_rows(
        warehouse,
        "core_features",
        "select account_id, month_start, count(*), count(*) filter (where is_used) "
        "from marts.fct_feature_adoption "
        "where is_core and is_in_plan and is_active_customer and account_id <> 'unassigned' "
        "group by all",
    )


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MetricsEngine]:
    """Three accounts, two segments, four users: what each question must count is known."""
    folder = tmp_path_factory.mktemp("by_hand")
    path = folder / Places.of().work_file.name
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            """
            create table marts.dim_dates as
            select unnest(generate_series(date '2026-01-01', date '2026-03-31', interval 1 day))
                ::date as date_day;
            create table marts.dim_months as
            select unnest([date '2026-01-01', date '2026-02-01', date '2026-03-01']) as month_start;
            create table marts.dim_account_history as
            select * from (values
                ('a|1', 'a', 'smb'), ('b|1', 'b', 'smb'), ('c|1', 'c', 'enterprise')
            ) as versions (account_version_id, account_id, segment);
            create table marts.fct_user_stage_months as
            select *, account_id || '|1' as account_version_id, false as is_internal_account
            from (values
                -- u works on two stages in a, and also in b and c, of which c is another segment
                ('u', 'a', 'act', date '2026-03-01'),
                ('u', 'a', 'govern', date '2026-03-01'),
                ('u', 'b', 'act', date '2026-03-01'),
                ('u', 'c', 'act', date '2026-03-01'),
                ('v', 'a', 'act', date '2026-03-01'),
                ('w', 'c', 'govern', date '2026-03-01'),
                -- only in the quarter's first month, so not in the quarter
                ('x', 'a', 'act', date '2026-01-01')
            ) as rows (product_user_id, account_id, product_stage, month_start);
            create table marts.fct_user_months as
            select *, account_id || '|1' as account_version_id, true as is_paying_account,
                true as is_active_in_week, 2 as active_days
            from (values
                ('u', 'a', date '2026-03-01'), ('u', 'b', date '2026-03-01'),
                ('u', 'c', date '2026-03-01'), ('v', 'a', date '2026-03-01'),
                ('w', 'c', date '2026-03-01'), ('x', 'a', date '2026-01-01')
            ) as rows (product_user_id, account_id, month_start);
            """
        )
    engine = MetricsEngine(path, Places.of().semantic_manifest)
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("metric", "group_by", "expected"),
    [
        ("smau", [], {(): 3}),
        ("smau", ["user_stage_month__product_stage"], {("act",): 2, ("govern",): 2}),
        ("smau", ["account__segment"], {("smb",): 2, ("enterprise",): 2}),
        ("smau", ["account__account_id"], {("a",): 2, ("b",): 1, ("c",): 2}),
        (
            "smau",
            ["account__segment", "user_stage_month__product_stage"],
            {
                ("smb", "act"): 2,
                ("smb", "govern"): 1,
                ("enterprise", "act"): 1,
                ("enterprise", "govern"): 1,
            },
        ),
        ("smau", ["metric_time__month"], {(date(2026, 1, 1),): 1, (date(2026, 3, 1),): 3}),
        ("smau", ["metric_time__quarter"], {(date(2026, 1, 1),): 3}),
        ("monthly_active_users", [], {(): 3}),
        ("monthly_active_users", ["account__segment"], {("smb",): 2, ("enterprise",): 2}),
        ("monthly_active_users", ["metric_time__quarter"], {(date(2026, 1, 1),): 3}),
        ("weekly_active_users", ["account__account_id"], {("a",): 2, ("b",): 1, ("c",): 2}),
    ],
)
def test_a_user_counts_once_in_every_group(
    by_hand: MetricsEngine, metric: str, group_by: list[str], expected: dict[tuple, int]
) -> None:
    found = by_hand.query([metric], group_by).to_pylist()
    assert {tuple(row[name] for name in group_by): row[metric] for row in found} == expected
