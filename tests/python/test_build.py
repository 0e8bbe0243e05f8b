"""A build that goes wrong says what and why, and leaves the last published file as it was.

Done on a small project with the real scripts: it is killed, broken and repeated.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_project import MODELS, SmallProject

FACT = "marts/fct_account_months"
HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"


@pytest.fixture(scope="module")
def first_build(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[SmallProject, subprocess.CompletedProcess[str]]:
    project = SmallProject.in_folder(tmp_path_factory.mktemp("small"))
    return project, project.run("build")


@pytest.fixture
def project(first_build: tuple[SmallProject, subprocess.CompletedProcess[str]]) -> SmallProject:
    return first_build[0]


@contextmanager
def model(project: SmallProject, name: str, sql: str) -> Iterator[None]:
    """The project with another text of a model, for a while."""
    project.write_model(name, sql)
    yield
    project.write_model(name, MODELS[name])


@contextmanager
def published_files_unchanged(project: SmallProject) -> Iterator[None]:
    def contents() -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in project.published_file.parent.iterdir()}

    before = contents()
    yield
    assert contents() == before


def test_a_build_ends_with_a_summary(
    first_build: tuple[SmallProject, subprocess.CompletedProcess[str]],
) -> None:
    project, built = first_build
    assert built.returncode == 0, built.stderr
    assert built.stderr == ""
    assert "25 models, 4 seeds, as of 2026-06-30\n" in built.stdout
    assert "1,000 read = 990 kept + 6 duplicates + 3 superseded + 1 rejected\n" in built.stdout
    for file in ("bellwether.duckdb", "bellwether.docs.html", "bellwether.audit.html"):
        assert str(project.published_file.with_name(file)) in built.stdout
    assert project.published_names() == [
        "bellwether.audit.html",
        "bellwether.dictionary.html",
        "bellwether.docs.html",
        "bellwether.duckdb",
        "bellwether.osi_document.json",
        "bellwether.semantic_manifest.json",
    ]
    assert project.published_mrr() == "100.00"


def test_what_a_model_remarks_is_printed(project: SmallProject) -> None:
    remark = "{% if execute %}{% do log('Row 7 is odd.', info=true) %}{% endif %}\n"
    with model(project, FACT, remark + MODELS[FACT]):
        built = project.run("build")
    assert built.returncode == 0
    assert "Note: Row 7 is odd.\n" in built.stdout
    with model(project, FACT, remark + "select nothing"):
        failed = project.run("build")
    assert failed.returncode == 1
    assert "  Row 7 is odd.\n" in failed.stderr


def test_a_model_that_fails_stops_the_build(project: SmallProject) -> None:
    with (
        published_files_unchanged(project),
        model(project, "marts/fct_tickets", "select nonesuch from {{ ref('dim_accounts') }}"),
    ):
        built = project.run("build")
        assert built.returncode == 1
        assert "model fct_tickets (models/marts/fct_tickets.sql)" in built.stderr
        assert 'Referenced column "nonesuch" not found' in built.stderr
        assert str(project.root / "logs" / "dbt.log") in built.stderr
        assert "Traceback" not in built.stderr


def test_an_audit_that_fails_stops_the_build(project: SmallProject) -> None:
    name = "metadata/fct_raw_row_accounting"
    lossy = MODELS[name].replace("990 as rows_kept", "989 as rows_kept")
    with published_files_unchanged(project), model(project, name, lossy):
        built = project.run("build")
        assert built.returncode == 1
        assert "billing.invoices: 1000 rows read, but 999 accounted for" in built.stderr
        assert str(project.root / "target" / "audit.html") in built.stderr
        assert "Traceback" not in built.stderr


def test_a_killed_build_leaves_what_was_published(project: SmallProject) -> None:
    endless = "select 'a' as account_id from range(1000000000000) as t(i) where hash(i) = 1"
    log = project.root / "logs" / "dbt.log"
    with published_files_unchanged(project), model(project, "marts/fct_tickets", endless):
        log.unlink()
        build = subprocess.Popen(
            project.command("build"), cwd=project.root, stdout=subprocess.DEVNULL
        )
        wait_for_text(log, "START sql table model marts.fct_tickets")
        os.kill(build.pid, signal.SIGKILL)
        assert build.wait() == -signal.SIGKILL
    # The next build works, and publishes what is new.
    with model(project, FACT, MODELS[FACT].replace("100.00 as mrr,", "120.00 as mrr,")):
        names = project.published_names()
        built = project.run("build", "--as-of", "2026-09-30")
    assert built.returncode == 0, built.stderr
    assert project.published_names() == names
    assert project.published_mrr() == "120.00"
    # It says that nothing is known of the last three months before its as-of date.
    assert "as of 2026-09-30 (92 days after the newest record, 2026-06-30)" in built.stdout


def wait_for_text(path: Path, text: str, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.exists() and text in path.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"{text!r} did not appear in {path} within {seconds} s")


def test_a_work_file_held_by_another_program_is_named(project: SmallProject) -> None:
    work_file = project.root / "work" / "bellwether.duckdb"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, work_file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder, published_files_unchanged(project):
        assert holder.stdout.readline() == "held\n"
        built = project.run("build")
        holder.stdin.close()
    assert built.returncode == 1
    assert f"{work_file} is held by another program" in built.stderr
    assert f"process {holder.pid}" in built.stderr
    assert "Traceback" not in built.stderr


def test_a_damaged_work_file_is_named(project: SmallProject, tmp_path: Path) -> None:
    published_file = tmp_path / "other.duckdb"
    work_file = tmp_path / "other.work" / "bellwether.duckdb"
    work_file.parent.mkdir()
    work_file.write_text("no database at all" * 1000)
    built = project.run("build", "--publish-to", str(published_file))
    assert built.returncode == 1
    assert f"{work_file} can't be opened; delete it and build again" in built.stderr
    assert not published_file.exists()
