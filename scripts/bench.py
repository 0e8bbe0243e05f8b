"""How long each part of a build takes, and what dbt adds to the SQL it runs."""

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.audit import audit
from scripts.dbt import Dbt
from scripts.docs import make_docs
from scripts.project import CATALOG, ROOT, Places
from scripts.publish import publish

FOLDER = ROOT / "work" / "bench"


def bench_demo() -> None:
    """Print the seconds of each phase of the demo's build, and its ten slowest models."""
    print("The demo")
    places = Places.of(FOLDER / "demo.duckdb")
    dbt = Dbt(places)
    _timed("parse", dbt.parse)
    results = {}
    for name, command in {
        "seeds": ["seed", "--full-refresh"],
        "models": ["run", "--full-refresh"],
        "tests": ["test"],
    }.items():
        results[name] = _timed(name, lambda command=command: dbt.run(command))
    dbt.release()
    audited = _timed("audit", lambda: audit(places))
    _timed("publish", lambda: publish(places, audited.report))
    _timed("docs", lambda: make_docs(dbt))
    print("\nThe ten slowest models")
    slowest = sorted(results["models"].results, key=lambda result: -result.execution_time)
    for result in slowest[:10]:
        _tell(result.node.name, result.execution_time)


def bench_dbt_overhead(accounts: int, months: int) -> None:
    """Print the models' time under dbt beside that of their compiled SQL alone, on a big demo.

    The company is written once, as Parquet, and kept in work/bench.
    """
    print(f"\n{accounts:,} accounts, {months} months")
    raw_dir = FOLDER / f"raw_{accounts}_accounts_{months}_months"
    if not raw_dir.exists():
        _timed("write the raw data", lambda: _write_raw(raw_dir, accounts, months))
    places = Places.of(FOLDER / f"{raw_dir.name}.duckdb")
    dbt = Dbt(places, {"raw_source": "files", "raw_dir": str(raw_dir)})
    dbt.run(["seed", "--full-refresh", "--exclude", "path:seeds/raw"])
    run = dbt.run(["run", "--full-refresh"])
    dbt.release()
    under_dbt = _span(run.results)
    alone = _run_alone(run.results, places)
    _tell("models under dbt", under_dbt)
    _tell("the same SQL alone", alone)
    print(f"  {'ratio':<44}{under_dbt / alone:7.2f}")


def _write_raw(raw_dir: Path, accounts: int, months: int) -> None:
    from scripts.demo.command import command as write_demo_data

    unfinished = raw_dir.with_suffix(".new")  # a folder of the right name is a whole one
    shutil.rmtree(unfinished, ignore_errors=True)
    # 1.3: five million rows of activity at 10,000 accounts and 36 months
    write_demo_data(accounts=accounts, months=months, usage=1.3, format="parquet", out=unfinished)
    unfinished.rename(raw_dir)


def _span(results: Sequence[Any]) -> float:
    """Seconds from the start of the first model to the end of the last."""
    timings = [timing for result in results for timing in result.timing]
    first, last = min(t.started_at for t in timings), max(t.completed_at for t in timings)
    return (last - first).total_seconds()


def _run_alone(results: Sequence[Any], places: Places) -> float:
    """Seconds that the models' compiled SQL takes through one connection to a fresh file."""
    import duckdb

    alone = places.work_file.parent / "alone" / f"{CATALOG}.duckdb"
    shutil.rmtree(alone.parent, ignore_errors=True)
    alone.parent.mkdir()
    with duckdb.connect(str(alone)) as connection:
        connection.execute("set enable_progress_bar = false")
        _copy_reference(connection, places.work_file)
        for schema in {result.node.schema for result in results}:
            connection.execute(f"create schema if not exists {schema}")
        started = time.perf_counter()
        for result in sorted(results, key=lambda result: result.timing[0].started_at):
            kind = "view" if result.node.config.materialized == "view" else "table"
            connection.execute(
                f"create {kind} {result.node.relation_name} as {result.node.compiled_code}"
            )
        return time.perf_counter() - started


def _copy_reference(connection: Any, work_file: Path) -> None:
    """Copy the reference seeds, which are no part of the models' time."""
    connection.execute(f"attach '{work_file}' as built (read_only)")
    connection.execute("create schema reference")
    tables = connection.execute(
        "select table_name from duckdb_tables() "
        "where database_name = 'built' and schema_name = 'reference'"
    ).fetchall()
    for (table,) in tables:
        connection.execute(f"create table reference.{table} as from built.reference.{table}")
    connection.execute("detach built")


def _timed(name: str, work: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    result = work()
    _tell(name, time.perf_counter() - started)
    return result


def _tell(name: str, seconds: float) -> None:
    print(f"  {name:<44}{seconds:7.2f} s", flush=True)


def command(
    accounts: Annotated[int, typer.Option(help="Accounts of the big company.")] = 10_000,
    months: Annotated[int, typer.Option(help="Months of the big company.")] = 36,
) -> None:
    """Time each part of the demo's build, and a big company's models beside their SQL alone.

    Everything stays in work/bench; a company once written is used again.
    Example: python -m scripts bench --accounts 1000
    """
    bench_demo()
    bench_dbt_overhead(accounts, months)
