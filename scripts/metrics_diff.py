"""What a change of the project does to its metrics: definitions and values, before and after."""

import json
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scripts.metric_changes import MetricChange, State, metric_changes, rewritten, same_code
from scripts.parsed_project import VERSIONS_FILE, read_rows, read_versions
from scripts.project import CATALOG, PUBLISHED_FILE, ROOT, Places, UserError
from scripts.revisions import Revision, checked_out, uncommitted

TOLERANCES_FILE = "seeds/reference/metric_change_tolerances.csv"
LISTED_MONTHS = 12  # of a metric's months that differ, the latest

Values = dict[tuple[date, str], Decimal | None]  # by month and segment


@dataclass(frozen=True)
class Difference:
    """A value that isn't what it was, in a month and segment, on the same data."""

    month: date
    segment: str
    before: Decimal | None
    after: Decimal | None


@dataclass(frozen=True)
class Compared:
    """A change of a metric with what it does to its values; None where none were compared."""

    change: MetricChange
    differences: list[Difference] | None

    @property
    def is_breaking(self) -> bool:
        """Whether the definition or a value is another one."""
        return self.change.is_breaking or bool(self.differences)

    @property
    def lacks_version(self) -> bool:
        """Whether it is breaking, the metric goes on by its name, and its version didn't move."""
        goes_on = self.change.was == self.change.name and "removed" not in self.change.kinds
        before, after = self.change.versions
        return goes_on and self.is_breaking and before == after


@dataclass(frozen=True)
class Comparison:
    """Two states of the project, and what it means for the metrics to go from one to the other."""

    base: str
    before: State
    before_root: Path
    after: State
    rewritten: list[str]  # models and reference seeds that aren't the same
    metrics: list[Compared]
    versions_rewritten: list[str]  # rows of the log of versions that are gone
    uncommitted: int

    @property
    def problems(self) -> list[str]:
        """What keeps this from being merged."""
        unversioned = [each.change.name for each in self.metrics if each.lacks_version]
        problems = []
        if unversioned:
            problems.append(
                f"Changed without a new version: {', '.join(unversioned)}. Raise version and "
                "effective_from in their meta, say so in CHANGELOG.md and have it approved "
                "(`python -m scripts approve-metric`)."
            )
        if self.versions_rewritten:
            problems.append(
                f"{VERSIONS_FILE} is only ever added to, and lacks rows that {self.base} has: "
                f"{'; '.join(self.versions_rewritten)}. Restore them."
            )
        return problems


@contextmanager
def comparison(base: str, places: Places, tolerance: float | None = None) -> Iterator[Comparison]:
    """Compare the project as it lies here, built last into `places`, with a git ref.

    Both are computed on the data of that build. `tolerance` is the relative difference from which
    on a value counts as another one; by default that of the reference list.
    """
    from scripts.build import check_not_locked
    from scripts.dbt import Dbt

    with checked_out(base) as revision:
        dbt = Dbt.of_last_build(places)
        check_not_locked(places.work_file)
        _require_fresh_build(places.work_file)
        here = Revision("the working tree", ROOT, places.target)
        revision.dbt(dbt.variables, "parse")
        dbt.parse()
        before, after = _state(revision), _state(here)
        changed = rewritten(before, after)
        database = places.work_file
        if names := _to_compile(after, changed):
            dbt.run(["compile", "--select", *names])
        dbt.release()
        if to_build := _to_build(before, changed):
            database = revision.work_file
            shutil.copy(places.work_file, database)
            selection = ["--select", *to_build, "--full-refresh"]
            revision.dbt(
                dbt.variables,
                *("build", "--resource-type", "model", "--resource-type", "seed", *selection),
            )
        changed -= _same_when_compiled(revision, here, changed)
        changes = metric_changes(before, after, changed)
        asked = {
            change.was: change.name
            for change in changes
            if {"added", "removed"}.isdisjoint(change.kinds)
        }
        then = metric_values_of(database, revision, asked.keys())
        now = metric_values_of(places.work_file, here, asked.values())
        tolerances = {"*": tolerance} if tolerance is not None else known_tolerances()
        compared = [
            Compared(
                change,
                differences(
                    then[change.was],
                    now[change.name],
                    tolerances.get(change.name, tolerances["*"]),
                )
                if change.was in asked
                else None,
            )
            for change in changes
        ]
        yield Comparison(
            base=base,
            before=before,
            before_root=revision.root,
            after=after,
            rewritten=sorted(key.split(".")[-1] for key in changed),
            metrics=sorted(compared, key=lambda each: (not each.is_breaking, each.change.name)),
            versions_rewritten=_versions_gone(revision.root, ROOT),
            uncommitted=len(uncommitted()),
        )


