"""Pushing the same queue twice creates nothing twice, and what was pushed is remembered."""

import csv
import shutil
from pathlib import Path

import duckdb
import pytest
from whole_project import parsed, run_dbt

from scripts.project import ROOT, Places, UserError
from scripts.push_queue import push_queue

SEED = ROOT / "seeds" / "raw" / "success" / "raw_success__cta_pushes.csv"


def queue_of(folder: Path, *rows: tuple[str, str, str, str]) -> Path:
    """A database that holds a queue."""
    database = folder / "queue.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema if not exists marts")
        connection.execute(
            "create or replace table marts.rpt_cta_queue (action_key varchar, rule_key varchar, "
            "account_id varchar, proposed_date date)"
        )
        connection.executemany("insert into marts.rpt_cta_queue values (?, ?, ?, ?)", rows)
    return database


def test_a_proposal_is_pushed_once(tmp_path: Path) -> None:
    pushes = tmp_path / "success" / "cta_pushes.csv"
    database = queue_of(
        tmp_path,
        ("drop|a1|1", "drop", "a1", "2026-03-10"),
        ("drop|a2|1", "drop", "a2", "2026-03-10"),
    )
    assert push_queue(database, pushes) == ["drop|a1|1", "drop|a2|1"]
    first = pushes.read_bytes()
    assert first.decode().splitlines() == [
        "action_key,rule_key,account_id,pushed_at",
        "drop|a1|1,drop,a1,2026-03-10T00:00:00Z",
        "drop|a2|1,drop,a2,2026-03-10T00:00:00Z",
    ]
    assert push_queue(database, pushes) == []
    assert pushes.read_bytes() == first

    # A day later, before anybody built on the file: the same keys, and one more.
    later = queue_of(
        tmp_path,
        ("drop|a1|1", "drop", "a1", "2026-03-11"),
        ("drop|a2|2", "drop", "a2", "2026-03-11"),
    )
    assert push_queue(later, pushes) == ["drop|a2|2"]
    assert push_queue(later, pushes) == []


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "accounts.csv"
    other.write_text("account_id,name\na1,Amber\n")
    database = queue_of(tmp_path, ("drop|a1|1", "drop", "a1", "2026-03-10"))
    with pytest.raises(UserError, match="has no column action_key"):
        push_queue(database, other)
    assert other.read_text() == "account_id,name\na1,Amber\n"


def test_a_missing_build_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Build first"):
        push_queue(tmp_path / "none.duckdb", tmp_path / "pushes.csv")


def test_what_was_pushed_is_not_proposed_again(tmp_path: Path) -> None:
    """Push, build on the file of pushes, push again: the second time there is nothing."""
    pushes = tmp_path / "success" / "cta_pushes.csv"
    pushes.parent.mkdir()
    shutil.copy(SEED, pushes)
    database = tmp_path / "bellwether.duckdb"
    shutil.copy(Places.of().work_file, database)
    assert len(push_queue(database, pushes)) > 20
    pushed = pushes.read_bytes()
    variables = {"raw_source_success": "files", "raw_dir": str(tmp_path)}
    tables = ["base_success__cta_pushes", "stg_success__cta_pushes", "rpt_cta_queue"]
    run_dbt(tmp_path, variables, "run", "--select", *tables, manifest=parsed())
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.rpt_cta_queue").fetchone() == (0,)
    assert push_queue(database, pushes) == []
    assert pushes.read_bytes() == pushed


def test_the_demos_pushes_keep_proposals_back_and_bring_them_again(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Each rule that holds is proposed, unless its last push is younger than its cool-down."""
    with (ROOT / "seeds" / "reference" / "cta_rules.csv").open() as file:
        cool_down = {row["rule_key"]: int(row["cool_down_days"]) for row in csv.DictReader(file)}
    found = warehouse.execute(
        "select rule_key, account_id, playbook_key from intermediate.int_cta_actions_found"
    ).fetchall()
    pushes = warehouse.execute(
        "select rule_key, account_id, datediff('day', pushed_at::date, date '2026-06-30') "
        "from staging.stg_success__cta_pushes where pushed_at < timestamp '2026-07-01'"
    ).fetchall()
    is_open = set(
        warehouse.execute(
            "select account_id, playbook_key from marts.fct_ctas where is_open"
        ).fetchall()
    )
    expected, kept_back, again = set(), 0, 0
    for rule, account, playbook in found:
        ages = [age for r, a, age in pushes if (r, a) == (rule, account)]
        is_cooling = bool(ages) and min(ages) < cool_down[rule]
        kept_back += is_cooling
        if not is_cooling and (account, playbook) not in is_open:
            again += bool(ages)
            expected.add((f"{rule}|{account}|{len(ages) + 1}", account))
    queue = warehouse.execute("select action_key, account_id from marts.rpt_cta_queue").fetchall()
    assert set(queue) == expected
    assert len(queue) == len(expected)
    assert kept_back > 0
    assert again > 0
