"""The main job: raw data in; tested, audited, published marts and their docs out."""

import re
from collections import Counter
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.audit import Audit, audit
from scripts.carry import carry
from scripts.dbt import Dbt
from scripts.docs import make_docs
from scripts.metric_inputs import write_metric_inputs
from scripts.postgres import build_on_postgres
from scripts.project import PUBLISHED_FILE, Places, UsageError, UserError, sibling
from scripts.publish import publish
from scripts.raw_inputs import require_good_inputs
from scripts.runs import Run, facts, record


def build(raw_dir: Path | None, as_of: str | None, publish_to: Path | None) -> None:
    """Run the whole job; what goes wrong is raised as a UserError and nothing is published."""
    variables = _variables(raw_dir, as_of)
    for remark in require_good_inputs(raw_dir) if raw_dir else []:
        print(f"Note: {remark}")
    places = Places.of(publish_to or _default_published_file(raw_dir))
    check_not_locked(places.work_file)
    dbt = Dbt(places, variables)
    run = Run(variables)
    with run.phase("seeds, models and tests"):
        # From scratch, so that nothing of another as-of date or another folder stays behind,
        # except what was published once for all.
        # Unit tests try the SQL on examples of their own, the same ones at every build, so they are
        # run by `make test`. A folder's build doesn't need the demo's raw tables either.
        left_out = ["resource_type:unit_test", *(["path:seeds/raw"] if raw_dir else [])]
        carry(places)
        dbt.parse()
        write_metric_inputs(places, variables)
        result = dbt.run(["build", "--full-refresh", "--exclude", *left_out])
        dbt.release()
    for remark in dbt.remarks:
        print(f"Note: {remark}")
    with run.phase("metrics"):
        from scripts.metrics_export import export_saved_queries

        export_saved_queries(places.work_file, places.semantic_manifest)
    with run.phase("audit"):
        audited = audit(places)
    audited.raise_errors()
    with run.phase("publish"):
        record(places, run, audited)
        tables = publish(places, audited.report)
    with run.phase("docs"):
        page = make_docs(dbt)
    _summarise(result, dbt, audited, tables, page)


def _variables(raw_dir: Path | None, as_of: str | None) -> dict[str, str]:
    variables = {}
    if raw_dir:
        if not as_of:
            raise UserError(
                "RAW_DIR needs AS_OF, the date everything is computed as of: "
                "make build RAW_DIR=<folder> AS_OF=<yyyy-mm-dd>."
            )
        if not raw_dir.is_dir():
            raise UserError(f"RAW_DIR: there is no folder {raw_dir}.")
        variables |= {"raw_source": "files", "raw_dir": str(raw_dir.resolve())}
    if as_of:
        variables["as_of_date"] = _date(as_of).isoformat()
    return variables


def _date(text: str) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"AS_OF: {text!r} is not a date; write it as yyyy-mm-dd, e.g. 2026-06-30."
        ) from None


def _default_published_file(raw_dir: Path | None) -> Path:
    if raw_dir is None:
        return PUBLISHED_FILE
    return PUBLISHED_FILE.with_name(f"{raw_dir.resolve().name}.duckdb")


def check_not_locked(work_file: Path) -> None:
    """Raise when another program holds the work file, naming it."""
    import duckdb

    if not work_file.exists():
        return
    try:
        duckdb.connect(str(work_file)).close()
    except duckdb.Error as error:
        holder = re.search(r"Conflicting lock is held in (.*?) \(PID (\d+)\)", str(error))
        if holder is None:
            raise UserError(
                f"The work file {work_file} can't be opened; delete it and build again. "
                f"DuckDB says: {error}"
            ) from None
        raise UserError(
            f"The work file {work_file} is held by another program, {holder[1]} "
            f"(process {holder[2]}); close it, then build again."
        ) from None


def _summarise(result: Any, dbt: Dbt, audited: Audit, tables: int, page: Path) -> None:
    """Print what was made, from what, and where it is."""
    import duckdb

    places = dbt.places
    done = Counter(r.node.resource_type for r in result.results if r.status in ("success", "pass"))
    with duckdb.connect(str(places.work_file), read_only=True) as connection:
        counted = facts(connection)
    report = sibling(places.published_file, "audit.html")
    lines = {
        "Built": f"{done['model']} models, {done['seed']} seeds, as of {counted['as_of']}"
        + _after_last_record(counted),
        "Rows": f"{counted['rows_read']:,} read = {counted['rows_kept']:,} kept + "
        f"{counted['duplicates']:,} duplicates + {counted['superseded']:,} superseded + "
        f"{counted['rejected']:,} rejected",
        "Tests": f"{done['test']} passed"
        + (f", {len(dbt.warnings)} warnings in {places.logs / 'dbt.log'}" if dbt.warnings else ""),
        "Audit": f"{audited.in_short}: {report}",
        "Published": f"{tables} tables: {places.published_file}",
        "Docs": str(page),
        "Dictionary": str(sibling(places.published_file, "dictionary.html")),
    }
    print()
    for label, text in lines.items():
        print(f"{label:<10} {text}")


def _after_last_record(counted: dict[str, Any]) -> str:
    """A remark when the as-of date is a month or more after everything that is known."""
    quiet_days = (counted["as_of"] - counted["newest_record"]).days
    if quiet_days < 31:
        return ""
    return f" ({quiet_days} days after the newest record, {counted['newest_record']})"


class Target(StrEnum):
    """Where models are built: the outputs of profiles.yml."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"


def command(
    raw_dir: Annotated[
        Path | None,
        typer.Option(help="Folder with <system>/<object>.csv or .parquet; default: the demo."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Compute everything as of this date, yyyy-mm-dd.")
    ] = None,
    publish_to: Annotated[
        Path | None,
        typer.Option(help="The published file; default: published/<name of the folder>.duckdb."),
    ] = None,
    target: Annotated[
        Target, typer.Option(help="Where to build; on postgres, build and test only.")
    ] = Target.DUCKDB,
) -> None:
    """Build, test, audit, publish and document.

    Example: python -m scripts build --raw-dir ~/exports --as-of 2026-06-30
    """
    if target is Target.DUCKDB:
        build(raw_dir, as_of, publish_to)
    elif raw_dir or publish_to:
        raise UsageError(
            "A build on PostgreSQL reads no RAW_DIR and has no file to PUBLISH_TO: "
            "docs/postgresql.md says how it reads your own tables."
        )
    else:
        build_on_postgres(_variables(None, as_of))