def _state(revision: Revision) -> State:
    return State(revision.manifest, revision.semantic_manifest)


def _require_fresh_build(work_file: Path) -> None:
    """Raise unless the work file is younger than all code and reference rows."""
    if not work_file.exists():
        raise UserError(f"There is no work file {work_file}: run `make build` first.")
    built = work_file.stat().st_mtime
    newer = [
        str(file.relative_to(ROOT))
        for folder, kinds in (("models", ("sql", "py")), ("macros", ("sql",)), ("seeds", ("csv",)))
        for kind in kinds
        for file in sorted((ROOT / folder).rglob(f"*.{kind}"))
        if file.stat().st_mtime > built and str(file.relative_to(ROOT)) != VERSIONS_FILE
    ]
    if newer:
        raise UserError(
            f"{', '.join(newer[:3])}{' and others' if newer[3:] else ''} changed since the last "
            "build, so its values are not those of this project: run `make build` first."
        )


def _to_compile(after: State, changed: set[str]) -> list[str]:
    return sorted(
        after.nodes[key]["name"] for key in changed if key in after.nodes and _is_model(key)
    )


def _to_build(before: State, changed: set[str]) -> list[str]:
    """What must be built as it was before: what changed, and what is made of it for a metric."""
    needed = {key for metric in before.public for key in before.computed_from(metric)}
    stale = {key for key in needed if not before.upstream_of(key).isdisjoint(changed)}
    return sorted(before.nodes[key]["name"] for key in stale)


def _same_when_compiled(before: Revision, after: Revision, changed: Collection[str]) -> set[str]:
    """The models whose source differs, but not the SQL that it is compiled to."""
    old, new = (revision.manifest["nodes"] for revision in (before, after))
    return {
        key
        for key in changed
        if _is_model(key)
        and key in old
        and key in new
        and same_code(old[key].get("compiled_code"), new[key].get("compiled_code"))
    }


def _is_model(unique_id: str) -> bool:
    return unique_id.startswith("model.")


def metric_values_of(
    database: Path, revision: Revision, names: Collection[str]
) -> dict[str, Values]:
    """Values of public metrics by month and segment, as a revision defines them, in a database."""
    import duckdb

    from scripts.metric_queries import metric_values
    from scripts.metrics_engine import MetricDefinitions

    values: dict[str, Values] = {name: {} for name in names}
    if not names:
        return values
    definitions = MetricDefinitions(revision.target / "semantic_manifest.json")
    with duckdb.connect() as connection:
        path = str(database).replace("'", "''")
        connection.execute(f"attach '{path}' as {CATALOG} (read_only)")
        try:
            rows = connection.execute(metric_values(definitions, names)).fetchall()
        except duckdb.Error as error:
            raise UserError(
                f"The metrics of {revision.name} can't be computed on this build's data: "
                f"{str(error).splitlines()[0]}"
            ) from None
    for metric, _, month, segment, value in rows:
        values[metric][month, segment] = value
    return values


def differences(before: Values, after: Values, tolerance: float) -> list[Difference]:
    """Where two metrics differ by more than a share of the value before; a gap always differs."""
    found = []
    for month, segment in sorted(before.keys() | after.keys()):
        then, now = before.get((month, segment)), after.get((month, segment))
        if then is None or now is None:
            differs = then is not now
        else:
            differs = abs(now - then) > Decimal(str(tolerance)) * abs(then)
        if differs:
            found.append(Difference(month, segment, then, now))
    return found


def known_tolerances() -> dict[str, float]:
    """The reference list of tolerances, by metric; `*` is for all others."""
    return {row["metric"]: float(row["tolerance"]) for row in read_rows(ROOT / TOLERANCES_FILE)}


def _versions_gone(before: Path, after: Path) -> list[str]:
    """Approved versions of before that aren't there as they were."""
    if not (before / VERSIONS_FILE).exists():
        return []
    kept = read_versions(after / VERSIONS_FILE)
    return [
        f"{row['metric']} {row['version']}"
        for row in read_versions(before / VERSIONS_FILE)
        if row not in kept
    ]


# --- Telling ----------------------------------------------------------------------------------


class Form(StrEnum):
    """How the comparison is told."""

    text = "text"
    markdown = "markdown"
    json = "json"


