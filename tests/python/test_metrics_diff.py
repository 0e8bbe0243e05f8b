"""Two revisions of a small project, compared: what changed, and what that does to the values."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from small_project import PROPERTIES, SmallProject
from test_definitions import dimension, dimensions, manifest
from warm_python import run_python

from scripts import metrics_diff, revisions
from scripts.metric_changes import State, metric_changes
from scripts.metrics_diff import Difference, differences
from scripts.parsed_project import VERSIONS_COLUMNS
from scripts.pr_summary import new_issues
from scripts.project import ROOT, Places, UserError

META = {
    "owner": "somebody",
    "unit": "usd",
    "direction": "higher",
    "target": None,
    "tier": 1,
    "cadence": "monthly",
    "version": 1,
    "effective_from": "2024-01-01",
    "source_systems": ["billing"],
}
VERSION = "{metric},1,2024-01-01,0123456789abcdef,somebody,First version.\n"

# Three months of one account, of which the last one's seats are another number after the change.
MONTHS = """
select 'a' as account_id, date '2026-04-01' as month_start, 100.00 as mrr, 0.00 as fee, 5 as seats
union all
select 'a', date '2026-05-01', 110.00, 1.00, 6
union all
select 'a', date '2026-06-01', 120.00, 0.00, {seats}
"""
# Every snippet is run in the small project, whose scripts are its own.
COMPARE = """
import json
from pathlib import Path
from scripts.metrics_diff import TELL, comparison
from scripts.pr_summary import page
from scripts.project import Places
with comparison("before", Places.of()) as compared:
    told = {form.value: tell(compared) for form, tell in TELL.items()}
    told["page"] = page(compared, Places.of())
    told["problems"] = compared.problems
