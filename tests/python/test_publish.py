"""Publishing is all or nothing, copies what is public, and disturbs no reader."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from scripts.dbt import Dbt
from scripts.project import CATALOG, ROOT, Places, UserError, sibling
from scripts.publish import command, publish

READER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
for _ in range(2):
    print(connection.execute("select sum(mrr) from marts.fct_account_months").fetchone()[0])
    sys.stdout.flush()
    sys.stdin.readline()
"""

# Dies, as if killed, at the moment the finished copy would be renamed into place.
KILLED_PUBLISH = """
import os, signal, sys
from pathlib import Path
from scripts.dbt import Dbt
from scripts.project import Places
from scripts.publish import command, publish

rename = Path.replace
def die_on_the_database(self, target):
    if Path(target).suffix == ".duckdb":
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.replace = die_on_the_database
places = Places.of(Path(sys.argv[1]))
publish(places, places.target / "audit.html")
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places.of(tmp_path / "acme.duckdb")
    places.target.mkdir(parents=True)
    places.semantic_manifest.write_text("{}")
    places.osi_document.write_text('{"version": "0.1.1"}')
    report(places).write_text("all rules hold")
    write_work_file(places, mrr="100.10")
    return places


def report(places: Places) -> Path:
    return places.target / "audit.html"


def write_work_file(places: Places, mrr: str) -> None:
    with duckdb.connect(str(places.work_file)) as connection:
        connection.execute(
            f"""
            create schema if not exists staging;
            create schema if not exists marts;
            create or replace table staging.secrets as select 'raw' as email;
            create or replace table marts.fct_account_months (
                account_id text not null,
                mrr decimal(18, 2)
            );
            insert into marts.fct_account_months values ('a', {mrr}), ('b', 0.90);
            create or replace view marts.rpt_totals as
            select sum(mrr) as mrr, (select count(*) from bellwether.staging.secrets) as secrets
            from bellwether.marts.fct_account_months;
            """
        )


def published_total(places: Places, table: str = "fct_account_months") -> str:
    with duckdb.connect(str(places.published_file), read_only=True) as connection:
        return str(connection.execute(f"select sum(mrr) from marts.{table}").fetchone()[0])


def test_public_schemas_are_published_and_nothing_else(places: Places) -> None:
    assert publish(places, report(places)) == 2
    with duckdb.connect() as connection:
        connection.execute(f"attach '{places.published_file}' as {CATALOG} (read_only)")
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() order by 1"
        ).fetchall()
        schemas = connection.execute(
            "select schema_name from duckdb_schemas() "
            "where database_name = 'bellwether' and not internal order by 1"
        ).fetchall()
        (nullable,) = connection.execute(
            "select is_nullable from duckdb_columns() where column_name = 'account_id'"
        ).fetchone()
        (storage,) = connection.execute(
            "select tags['storage_version'] from duckdb_databases() "
            "where database_name = 'bellwether'"
        ).fetchone()
    assert tables == [("marts.fct_account_months",), ("marts.rpt_totals",)]
    assert {"marts", "metadata", "metrics"} <= {name for (name,) in schemas}
    assert not nullable
    assert storage.startswith("v1.4.0")
    assert published_total(places) == "101.00"
    assert published_total(places, "rpt_totals") == "101.00"
    assert sibling(places.published_file, "semantic_manifest.json").read_text() == "{}"
    osi_document = sibling(places.published_file, "osi_document.json")
    assert osi_document.read_text() == '{"version": "0.1.1"}'


def test_reader_of_the_old_file_is_not_disturbed(places: Places) -> None:
    publish(places, report(places))
    with subprocess.Popen(
        [sys.executable, "-c", READER, places.published_file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout.readline() == "101.00\n"
        write_work_file(places, mrr="250.00")
        publish(places, report(places))
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "101.00\n"
        reader.stdin.close()
        assert reader.wait(timeout=10) == 0
    assert published_total(places) == "250.90"


def test_killed_publish_leaves_the_published_file_as_it_was(places: Places) -> None:
    publish(places, report(places))
    before = places.published_file.read_bytes()
    files_before = sorted(places.published_file.parent.iterdir())
    write_work_file(places, mrr="250.00")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_PUBLISH, places.published_file], cwd=ROOT, check=False
    )
    assert killed.returncode == -9
    assert places.published_file.read_bytes() == before
    # What it left behind is gone after the next time.
    assert sorted(places.published_file.parent.iterdir()) != files_before
    publish(places, report(places))
    assert sorted(places.published_file.parent.iterdir()) == files_before
    assert published_total(places) == "250.90"


def test_nothing_to_publish_is_said(places: Places) -> None:
    places.work_file.unlink()
    with pytest.raises(UserError, match=r"nothing to publish.*Build first"):
        publish(places, report(places))


def test_builds_with_different_published_files_share_no_file() -> None:
    demo, acme = Places.of(), Places.of(Places.of().published_file.with_name("acme.duckdb"))
    for name in ("published_file", "work_file", "target", "logs"):
        assert getattr(demo, name) != getattr(acme, name)
    assert demo.work_file.stem == acme.work_file.stem == CATALOG
    assert sibling(demo.published_file, "docs.html") != sibling(acme.published_file, "docs.html")


def test_only_a_build_that_passed_is_published_by_hand(places: Places) -> None:
    with pytest.raises(UserError, match=r"no build of .*acme\.duckdb yet"):
        Dbt.of_last_build(places)
    variables = {"as_of_date": "2026-01-31"}
    results = {"args": {"vars": variables}, "results": [{"status": "success"}]}
    places.run_results.write_text(json.dumps(results))
    assert Dbt.of_last_build(places).variables == variables
    results["results"].append({"status": "skipped"})
    places.run_results.write_text(json.dumps(results))
    with pytest.raises(UserError, match=r"failed\. Build again first"):
        command(places.published_file)
