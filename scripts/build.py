"""The main job: raw data in; tested, audited, published marts and their docs out."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.dbt import Dbt
from scripts.docs import make_docs
from scripts.project import PUBLISHED_FILE, Places, UserError
from scripts.publish import publish


@dataclass
class Phases:
    """Seconds per phase, in the order they ran; each is told when it is done."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started
        print(f"{name:<28}{self.seconds[name]:6.1f} s", flush=True)


def build(raw_dir: Path | None, as_of: str | None, publish_to: Path | None) -> None:
    """Run the whole job; what goes wrong is raised as a UserError and nothing is published."""
    variables = _variables(raw_dir, as_of)
    places = Places.of(publish_to or _default_published_file(raw_dir))
    check_not_locked(places.work_file)
    dbt = Dbt(places, variables)
    phases = Phases()
    with phases.phase("seeds, models and tests"):
        # The demo's raw tables are not loaded into a build on somebody else's data.
        result = dbt.run(
            ["build", "--full-refresh", *(["--exclude", "path:seeds/raw"] if raw_dir else [])]
        )
        dbt.release()
    with phases.phase("publish"):
        tables = publish(places)
    with phases.phase("docs"):
        page = make_docs(dbt)
    _summarise(result, tables, page, places)


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
    except duckdb.IOException as error:
        holder = re.search(r"Conflicting lock is held in (.*?) \(PID (\d+)\)", str(error))
        if holder is None:
            raise UserError(
                f"The work file {work_file} can't be opened: {error} "
                "It can be made anew: `make clean`, then build again."
            ) from None
        raise UserError(
            f"The work file {work_file} is held by another program, {holder[1]} "
            f"(process {holder[2]}); close it, then build again."
        ) from None


def _summarise(result: Any, tables: int, page: Path, places: Places) -> None:
    from rich.console import Console

    done = Counter(r.node.resource_type for r in result.results if r.status in ("success", "pass"))
    console = Console(highlight=False, soft_wrap=True)
    console.print()
    console.print(f"Built      {done['model']} models from {done['seed']} seeds")
    console.print(f"Tests      {done['test'] + done['unit_test']} passed")
    console.print(f"Published  {tables} tables in {places.published_file}")
    console.print(f"Docs       {page}")


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
) -> None:
    """Build, test, audit, publish and document.

    Example: python -m scripts build --raw-dir ~/exports --as-of 2026-06-30
    """
    build(raw_dir, as_of, publish_to)