Path("told.json").write_text(json.dumps(told))
"""


def metric(name: str, expr: str, agg: str = "sum", version: int = 1, **more: Any) -> dict:
    words = {"name": name, "label": f"The {name}", "description": f"{name} of the month."}
    meta = META | {"version": version}
    return {**words, "type": "simple", "agg": agg, "expr": expr, "config": {"meta": meta}, **more}


def derived(name: str, expr: str, *inputs: str) -> dict:
    made = {"type": "derived", "expr": expr, "input_metrics": list(inputs)}
    return {**{k: v for k, v in metric(name, "").items() if k != "agg"}, **made}


BEFORE = [
    metric("mrr", "mrr"),
    derived("arr", "12 * mrr", "mrr"),
    metric("fees", "fee"),
    metric("fees_worded", "fee + 0"),
    metric("fees_versioned", "fee - 0"),
    metric("revenue", "mrr + fee"),
    metric("accounts", "account_id", "count_distinct"),
    metric("seats", "seats"),
    metric("gone", "fee * 2"),
]
AFTER = [
    metric("mrr", "mrr"),
    derived("arr", "12*mrr", "mrr"),
    metric("fees", "fee", filter="{{ Dimension('account_month__month_start') }} > '2026-05-01'"),
    metric("fees_worded", "fee + 0", label="Fees in other words"),
    metric("fees_versioned", "fee - 1", version=2),
    metric("turnover", "mrr + fee"),
    metric("accounts", "account_id", "count_distinct", hidden=True),
    metric("seats", "seats"),
    metric("seats_at_most", "seats", "max"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """The project with its revision `before` in git, and the change built in the working tree."""
    root = tmp_path_factory.mktemp("diff") / "project"
    root.mkdir()
    project = SmallProject.in_folder(root)
    reference = root / "seeds" / "reference"
    shutil.copy(ROOT / "seeds/reference/metric_change_tolerances.csv", reference)
    versions = ",".join(VERSIONS_COLUMNS) + "\n"
    (reference / "metric_versions.csv").write_text(versions + VERSION.format(metric="mrr"))
    (root / ".gitignore").write_text("target\nlogs\nwork\n__pycache__\n")
    git(root, "init", "--quiet")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "Nothing yet")
    git(root, "tag", "nothing")
    write(project, BEFORE, seats="7", layout="select * from")
    commit(root, "before")
    settings = (root / "dbt_project.yml").read_text()
    (root / "dbt_project.yml").write_text(settings + "require-dbt-version: '>=9.0.0'\n")
    commit(root, "other_dbt")
    (root / "dbt_project.yml").write_text(settings)
    write(project, AFTER, seats="8", layout="-- The same.\nselect\n    *\nfrom")
    (reference / "metric_versions.csv").write_text(versions + VERSION.format(metric="arr"))
    (root / "work").mkdir()
    run_python(["-m", "dbt.cli.main", "--quiet", "build"], root).check_returncode()
    return project


def write(project: SmallProject, metrics: list[dict], seats: str, layout: str) -> None:
    project.write_model("intermediate/int_months_listed", MONTHS.format(seats=seats))
    project.write_model("marts/fct_account_months", f"{layout} {{{{ ref('int_months_listed') }}}}")
    spine, months = PROPERTIES["models"]
    account, month = months["columns"]
    described = {
        **months,
        "config": {"access": "public"},
        "primary_entity": "account_month",
        "columns": [month, {**account, "entity": {"type": "foreign", "name": "account"}}],
        "metrics": metrics,
    }
    exposures = [
        {
            "name": "board_page",
            "label": "Board page",
            "type": "dashboard",
            "owner": {"name": "somebody"},
            "depends_on": ["metric('mrr')", "metric('arr')"],
        },
        {
            "name": "calendar",
            "label": "Calendar",
            "type": "dashboard",
            "owner": {"name": "somebody"},
            "depends_on": ["ref('dim_dates')"],
        },
    ]
    properties = {"models": [spine, described], "exposures": exposures}
    (project.root / "models" / "properties.yml").write_text(yaml.safe_dump(properties))


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True)


def commit(root: Path, tag: str) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", f"The state {tag}")
    git(root, "tag", tag)


@pytest.fixture(scope="module")
def told(project: SmallProject) -> dict[str, Any]:
    """The comparison in each form, the page of the pull request, and the problems."""
    done = run_python(["-c", COMPARE], project.root)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((project.root / "told.json").read_text())


@pytest.fixture(scope="module")
def metrics(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {metric["name"]: metric for metric in json.loads(told["json"])["metrics"]}


# Every metric hangs on the model whose last number changed; only `seats` reads that number.
KINDS = {
    "mrr": ["upstream SQL"],
    "arr": ["upstream SQL"],  # laid out anew, too
    "fees": ["filter", "dimension", "upstream SQL"],
    "fees_worded": ["upstream SQL", "words"],
    "fees_versioned": ["formula", "upstream SQL", "meta"],
    "turnover": ["renamed", "upstream SQL", "words"],
    "accounts": ["removed"],
    "gone": ["removed"],
    "seats": ["upstream SQL"],
    "seats_at_most": ["added"],
}


def test_each_change_is_of_its_kind(metrics: dict[str, dict[str, Any]]) -> None:
    assert {name: metric["kinds"] for name, metric in metrics.items()} == KINDS
    assert metrics["turnover"]["was"] == "revenue"
    assert metrics["fees_versioned"]["versions"] == [1, 2]
    assert metrics["fees_versioned"]["details"] == [
        "formula of fees_versioned: expression fee - 0 → fee - 1"
    ]


def test_what_breaks_is_told_from_what_does_not(metrics: dict[str, dict[str, Any]]) -> None:
    breaking = {name for name, metric in metrics.items() if metric["breaking"]}
    assert breaking == {"fees", "fees_versioned", "turnover", "accounts", "gone", "seats"}


def test_sql_laid_out_anew_is_no_change(told: dict[str, Any]) -> None:
    assert json.loads(told["json"])["rewritten"] == ["int_months_listed"]


def test_values_are_compared_on_the_same_data(metrics: dict[str, dict[str, Any]]) -> None:
    def moved(name: str) -> list[tuple[str, str | None, str | None]]:
        return [(d["month"], d["before"], d["after"]) for d in metrics[name]["differences"]]

    same = [name for name, metric in metrics.items() if metric["differences"] == []]
    assert sorted(same) == ["arr", "fees_worded", "mrr", "turnover"]
    assert moved("seats") == [("2026-06-01", "7.000000", "8.000000")]
    assert moved("fees") == [
        ("2026-04-01", "0.000000", None),
        ("2026-05-01", "1.000000", None),
    ]
    assert moved("fees_versioned") == [
        ("2026-04-01", "0.000000", "-1.000000"),
        ("2026-05-01", "1.000000", "0.000000"),
        ("2026-06-01", "0.000000", "-1.000000"),
    ]
    assert metrics["gone"]["differences"] is metrics["seats_at_most"]["differences"] is None


def test_what_needs_a_version_is_a_problem(told: dict[str, Any]) -> None:
    unversioned, log = told["problems"]
    assert unversioned.startswith("Changed without a new version: fees, seats. Raise version")
    assert "lacks rows that before has: mrr 1. Restore them." in log


def test_text_and_markdown_tell_the_same(told: dict[str, Any]) -> None:
    title = "seats{} upstream SQL, breaking, version 1"
    assert title.format(" (models/properties.yml):") in told["text"]
    assert "### `" not in told["markdown"]
    assert "## `seats`: upstream SQL, breaking, version 1" in told["markdown"]
    assert (
        "2026-06                       7                    8                    1" in told["text"]
    )
    assert "| 2026-06 | 7 | 8 | 1 |" in told["markdown"]
    assert "| 2026-05 | 1 | – | – |" in told["markdown"]


def test_the_page_of_a_pull_request(told: dict[str, Any]) -> None:
    page = told["page"]
    sections = [line for line in page.splitlines() if line.startswith(("# ", "## "))]
    assert sections == [
        "# This change, compared with before",
        *("## Before this is merged", "## Metrics", "## Models and seeds", "## Exposures"),
        *("## Coverage", "## New data issues"),
    ]
    assert "### `seats`: upstream SQL" in page
    assert "- `int_months_listed`: changed" in page
    assert "- Board page, by way of `arr`, `fct_account_months`, `int_months_listed`, `mrr`" in page
    assert "Calendar" not in page
    assert "| Metrics with an independent check | 0 of 9 (0 %) | 0 of 8 (0 %) |" in page


# --- Dimensions -------------------------------------------------------------------------------


def state(change: Callable[[dict], Any]) -> State:
    """The state of the few definitions of test_definitions.py, with a change."""
    semantic = manifest()
    change(semantic)
    models = {f"semantic_model.{each['name']}": each for each in semantic["semantic_models"]}
    metrics = {f"metric.{each['name']}": each for each in semantic["metrics"]}
    for key, metric in metrics.items():
        aggregation = metric["type_params"]["metric_aggregation_params"]
        read = [f"semantic_model.{aggregation['semantic_model']}"] if aggregation else []
        metric |= {"unique_id": key, "original_file_path": "x.yml", "depends_on": {"nodes": read}}
    for model in models.values():
        model["depends_on"] = {"nodes": []}
    dbt = {"metrics": metrics, "semantic_models": models, "nodes": {}, "macros": {}}
    return State(dbt, semantic)


def test_a_dimension_that_is_gone_breaks_and_a_new_one_does_not() -> None:
    before = state(lambda manifest: None)
    lost = state(lambda manifest: manifest["semantic_models"][1].update(dimensions=[]))
    gained = state(lambda manifest: dimensions(manifest).append(dimension("colour")))
    changed = {each.name: each for each in metric_changes(before, lost, set())}
    assert changed["refunds"].kinds == ["dimensions lost"]
    assert changed["refunds"].details == ["dimensions lost: account__segment"]
    assert changed["refunds"].is_breaking
    changed = {each.name: each for each in metric_changes(before, gained, set())}
    assert changed["refunds"].details == ["dimensions gained: invoice__colour"]
    assert not changed["refunds"].is_breaking
    assert metric_changes(before, state(lambda manifest: None), set()) == []


# --- Values -----------------------------------------------------------------------------------

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


@pytest.mark.parametrize(
    ("then", "now", "differs"),
    [
        ("100", "101", False),  # by exactly the tolerance
        ("100", "101.01", True),
        ("-100", "-101.01", True),
        ("0", "0.01", True),
        ("0", "0", False),
        (None, "0", True),
        ("0", None, True),
        (None, None, False),
    ],
)
def test_a_value_differs_by_more_than_its_tolerance(
    then: str | None, now: str | None, differs: bool
) -> None:
    before, after = (None if each is None else Decimal(each) for each in (then, now))
    found = differences({(JUNE, "all"): before}, {(JUNE, "all"): after}, 0.01)
    assert found == ([Difference(JUNE, "all", before, after)] if differs else [])


def test_a_month_that_is_gone_or_new_differs() -> None:
    one = Decimal(1)
    assert differences({(JUNE, "smb"): one}, {(JULY, "smb"): one}, 0.5) == [
        Difference(JUNE, "smb", one, None),
        Difference(JULY, "smb", None, one),
    ]


# --- New data issues --------------------------------------------------------------------------


def write_issues(database: Path, *issues: tuple[str, str]) -> None:
    database.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema metadata")
        connection.execute(
            """
            create table metadata.fct_data_issues (
                issue_id text, status text, severity text, in_words text, system text,
                table_name text, field text, record_key text, detail text, owner text
            )
            """
        )
        for key, status in issues:
            connection.execute(
                "insert into metadata.fct_data_issues values "
                "(?, ?, 'warning', 'Odd', 'crm', 'accounts', null, ?, 'it is odd', 'Ops')",
                [key, status, key],
            )


def test_issues_are_new_that_were_not_open_when_published(tmp_path: Path) -> None:
    places = Places.of(tmp_path / "acme.duckdb")
    write_issues(places.work_file, ("old", "open"), ("new", "open"), ("back", "reopened"))
    assert len(new_issues(places)) == 3
    write_issues(places.published_file, ("old", "open"), ("back", "closed"), ("gone", "open"))
    assert new_issues(places) == [
        "- warning: Odd (crm, accounts, back): it is odd – Ops",
        "- warning: Odd (crm, accounts, new): it is odd – Ops",
    ]


# --- Bad input --------------------------------------------------------------------------------


@pytest.fixture
def in_project(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process in the small project's place."""
    for module in (revisions, metrics_diff):
        monkeypatch.setattr(module, "ROOT", project.root)
    return project.root


