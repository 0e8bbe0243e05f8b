"""The approved versions of each metric, and the rules by which a definition changes.

seeds/reference/metric_versions.csv is the log: one row per metric and version, only ever added to.
A metric's last row holds the fingerprint of the definition that was approved; an empty one says
that the metric was withdrawn.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any

import typer

from scripts.definitions import fingerprints
from scripts.parsed_project import VERSIONS_COLUMNS, VERSIONS_FILE, Project, Violation, is_date
from scripts.project import ROOT, Places, UsageError, UserError

APPROVAL_KEY = "mid_quarter_approval"  # in a metric's meta: who agreed to it, and why

Row = Mapping[str, str]


def last_versions(rows: Iterable[Row]) -> dict[str, Row]:
    """Metric → its row with the highest version."""
    return {row["metric"]: row for row in sorted(rows, key=lambda row: int(row["version"]))}


def announcement(row: Row) -> str:
    """How an entry of CHANGELOG.md names a version, or a withdrawal."""
    what = f"version {row['version']}" if row["fingerprint"] else "withdrawn"
    return f"`{row['metric']}` ({what})"


def metrics_changed_unapproved(project: Project) -> Iterator[Violation]:
    """A definition is the one that was approved; a new one has a version and a date of its own."""
    approved = last_versions(project.metric_versions)
    now = fingerprints(project.semantic_manifest)
    for metric in project.public_metrics:
        name = metric["name"]
        sentence = _unapproved(name, metric["config"]["meta"], now[name], approved.get(name))
        if sentence:
            yield Violation(name, metric["original_file_path"], sentence)
    public = {metric["name"] for metric in project.public_metrics}
    for name, row in approved.items():
        if name not in public and row["fingerprint"]:
            yield Violation(name, VERSIONS_FILE, f"this metric is gone or hidden. {_how(name)}")


def _unapproved(name: str, meta: Mapping[str, Any], now: str, last: Row | None) -> str:
    """What is wrong with a metric's version; empty if it is the approved one."""
    if last is None:
        return f"no version of it was approved. {_how(name)}"
    version, first_day = str(meta.get("version")), str(meta.get("effective_from"))
    if (version, first_day, now) == (last["version"], last["effective_from"], last["fingerprint"]):
        return ""
    unmoved = [
        f"{key} {value}"
        for key, value, before in (
            ("version", version, last["version"]),
            ("effective_from", first_day, last["effective_from"]),
        )
        if value == before
    ]
    if now != last["fingerprint"] and unmoved:
        return f"its definition changed, but its meta still has {' and '.join(unmoved)}."
    if unmoved:
        return f"its meta moved on, but still has {' and '.join(unmoved)}."
    return f"version {version} of it was not approved. {_how(name)}"


def _how(name: str) -> str:
    return f"`python -m scripts approve-metric {name}` records who approved what."


def changes_unannounced(project: Project) -> Iterator[Violation]:
    """CHANGELOG.md tells of a metric's last version, unless it is the first, and of its end."""
    for name, row in last_versions(project.metric_versions).items():
        if int(row["version"]) > 1 and announcement(row) not in project.changelog:
            yield Violation(
                name, "CHANGELOG.md", f"no entry says what changed with {announcement(row)}."
            )


def changes_in_mid_quarter(project: Project) -> Iterator[Violation]:
    """A new version is in force from the first day of a quarter, or somebody agreed otherwise."""
    for metric in project.public_metrics:
        meta = metric["config"]["meta"]
        if meta.get("version") == 1 or meta.get(APPROVAL_KEY):
            continue
        if is_date(meta.get("effective_from")) and not _begins_quarter(
            date.fromisoformat(meta["effective_from"]), project.fiscal_year_start_month
        ):
            yield Violation(
                metric["name"],
                metric["original_file_path"],
                f"version {meta.get('version')} begins within a quarter, on "
                f"{meta['effective_from']}: let it begin with one, or say in meta, as "
                f"{APPROVAL_KEY}, who agreed and why.",
            )


def _begins_quarter(day: date, fiscal_year_start_month: int) -> bool:
    return day.day == 1 and (day.month - fiscal_year_start_month) % 3 == 0


RULES = [metrics_changed_unapproved, changes_unannounced, changes_in_mid_quarter]


def approval(project: Project, name: str, by: str, note: str, withdrawn_on: str | None) -> Row:
    """The row that records the present definition of a metric, or its withdrawal."""
    last = last_versions(project.metric_versions).get(name)
    metric = next((each for each in project.public_metrics if each["name"] == name), None)
    if metric is None and (last is None or not last["fingerprint"]):
        raise UsageError(f"There is no metric {name!r}, and none was approved.")
    if (metric is None) != bool(withdrawn_on):
        raise UsageError(
            f"{name} is {'gone' if metric is None else 'still a public metric'}: --withdrawn-on, "
            "the first day without it, goes with a metric that is gone and with no other."
        )
    before = int(last["version"]) if last else 0
    version, first_day, fingerprint = before + 1, withdrawn_on, ""
    if metric:
        meta = metric["config"]["meta"]
        version, first_day = meta.get("version"), meta.get("effective_from")
        fingerprint = fingerprints(project.semantic_manifest)[name]
    if last and version != before + 1:
        raise UserError(
            f"{name} says version {version} in its meta, and the one approved last is {before}: "
            f"the next is {before + 1}."
        )
    if not is_date(first_day) or (last and first_day <= last["effective_from"]):
        raise UserError(
            f"{name} is to change on {first_day!r}: that must be a date, yyyy-mm-dd"
            + (f", after {last['effective_from']}, when version {before} began." if last else ".")
        )
    row = (name, str(version), first_day, fingerprint, by, note)
    return dict(zip(VERSIONS_COLUMNS, row, strict=True))


def command(
    metrics: Annotated[list[str], typer.Argument(help="Names of the metrics.")],
    by: Annotated[str, typer.Option(help="Who approves it.")],
    note: Annotated[str, typer.Option(help="What changed and why, in a sentence.")],
    withdrawn_on: Annotated[
        str | None, typer.Option(help="First day without it, for a metric that is gone.")
    ] = None,
) -> None:
    """Record in the log of versions that definitions, as they now stand, are approved.

    Example: python -m scripts approve-metric arr --by "Ada (Revenue operations)" --note "Net of fx"
    """
    from scripts.dbt import Dbt

    places = Places.of()
    Dbt(places).parse()
    project = Project.parsed(places.target)
    rows = [approval(project, name, by, note, withdrawn_on) for name in dict.fromkeys(metrics)]
    with (ROOT / VERSIONS_FILE).open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, VERSIONS_COLUMNS, lineterminator="\n").writerows(rows)
    for row in rows:
        print(f"Recorded in {VERSIONS_FILE}: {announcement(row)}, approved by {by}.")
