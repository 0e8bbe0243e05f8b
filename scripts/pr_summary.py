"""What a pull request does, on one page: metrics, models, exposures, coverage, data issues."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from scripts.metric_changes import State
from scripts.metrics_diff import Comparison, as_markdown, comparison
from scripts.project import PUBLISHED_FILE, ROOT, Places, UserError

FILE = "pr_summary.md"
LISTED_ISSUES = 20


def page(compared: Comparison, places: Places) -> str:
    """The page in Markdown. The revision compared with must still be checked out."""
    touched = touched_nodes(compared.before, compared.after)
    sections = {
        "Before this is merged": [f"- {problem}" for problem in compared.problems],
        "Metrics": [as_markdown(compared, level="###").rstrip()],
        "Models and seeds": [f"- `{name}`: {what}" for name, what in touched.items()],
        "Exposures": [
            f"- {exposure}, by way of {', '.join(f'`{name}`' for name in names)}"
            for exposure, names in exposures_affected(compared, touched).items()
        ],
        "Coverage": _coverage_table(
            coverage(compared.before, compared.before_root), coverage(compared.after, ROOT)
        ),
        "New data issues": new_issues(places),
    }
    lines = [f"# This change, compared with {compared.base}"]
    for title, content in sections.items():
        if content or title != "Before this is merged":
            lines += ["", f"## {title}", "", *(content or ["None."])]
    return "\n".join(lines) + "\n"


def touched_nodes(before: State, after: State) -> dict[str, str]:
    """Name of each model and seed that isn't what it was → added, removed or changed."""
    touched = {}
    for key in before.rows_of | after.rows_of:
        if key not in before.nodes:
            what = "added"
        elif key not in after.nodes:
            what = "removed"
        elif before.source(key) != after.source(key):
            what = "changed"
        else:
            continue
        touched[key.split(".")[-1]] = what
    return dict(sorted(touched.items()))


def exposures_affected(compared: Comparison, touched: Mapping[str, str]) -> dict[str, list[str]]:
    """Label of each exposure → the changed metrics and models that it reads, at any distance."""
    changed = {*touched, *(name for each in compared.metrics for name in each.change.names)}
    affected: dict[str, set[str]] = {}
    for state in (compared.before, compared.after):
        for exposure in state.manifest["exposures"].values():
            reached = {
                key.split(".")[-1]
                for read in exposure["depends_on"]["nodes"]
                for key in state.upstream_of(read)
            }
            if reached & changed:
                label = exposure["label"] or exposure["name"]
                affected.setdefault(label, set()).update(reached & changed)
    return {label: sorted(names) for label, names in sorted(affected.items())}


def coverage(state: State, root: Path) -> dict[str, str]:
    """How much of a state is tested, described and checked a second time."""
    nodes = state.manifest["nodes"].values()
    models = [node for node in nodes if node["resource_type"] == "model"]
    tests = [node for node in nodes if node["resource_type"] == "test"]
    tested = {test.get("attached_node") for test in tests}
    columns = [
        column
        for model in models
        if model["config"]["access"] == "public"
        for column in model["columns"].values()
    ]
    checked = independent_checks(root)
    return {
        "Models with data tests": _share(
            sum(model["unique_id"] in tested for model in models), len(models)
        ),
        "Data tests": str(len(tests)),
        "Unit tests": str(len(state.manifest["unit_tests"])),
        "Public columns described": _share(
            sum(bool(column["description"]) for column in columns), len(columns)
        ),
        "Metrics with an independent check": _share(
            len(checked & state.public.keys()), len(state.public)
        ),
    }


def independent_checks(root: Path) -> set[str]:
    """The metrics that the project in `root` calculates a second time; none if it can't be said."""
    done = subprocess.run(
        [sys.executable, "-c", "from test_metrics_independent import CHECKS; print(*CHECKS)"],
        cwd=root,
        env={"PYTHONPATH": f"{root}:{root / 'tests' / 'python'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return set(done.stdout.split())


def new_issues(places: Places) -> list[str]:
    """The data issues that are open in the last build and weren't in what was published."""
    open_now = _open_issues(places.work_file)
    known = _open_issues(places.published_file)
    found = [text for key, text in open_now.items() if key not in known]
    more = [f"- and {len(found) - LISTED_ISSUES} more"] if found[LISTED_ISSUES:] else []
    return [f"- {text}" for text in found[:LISTED_ISSUES]] + more


def _open_issues(database: Path) -> dict[str, str]:
    """Issue → a line about it; none if the file or its log of issues isn't there."""
    import duckdb

    if not database.exists():
        return {}
    with duckdb.connect(str(database), read_only=True) as connection:
        try:
            rows = connection.execute(
                """
                select
                    issue_id,
                    severity || ': ' || in_words || ' (' || system
                        || coalesce(', ' || table_name, '') || coalesce('.' || field, '')
                        || coalesce(', ' || record_key, '') || '): ' || detail || ' – ' || owner
                from metadata.fct_data_issues
                where status <> 'closed'
                order by severity, issue_id
                """
            ).fetchall()
        except duckdb.CatalogException:
            return {}
    return dict(rows)


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({100 * part / whole:.0f} %)" if whole else "")


def _coverage_table(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    rows = [f"| {what} | {before[what]} | {after[what]} |" for what in after]
    return ["| | Before | After |", "|---|---:|---:|", *rows]


def command(
    base: Annotated[str, typer.Option(help="Git ref of the state before, e.g. main.")],
    publish_to: Annotated[
        Path, typer.Option(help="The published file whose last build is compared.")
    ] = PUBLISHED_FILE,
) -> None:
    """Write what a change does into target/pr_summary.md; fails as metrics-diff does.

    Example: python -m scripts pr-summary --base main
    """
    places = Places.of(publish_to)
    with comparison(base, places) as compared:
        file = places.target / FILE
        file.write_text(page(compared, places), encoding="utf-8")
    print(f"Written: {file}")
    if compared.problems:
        raise UserError(" ".join(compared.problems))
