"""`make build` on a folder that holds only what is needed, into a file of its own."""

import csv
import os
import re
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from warm_python import run_python
from whole_project import parsed_into

from scripts.dbt import Dbt
from scripts.lineage import READ_BEFORE
from scripts.project import ROOT, Places, UserError

NEEDED = {
    "crm": ["accounts"],
    "billing": ["customers", "plans", "subscriptions", "subscription_charges"],
}
AS_OF = "2025-12-31"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file published from five tables of the demo, one of them as Parquet."""
    raw_dir = tmp_path_factory.mktemp("our data")
    for system, objects in NEEDED.items():
        (raw_dir / system).mkdir()
        for name in objects:
            seed = ROOT / "seeds" / "raw" / system / f"raw_{system}__{name}.csv"
            shutil.copy(seed, raw_dir / system / f"{name}.csv")
    plans = raw_dir / "billing" / "plans.csv"
    duckdb.sql(f"copy (from '{plans}') to '{plans.with_suffix('.parquet')}' (format parquet)")
    plans.unlink()

    demo = Places.of()
    demo_files = [demo.published_file, demo.work_file, demo.manifest]
    before = [written(path) for path in demo_files]
    published_file = tmp_path_factory.mktemp("published") / "ours.duckdb"
    # Most SQL is the demo's: what its build read of it spares half a minute.
    target = Places.of(published_file).target
    target.mkdir(parents=True)
    shutil.copy(demo.target / READ_BEFORE, target)
    arguments = ["--raw-dir", raw_dir, "--as-of", AS_OF, "--publish-to", published_file]
    built = run_python(["-m", "scripts", "build", *map(str, arguments)], ROOT)
    assert built.returncode == 0, built.stdout + built.stderr
    assert f"as of {AS_OF}" in built.stdout
    # dbt had no warning, of which the line would tell.
    assert re.search(r"^Tests +\d+ passed$", built.stdout, flags=re.MULTILINE)
    assert [written(path) for path in demo_files] == before, "the demo was touched"
    return published_file


def written(path: Path) -> tuple[int, int] | None:
    """When a file was written last, and its size; other tests may be reading it."""
    return (path.stat().st_mtime_ns, path.stat().st_size) if path.exists() else None


def query(published: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_money_is_right_without_the_other_systems(published: Path) -> None:
    found = {
        (account, str(month)): mrr
        for account, month, mrr in query(
            published,
            """
            select account_id, month_start, mrr
            from marts.fct_account_months
            where mrr > 0 and currency = 'USD'
            """,
        )
    }
    with (ROOT / "tests" / "truth" / "monthly_mrr.csv").open() as file:
        truth = {
            (row["account_id"], row["month_start"]): Decimal(row["mrr"])
            for row in csv.DictReader(file)
        }
    assert len(found) > 1000
    assert max(month for _, month in found) == "2025-12-01"
    assert found == {key: truth[key] for key in found}


def test_the_same_rows_are_rejected_as_in_the_demo(
    published: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    rejected = (
        "select system, raw_table, raw_key, reason_code from metadata.fct_rejected_rows "
        "order by all"
    )
    of_demo = [
        row for row in warehouse.execute(rejected).fetchall() if row[1] in NEEDED.get(row[0], [])
    ]
    assert len({reason for *_, reason in of_demo}) > 3
    assert query(published, rejected) == of_demo


def test_what_is_absent_is_empty_and_said_to_be(published: Path) -> None:
    provided = query(
        published,
        "select raw_table_id from metadata.fct_raw_row_accounting where is_provided order by 1",
    )
    assert provided == sorted(
        (f"{system}.{name}",) for system, objects in NEEDED.items() for name in objects
    )
    assert query(
        published,
        "select sum(rows_read), bool_or(is_provided) from metadata.fct_raw_row_accounting "
        "where system = 'usage'",
    ) == [(0, False)]
    assert query(
        published,
        """
        select count(tickets_opened), count(monthly_active_users) from marts.fct_account_months
        """,
    ) == [(0, 0)]
    assert query(published, "select count(*) from marts.fct_tickets") == [(0,)]


def test_an_as_of_date_before_the_first_charge_stops_the_build(published: Path) -> None:
    places = Places.of(published)
    environment = dict(os.environ)
    variables = {**Dbt.of_last_build(places).variables, "as_of_date": "2019-01-01"}
    dbt = Dbt(places, variables, manifest=parsed_into(places.target))
    try:
        with pytest.raises(UserError, match=r"as-of date is before the first charge.*choose a"):
            dbt.run(["test", "--select", "as_of_date_is_not_before_the_first_charge"])
    finally:
        dbt.release()
    # What runs later in this process must not find this work file.
    assert dict(os.environ) == environment
