"""Each rule of a definition finds what breaks it: one copy of the project, broken all over."""

import copy
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from warm_python import run_python

from scripts.definition_rules import exposures_ungoverned, unguarded_divisions, violations
from scripts.metric_versions import approval, changes_in_mid_quarter
from scripts.parsed_project import VERSIONS_COLUMNS, Project, read_manifest, read_versions
from scripts.project import ROOT, UserError

Yaml = dict[str, Any]

KPIS = "seeds/reference/kpis.csv"
VERSIONS = "seeds/reference/metric_versions.csv"
REVENUE = "models/marts/revenue/fct_account_months.yml"
SUPPORT = "models/marts/support/fct_tickets.yml"
EXPOSURES = "models/exposures.yml"


def meta(**changes: Any) -> Callable[[Yaml], None]:
    return lambda metric: metric["config"]["meta"].update(changes)


def without(key: str) -> Callable[[Yaml], None]:
    return lambda metric: metric["config"]["meta"].pop(key)


def says(**changes: Any) -> Callable[[Yaml], None]:
    return lambda metric: metric.update(changes)


def second_version(effective_from: str, **more: Any) -> Callable[[Yaml], None]:
    """A new definition, whose version and date moved."""

    def change(metric: Yaml) -> None:
        metric["expr"] = f"-({metric['expr']})"
        metric["config"]["meta"].update(version=2, effective_from=effective_from, **more)

    return change


# What is done to a metric, and what must be said of it.
BROKEN: dict[str, tuple[Callable[[Yaml], None], list[str]]] = {
    "new_mrr": (without("owner"), ["its meta lacks owner"]),
    "reactivation_mrr": (
        meta(owner="Nobody Inc."),
        ["its meta says owner 'Nobody Inc.', which is not the name"],
    ),
    "expansion_mrr": (
        meta(target="a lot"),
        ["its meta says target 'a lot', which is not a number or null"],
    ),
    "contraction_mrr": (
        meta(target=True),
        ["its meta says target True, which is not a number or null"],
    ),
    "churned_mrr": (
        meta(direction="up"),
        ["its meta says direction 'up', which is not one of higher"],
    ),
    "fx_mrr": (
        meta(tier=4, cadence="yearly"),
        ["its meta says tier 4, which", "its meta says cadence 'yearly', which"],
    ),
    "committed_mrr": (
        meta(effective_from="2024-02-30"),
        [
            "its meta says effective_from '2024-02-30', which is not",
            "its meta moved on, but still has version 1",
        ],
    ),
    "new_customers": (
        meta(unit="", source_systems="crm"),
        ["its meta says unit '', which", "its meta says source_systems 'crm', which"],
    ),
    "reactivated_customers": (says(description="Customers."), ["its description doesn't say"]),
    "churned_customers": (says(label=None), ["it has no label"]),
    "net_new_mrr": (
        says(expr="new_mrr / churned_mrr", input_metrics=["new_mrr", "churned_mrr"]),
        ["it divides by churned_mrr: write nullif", "its definition changed, but its meta still"],
    ),
    "arr": (
        says(expr="12 * (mrr"),
        ["its formula is not SQL", "its definition changed, but its meta still has version 1"],
    ),
    "tickets_solved": (
        says(filter="1 = 1"),
        ["its definition changed, but its meta still has version 1 and effective_from 2024-01-01"],
    ),
    "tickets_opened": (
        lambda metric: (says(agg="sum", expr="1")(metric), meta(version=2)(metric)),
        ["its definition changed, but its meta still has effective_from 2024-01-01"],
    ),
    "first_reply_time_hours": (
        second_version("2026-07-01"),
        ["version 2 of it was not approved. `python -m scripts approve-metric first_reply"],
    ),
    "full_resolution_time_hours": (
        second_version("2026-08-01"),
        ["version 2 of it was not approved.", "version 2 begins within a quarter, on 2026-08-01"],
    ),
    "first_reply_time_business_hours": (
        second_version("2026-07-02", mid_quarter_approval="The board, for the audit's sake."),
        ["version 2 of it was not approved."],
    ),
    "full_resolution_time_business_hours": (
        meta(version=2, effective_from="2026-07-01"),
        ["version 2 of it was not approved."],
    ),
    "mrr": (says(hidden=True), []),
}