def test_a_mistake_is_one_sentence_and_nothing_is_left(project: SmallProject) -> None:
    done = project.run("metrics-diff", "--base", "nonesuch")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: There is no revision 'nonesuch' in this repository")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("ref", "sentence"),
    [
        ("--all", "There is no revision '--all' in this repository"),
        ("before:models", "There is no revision 'before:models' in this repository"),
        ("nothing", "At nothing there is no dbt project to compare with"),
    ],
)
def test_a_revision_that_can_not_be_compared_with(
    ref: str, sentence: str, in_project: Path
) -> None:
    with pytest.raises(UserError, match=sentence), revisions.checked_out(ref):
        pass


def test_a_revision_of_another_dbt(in_project: Path) -> None:
    reason = "can't parse the project as of other_dbt: .*version"
    with (
        revisions.checked_out("other_dbt") as revision,
        pytest.raises(UserError, match=reason),
    ):
        revision.dbt({}, "parse")
    assert not revision.root.exists()


def test_without_git_or_a_repository(in_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "nowhere")
    with pytest.raises(UserError, match="is no git repository that can be read"):
        revisions.resolve("before")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match="git is not installed"):
        revisions.resolve("before")


def test_values_of_another_state_are_not_compared(in_project: Path) -> None:
    work_file = in_project / "work" / "bellwether.duckdb"
    metrics_diff._require_fresh_build(work_file)
    later = work_file.stat().st_mtime + 10
    os.utime(in_project / "models" / "marts" / "dim_dates.sql", (later, later))
    with pytest.raises(UserError, match=r"models/marts/dim_dates.sql changed since the last build"):
        metrics_diff._require_fresh_build(work_file)
    with pytest.raises(UserError, match="There is no work file"):
        metrics_diff._require_fresh_build(in_project / "work" / "another.duckdb")
