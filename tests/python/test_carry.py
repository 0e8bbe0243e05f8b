"""What was published once stays as it was published, whatever is built later.

Done on a small project with the real models of the published scores and the real scripts.
"""

import os
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from small_project import SmallProject
from warm_python import run_python

from scripts.carry import CARRIED_TABLES, carry
from scripts.project import ROOT, Places, UserError

TABLE = "fct_health_scores_published"
REPORT = "rpt_health_restatements"

SCORES = """
select
    'a' as account_id, last_day(month_start) as observation_date, 'month_end' as period_type,
    'v1' as model_version, true as is_champion, cast({score} as decimal(9, 4)) as score,
    'green' as band, 'green' as final_band
from (values (date '2026-04-01'), (date '2026-05-01'), (date '2026-06-01')) as months (month_start)
where last_day(month_start) <= {{{{ as_of_date() }}}}
"""
APRIL, MAY, JUNE = "2026-04-30", "2026-05-31", "2026-06-30"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    project = SmallProject.in_folder(tmp_path_factory.mktemp("small"))
    shutil.copy(ROOT / "macros" / "as_of_date.sql", project.root / "macros")
    shutil.copy(ROOT / "models" / "docs.md", project.root / "models")
    for model in (TABLE, REPORT):
        for suffix in ("sql", "yml"):
            source = ROOT / "models" / "marts" / "health" / f"{model}.{suffix}"
            shutil.copy(source, project.root / "models" / "marts")
    project.write_model("marts/health_models", "select 'v1' as model_version, 'champion' as status")
    write_score(project, 80)
    return project


def write_score(project: SmallProject, score: int) -> None:
    """The score that every month end would have today."""
    project.write_model("marts/fct_health_scores", SCORES.format(score=score))


def build(project: SmallProject, as_of: str, *arguments: str) -> None:
    built = project.run("build", "--as-of", as_of, *arguments)
    assert built.returncode == 0, built.stderr


def query(file: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def published(file: Path) -> dict[str, tuple]:
    rows = query(
        file, f"select month_end::text, score, published_as_of_date::text from marts.{TABLE}"
    )
    assert len({month for month, *_ in rows}) == len(rows)
    return {month: (int(score), as_of) for month, score, as_of in rows}


def today(file: Path) -> dict[str, tuple]:
    return {
        month: (int(score), restated)
        for month, score, restated in query(
            file, f"select month_end::text, score_today, is_restated from marts.{REPORT}"
        )
    }


def test_corrected_history_rewrites_no_published_score(project: SmallProject) -> None:
    file = project.published_file
    build(project, MAY)
    first = {APRIL: (80, MAY), MAY: (80, MAY)}
    assert published(file) == first
    assert today(file) == {APRIL: (80, False), MAY: (80, False)}

    # A build that fails after the scores were added publishes nothing, and leaves nothing behind.
    write_score(project, 30)
    project.write_model("marts/rpt_broken", f"select nonesuch from {{{{ ref('{TABLE}') }}}}")
    failed = project.run("build", "--as-of", JUNE)
    assert failed.returncode == 1
    work_file = project.root / "work" / "bellwether.duckdb"
    assert published(work_file) == {**first, JUNE: (30, JUNE)}
    assert published(file) == first
    (project.root / "models" / "marts" / "rpt_broken.sql").unlink()

    # The history was corrected: May stays as published, and both scores can be queried. The
    # published file is one of an older version of the project, which lacked a column.
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"alter table marts.{TABLE} drop column is_champion")
    write_score(project, 50)
    build(project, JUNE)
    both = {**first, JUNE: (50, JUNE)}
    assert published(file) == both
    assert today(file) == {APRIL: (50, True), MAY: (50, True), JUNE: (50, False)}
    champions = query(file, f"select month_end::text, is_champion from marts.{TABLE} order by 1")
    assert champions == [(APRIL, None), (MAY, None), (JUNE, True)]

    # A build as of an earlier date adds nothing; as of then, nothing had been published.
    build(project, APRIL)
    assert published(file) == both
    assert today(file) == {}


def test_dbt_alone_publishes_into_a_fresh_file_once(project: SmallProject, tmp_path: Path) -> None:
    work_file = tmp_path / "bellwether.duckdb"
    for score in (70, 60):
        write_score(project, score)
        run_python(
            ["-m", "dbt.cli.main", "--quiet", "build", "--select", f"+{REPORT}"],
            project.root,
            {**os.environ, "BELLWETHER_WORK_FILE": str(work_file)},
        ).check_returncode()
    assert published(work_file) == dict.fromkeys((APRIL, MAY, JUNE), (70, JUNE))
    assert today(work_file) == dict.fromkeys((APRIL, MAY, JUNE), (60, True))


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places.of(tmp_path / "it's.duckdb")
    places.work_file.parent.mkdir()
    return places


def write(file: Path, sql: str) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute(sql)


def carried(places: Places) -> list[tuple]:
    return query(places.work_file, f"from {CARRIED_TABLES[0]}")


def test_only_what_was_published_is_carried(places: Places) -> None:
    write(
        places.published_file,
        f"create schema marts; create table {CARRIED_TABLES[0]} (score decimal(9, 4) not null);"
        f"insert into {CARRIED_TABLES[0]} values (1); create table marts.other as select 1",
    )
    carry(places)  # into a work file that is not there yet
    assert carried(places) == [(Decimal(1),)]
    write(places.work_file, f"insert into {CARRIED_TABLES[0]} values (2)")
    carry(places)
    assert carried(places) == [(Decimal(1),)]
    assert query(places.work_file, "select table_name from duckdb_tables()") == [
        (CARRIED_TABLES[0].split(".")[1],)
    ]
    assert query(
        places.work_file, "select is_nullable from duckdb_columns() where schema_name = 'marts'"
    ) == [(False,)]


@pytest.mark.parametrize("is_there", [True, False])
def test_without_a_published_table_the_work_file_has_none(places: Places, is_there: bool) -> None:
    if is_there:
        write(places.published_file, "create schema marts; create table marts.other as select 1")
    write(
        places.work_file,
        f"create schema marts; create table {CARRIED_TABLES[0]} as select 1 as score;"
        "create table marts.other as select 1",
    )
    carry(places)
    assert query(places.work_file, "select table_name from duckdb_tables()") == [("other",)]


def test_a_damaged_published_file_is_named_and_kept(places: Places) -> None:
    places.published_file.write_text("no database at all" * 1000)
    with pytest.raises(UserError, match=r"it's\.duckdb can't be read.*move it away"):
        carry(places)
    assert places.published_file.exists()