# Whatever else must be said: of metrics that use these, of lists, exposures and models.
ALSO = {
    ("mrr", VERSIONS, "this metric is gone or hidden"),
    ("mrr_again", REVENUE, "its label is also that of mrr"),
    ("mrr_again", REVENUE, "its definition is also that of mrr"),
    ("mrr_again", REVENUE, "no version of it was approved"),
    ("made_up", KPIS, "no public metric has the name of this KPI"),
    ("data_accuracy", KPIS, "this KPI is listed more than once"),
    *(
        (exposure["name"], EXPOSURES, "this exposure reads mrr, which is no public metric")
        for exposure in yaml.safe_load((ROOT / EXPOSURES).read_text())["exposures"]
        if "metric('mrr')" in exposure["depends_on"]
    ),
    ("renewals_meeting", EXPOSURES, "this exposure reads stg_crm__accounts, which"),
    ("account_overview", EXPOSURES, "this exposure says nothing of what it reads"),
    ("fct_survey_responses", "models/marts/voice/fct_survey_responses.sql", "no group's owner"),
    ("fct_feedback_themes", "models/marts/voice/fct_feedback_themes.sql", "no group's owner"),
    ("arr_at_risk", "CHANGELOG.md", "no entry says what changed with `arr_at_risk` (version 2)"),
    # A hidden input is part of what uses it.
    ("sla_attainment", SUPPORT, "its definition changed, but its meta still has version 1"),
    ("reopen_rate", SUPPORT, "its definition changed, but its meta still has version 1"),
    ("escalation_rate", SUPPORT, "its definition changed, but its meta still has version 1"),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with all of these breaches, parsed."""
    root = tmp_path_factory.mktemp("broken") / "project"
    not_needed = (
        ".git",
        ".venv*",
        "target",
        "logs",
        "work",
        "published",
        "__pycache__",
        "python",
        "singular",
    )
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*not_needed))
    for file in (root / "models").rglob("*.yml"):
        edit(file, break_metrics)
    again = {"name": "mrr_again", "label": "Monthly recurring REVENUE (MRR)"}
    edit(root / REVENUE, lambda models: add_metric(models, "mrr", again))
    edit(
        root / SUPPORT,
        lambda models: find(models["models"][0]["metrics"], "sla_met_tickets").update(agg="max"),
    )
    edit(root / EXPOSURES, break_exposures)
    edit(
        root / "models/groups.yml", lambda file: find(file["groups"], "voice")["owner"].pop("email")
    )
    with (root / KPIS).open("a") as kpis:
        kpis.write("21,made_up,quality,month,,\n22,data_accuracy,quality,month,,\n")
    changelog = root / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("`arr_at_risk` (version 2)", ""))
    done = run_python(["-m", "dbt.cli.main", "--quiet", "parse"], root)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def edit(file: Path, change: Callable[[Yaml], Any]) -> None:
    content = yaml.load(file.read_text(), yaml.CSafeLoader)
    change(content)
    file.write_text(yaml.dump(content, Dumper=NoAliases, sort_keys=False))


class NoAliases(yaml.CSafeDumper):
    """Writes what anchors share in full, so that one metric's meta can be changed alone."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def break_metrics(file: Yaml) -> None:
    """Break what is to be broken in a file, and drop its tests, which take long to parse."""
    file.pop("unit_tests", None)
    for model in file.get("models", []):
        for tested in (model, *model.get("columns", [])):
            tested.pop("data_tests", None)
        for metric in model.get("metrics", []):
            if metric["name"] in BROKEN:
                # What an anchor shares is one object: each metric gets its own.
                metric["config"] = copy.deepcopy(metric["config"])
                BROKEN[metric["name"]][0](metric)


def find(named: list[Yaml], name: str) -> Yaml:
    return next(each for each in named if each["name"] == name)


def add_metric(file: Yaml, like: str, changes: Yaml) -> None:
    metrics = file["models"][0]["metrics"]
    metrics.append({**find(metrics, like), "hidden": False, **changes})


def break_exposures(file: Yaml) -> None:
    exposures = file["exposures"]
    find(exposures, "renewals_meeting")["depends_on"].append("ref('stg_crm__accounts')")
    find(exposures, "account_overview")["depends_on"] = []


@pytest.fixture(scope="module")
def told(broken: Path) -> list[str]:
    """The lines in which check-definitions names what is wrong with the copy."""
    done = run_python(["-m", "scripts", "check-definitions"], broken)
    assert (done.returncode, done.stdout) == (1, "")
    heading, *lines = done.stderr.splitlines()
    assert heading == f"Error: {len(lines)} definitions break a rule:"
    return lines


@pytest.mark.parametrize("metric", BROKEN)
def test_a_breach_names_the_metric_and_its_file(metric: str, told: list[str]) -> None:
    for sentence in BROKEN[metric][1]:
        assert [
            line for line in told if line.startswith(f"  {metric} ({file_of(metric)}): {sentence}")
        ]


def file_of(metric: str) -> str:
    return SUPPORT if re.match("tickets|first_reply|full_resolution", metric) else REVENUE


@pytest.mark.parametrize(("subject", "file", "sentence"), sorted(ALSO))
def test_a_breach_of_what_is_not_a_metric_is_named(
    subject: str, file: str, sentence: str, told: list[str]
) -> None:
    assert [line for line in told if line.startswith(f"  {subject} ({file}): {sentence}")]


def test_nothing_else_is_blamed(told: list[str]) -> None:
    assert len(told) == len(ALSO) + sum(len(sentences) for _, sentences in BROKEN.values())


# --- Each arm of the rules that have several ---------------------------------------------------


def some_project(**said: Any) -> Any:
    """As much of a project as one rule looks at."""
    return SimpleNamespace(**said)


@pytest.mark.parametrize(
    ("formula", "is_guarded"),
    [
        ("a / b", False),
        ("a / nullif(b, 0)", True),
        ("a / nullif(b, 0.0)", True),
        ("a / nullif(b, 1)", False),
        ("a / coalesce(b, 0)", False),
        ("a / 28.0", True),
        ("a / -1", True),
        ("a / 0", False),
        ("a / (b + 1)", False),
        ("a / (2 * nullif(b, 0))", True),
        ("a / (b * nullif(c, 0))", False),
        ("a / (nullif(c, 0) * b)", False),
        ("a / cast(nullif(b, 0) as double precision)", True),
        ("a / cast(b as double precision)", False),
        ("a / nullif(b, 0) / c", False),
        ("a % b", False),
        ("a // b", False),
        ("12 * a", True),
        (None, True),
    ],
)
def test_a_division_is_guarded_or_not(formula: str | None, is_guarded: bool) -> None:
    node = {"name": "m", "original_file_path": "m.yml", "type_params": {"expr": formula}}
    assert (list(unguarded_divisions(some_project(metrics=[node]))) == []) is is_guarded


@pytest.mark.parametrize(
    ("day", "fiscal_year_start_month", "begins"),
    [
        ("2026-01-01", 1, True),
        ("2026-10-01", 1, True),
        ("2026-07-02", 1, False),
        ("2026-08-01", 1, False),
        ("2026-09-01", 1, False),
        ("2026-08-01", 2, True),
        ("2026-02-01", 11, True),
        ("2026-01-01", 11, False),
    ],
)
def test_a_version_begins_with_a_quarter(
    day: str, fiscal_year_start_month: int, begins: bool
) -> None:
    meta = {"version": 2, "effective_from": day}
    node = {"name": "m", "original_file_path": "m.yml", "config": {"meta": meta}}
    project = some_project(public_metrics=[node], fiscal_year_start_month=fiscal_year_start_month)
    assert (list(changes_in_mid_quarter(project)) == []) is begins


@pytest.mark.parametrize(
    ("access", "is_enforced", "is_governed"),
    [("public", True, True), ("public", False, False), ("protected", True, False)],
)
def test_an_exposure_reads_public_models_under_contract(
    access: str, is_enforced: bool, is_governed: bool
) -> None:
    model = {"config": {"access": access, "contract": {"enforced": is_enforced}}}
    page = {"name": "page", "original_file_path": "x.yml", "depends_on": {"nodes": ["model.x"]}}
    manifest = {"exposures": {"page": page}, "metrics": {}, "nodes": {"model.x": model}}
    found = list(exposures_ungoverned(some_project(manifest=manifest)))
    assert (found == []) is is_governed


# --- Approving --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project(broken: Path) -> Project:
    return Project.parsed(broken / "target", broken)


def test_an_approval_settles_the_breach(project: Project) -> None:
    name = "first_reply_time_hours"
    row = approval(project, name, "Support operations", "Counts backwards.", None)
    assert {**row, "fingerprint": ""} == {
        "metric": name,
        "version": "2",
        "effective_from": "2026-07-01",
        "fingerprint": "",
        "approved_by": "Support operations",
        "note": "Counts backwards.",
    }
    settled = replace(
        project,
        metric_versions=[*project.metric_versions, dict(row)],
        changelog=f"- `{name}` (version 2) counts backwards.",
    )
    assert name not in {violation.subject for violation in violations(settled)}


def test_a_withdrawal_settles_the_breach(project: Project) -> None:
    row = approval(project, "mrr", "Revenue operations", "Nobody read it.", "2026-07-01")
    assert (row["version"], row["effective_from"], row["fingerprint"]) == ("2", "2026-07-01", "")
    settled = replace(project, metric_versions=[*project.metric_versions, dict(row)])
    found = {(each.subject, each.file): each.sentence for each in violations(settled)}
    assert ("mrr", VERSIONS) not in found
    assert found["mrr", "CHANGELOG.md"] == "no entry says what changed with `mrr` (withdrawn)."


@pytest.mark.parametrize(
    ("name", "withdrawn_on", "sentence"),
    [
        ("mrrr", None, "There is no metric 'mrrr', and none was approved."),
        ("mrr", None, "mrr is gone: --withdrawn-on, the first day without it, goes with"),
        ("arr", "2026-07-01", "arr is still a public metric: --withdrawn-on"),
        ("mrr", "2024-01-01", "a date, yyyy-mm-dd, after 2024-01-01, when version 1 began"),
        ("mrr", "1 July", "mrr is to change on '1 July': that must be a date, yyyy-mm-dd"),
        ("arr", None, "arr says version 1 in its meta, and the one approved last is 1"),
        ("tickets_opened", None, "tickets_opened is to change on '2024-01-01': that must be"),
    ],
)
def test_what_can_not_be_approved(
    name: str, withdrawn_on: str | None, sentence: str, project: Project
) -> None:
    with pytest.raises(UserError, match=re.escape(sentence)):
        approval(project, name, "Somebody", "Why not.", withdrawn_on)


# --- Bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no file"),
        ("{", "is not JSON"),
        ('{"metadata": {"dbt_version": "1.3.0"}}', "was written by dbt 1.3.0, and this is dbt"),
    ],
)
def test_a_manifest_that_can_not_be_used(
    content: str | None, sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "manifest.json"
    if content:
        file.write_text(content)
    with pytest.raises(UserError, match=rf"{sentence}.*Run `.venv/bin/dbt parse`"):
        read_manifest(file)


@pytest.mark.parametrize(
    "text",
    [
        "metric,version\nmrr,1\n",
        ",".join(VERSIONS_COLUMNS) + "\nmrr,one,2024-01-01,ab,me,First.\n",
        ",".join(VERSIONS_COLUMNS) + "\nmrr,1,soon,ab,me,First.\n",
        ",".join(VERSIONS_COLUMNS) + "\nmrr,1\n",
        ",".join(VERSIONS_COLUMNS) + "\nmrr,1,2024-01-01,ab,me,First.,more\n",
    ],
)
def test_a_log_of_versions_that_can_not_be_read(text: str, tmp_path: Path) -> None:
    file = tmp_path / "metric_versions.csv"
    file.write_text(text)
    with pytest.raises(UserError, match="has a row that is no version of a metric, mrr"):
        read_versions(file)