def in_short(compared: Compared) -> str:
    """A change in a line: what it is, breaking or not, and its version."""
    change = compared.change
    kinds = [f"renamed from {change.was}" if kind == "renamed" else kind for kind in change.kinds]
    before, after = change.versions
    version = f"version {before}" if before == after else f"version {before} → {after}"
    return ", ".join(
        [
            *kinds,
            "breaking" if compared.is_breaking else "not breaking",
            *([version] if after else []),
        ]
    )


def values_in_short(compared: Compared) -> str:
    """What became of the values, in a line."""
    if compared.differences is None:
        return "No values to compare."
    if not compared.differences:
        return "The values are the same in every month and segment."
    company = sum(each.segment == "all" for each in compared.differences)
    segments = len(compared.differences) - company
    return f"Months in which values differ: {company} of the company, {segments} of segments."


def as_text(comparison: Comparison) -> str:
    """The comparison for a terminal."""
    lines = [_heading(comparison)]
    for compared in comparison.metrics:
        change = compared.change
        lines += ["", f"{change.name} ({change.file}): {in_short(compared)}"]
        lines += [f"  {line}" for line in _lines(compared)]
        rows = _company_rows(compared)
        if rows:
            lines.append(f"  {'month':<10} {'before':>20} {'after':>20} {'difference':>20}")
            lines += [f"  {a:<10} {b:>20} {c:>20} {d:>20}" for a, b, c, d in rows]
    return "\n".join(lines)


def as_markdown(comparison: Comparison, level: str = "##") -> str:
    """The comparison for a page or a pull request."""
    lines = [_heading(comparison)]
    for compared in comparison.metrics:
        change = compared.change
        lines += [
            "",
            f"{level} `{change.name}`: {in_short(compared)}",
            "",
            f"Defined in `{change.file}`.",
        ]
        lines += ["", *(f"- {line}" for line in _lines(compared))]
        if rows := _company_rows(compared):
            lines += ["", "| Month | Before | After | Difference |", "|---|---:|---:|---:|"]
            lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def as_json(comparison: Comparison) -> str:
    """The comparison for a program, with every value that differs."""
    content = {
        "base": comparison.base,
        "rewritten": comparison.rewritten,
        "problems": comparison.problems,
        "metrics": [
            {
                **asdict(compared.change),
                "breaking": compared.is_breaking,
                "lacks_version": compared.lacks_version,
                "differences": compared.differences and [asdict(d) for d in compared.differences],
            }
            for compared in comparison.metrics
        ],
    }
    return json.dumps(content, indent=2, default=str)


TELL = {Form.text: as_text, Form.markdown: as_markdown, Form.json: as_json}


def _heading(comparison: Comparison) -> str:
    dirty = comparison.uncommitted
    rewritten_nodes = ", ".join(comparison.rewritten) or "none"
    return (
        f"Metrics changed since {comparison.base}: {len(comparison.metrics)}"
        + (f" (uncommitted files included: {dirty})" if dirty else "")
        + f". Models and reference lists changed that metrics are made of: {rewritten_nodes}."
    )


def _lines(compared: Compared) -> list[str]:
    upstream = compared.change.upstream
    return [
        *compared.change.details,
        *([f"upstream SQL: {', '.join(upstream)}"] if upstream else []),
        values_in_short(compared),
    ]


def _company_rows(compared: Compared) -> list[tuple[str, str, str, str]]:
    """Month, before, after and difference of the latest months in which the company's differ."""
    company = [each for each in compared.differences or [] if each.segment == "all"]
    return [
        (
            f"{each.month:%Y-%m}",
            _number(each.before),
            _number(each.after),
            _number(
                None if each.before is None or each.after is None else each.after - each.before
            ),
        )
        for each in company[-LISTED_MONTHS:]
    ]


def _number(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:,.6f}".rstrip("0").rstrip(".")


def command(
    base: Annotated[str, typer.Option(help="Git ref of the state before, e.g. main.")],
    output: Annotated[Form, typer.Option(help="How to tell it.")] = Form.text,
    tolerance: Annotated[
        float | None,
        typer.Option(min=0, help="Relative difference that is none; default: the reference list."),
    ] = None,
    publish_to: Annotated[
        Path, typer.Option(help="The published file whose last build is compared.")
    ] = PUBLISHED_FILE,
) -> None:
    """Compare the metrics with those of a git ref: definitions, and values on the same data.

    Example: python -m scripts metrics-diff --base main
    """
    with comparison(base, Places.of(publish_to), tolerance) as compared:
        print(TELL[output](compared))
        if compared.problems:
            raise UserError(" ".join(compared.problems))
