"""Every published build leaves a record, and no record is ever changed.

Done on a small project with the real scripts and the real models of the run records.
"""

import json
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest
from small_project import MODELS, SmallProject

from scripts import fingerprints
from scripts.carry import RUN_TABLES
from scripts.project import CATALOG, Places, UserError
from scripts.publish import publish

FACT = "marts/fct_account_months"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    return SmallProject.in_folder(tmp_path_factory.mktemp("small"))


def query(file: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def history(project: SmallProject) -> list[dict]:
    listed = project.run("history", "--format", "json")
    assert listed.returncode == 0, listed.stderr
    return json.loads(listed.stdout)


def git(project: SmallProject, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=project.root, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_history_is_of_what_was_published(project: SmallProject) -> None:
    none_yet = project.run("history")
    assert none_yet.returncode == 1
    assert "no published file" in none_yet.stderr

    assert project.run("build").returncode == 0
    (first,) = history(project)
    assert first["revision"] == "none"
    assert (first["as_of_date"], first["rows_read"], first["rejected"]) == ("2026-06-30", 1000, 1)
    record = query(
        project.published_file,
        "select is_dirty, variables, tests_passed, tests_warned, warned_tests, rules_held > 0, "
        "json_keys(phase_seconds) from metadata.fct_runs",
    )
    phases = ["seeds, models and tests", "metrics", "audit"]
    assert record == [(None, "{}", 0, 0, None, True, phases)]

    # A build that fails, here in its audit, is not in the history.
    accounting = "metadata/fct_raw_row_accounting"
    project.write_model(accounting, MODELS[accounting].replace("990 as", "989 as"))
    assert project.run("build").returncode == 1
    assert history(project) == [first]
    project.write_model(accounting, MODELS[accounting])

    # From a git commit, the same rows; then from a changed file, other rows.
    (project.root / ".gitignore").write_text("published/\nwork/\ntarget/\nlogs/\n__pycache__/\n")
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "All of it")
    commit = git(project, "rev-parse", "HEAD")
    assert project.run("build").returncode == 0
    project.write_model(FACT, MODELS[FACT].replace("100.00 as mrr,", "120.00 as mrr,"))
    assert project.run("build", "--as-of", "2026-07-01").returncode == 0
    third, second, again = history(project)
    assert again == first
    assert [third["revision"], second["revision"]] == [f"{commit[:10]}+", commit[:10]]
    assert second["output"] == first["output"] != third["output"]
    assert query(
        project.published_file,
        "select revision, is_dirty, variables from metadata.fct_runs order by run_id",
    ) == [
        ("none", None, "{}"),
        (commit, False, "{}"),
        (commit, True, '{"as_of_date": "2026-07-01"}'),
    ]
    # What differs can be told table by table: the model, and the mark of what the metrics rest on.
    assert query(
        project.published_file,
        "select table_name from metadata.fct_run_outputs "
        "group by table_name having count(distinct fingerprint) > 1 order by table_name",
    ) == [("marts.fct_account_months",), ("metadata.fct_metric_fingerprints",)]


def test_a_test_that_warns_is_named(project: SmallProject) -> None:
    tests = {
        "warns": "{{ config(severity='warn') }} select 1 as one",
        "passes": "select 1 as one where false",
    }
    for name, sql in tests.items():
        (project.root / "tests" / f"{name}.sql").write_text(sql)
    assert project.run("build").returncode == 0
    for name in tests:
        (project.root / "tests" / f"{name}.sql").unlink()
    assert query(
        project.published_file,
        "select tests_passed, tests_warned, warned_tests from metadata.fct_runs "
        "order by run_id desc limit 1",
    ) == [(1, 1, "warns")]


@pytest.fixture
def places(project: SmallProject, tmp_path: Path) -> Places:
    """The built small project, elsewhere, to be published from here."""
    places = Places.of(tmp_path / "acme.duckdb")
    places.target.mkdir(parents=True)
    shutil.copy(project.root / "work" / "bellwether.duckdb", places.work_file)
    shutil.copy(project.published_file, places.published_file)
    for file in (places.semantic_manifest, places.osi_document, places.target / "audit.html"):
        file.write_text("{}")
    return places


@pytest.mark.parametrize(
    "change",
    [
        "update metadata.fct_runs set revision = 'another'",
        "delete from metadata.fct_run_inputs; "
        "delete from metadata.fct_run_outputs where table_name = 'marts.dim_dates'",
        "alter table metadata.fct_runs drop column seconds",
        "drop table metadata.fct_run_outputs",
    ],
)
def test_nothing_is_published_that_changes_a_record(places: Places, change: str) -> None:
    publish(places, places.target / "audit.html")  # as it is, it can be
    before = places.published_file.read_bytes()
    with duckdb.connect(str(places.work_file)) as connection:
        connection.execute(change)
    with pytest.raises(UserError, match=r"rows of metadata\.fct_run.* are only ever added to"):
        publish(places, places.target / "audit.html")
    assert places.published_file.read_bytes() == before


def test_rows_are_published_in_one_order_and_have_one_fingerprint(places: Places) -> None:
    """Whatever order they were made in; another row, or another type, has another one."""
    rows = "(values (1, 'b'), (2, null), (1, 'a'), (1, 'a')) as listed (number, letter)"

    def published(select: str) -> tuple[list[tuple], tuple[int, str]]:
        with duckdb.connect(str(places.work_file)) as connection:
            connection.execute(f"create or replace table marts.fct_listed as {select}")
        publish(places, places.target / "audit.html")
        with duckdb.connect() as connection:
            connection.execute(f"attach '{places.published_file}' as {CATALOG}; use {CATALOG}")
            return (
                connection.execute("from marts.fct_listed").fetchall(),
                fingerprints.of_outputs(connection, RUN_TABLES)["marts.fct_listed"],
            )

    one, other = (published(f"from {rows} order by 1 {way}, 2 {way}") for way in ("asc", "desc"))
    assert one == other
    assert one[0] == [(1, "a"), (1, "a"), (1, "b"), (2, None)]
    once = published(f"select distinct * from {rows}")
    wider = published(f"select number::bigint as number, letter from {rows}")
    renamed = published(f"select number, letter as text from {rows}")
    assert len({one[1], once[1], wider[1], renamed[1]}) == 4
