"""Run records: what each published build was made from and what it made, only ever added to."""

import json
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import fingerprints
from scripts.audit import Audit
from scripts.carry import RUN_TABLES, WRITTEN_TABLES, forget_unpublished
from scripts.metrics import Format, written
from scripts.project import PUBLISHED_FILE, ROOT, Places, UserError

ROW_COUNTS = ("rows_read", "rows_kept", "duplicates", "superseded", "rejected")
# Equal inputs and equal outputs have equal marks.
HISTORY = """
    with

    inputs as (
        select
            run_id,
            left(md5(string_agg(fingerprint, '' order by raw_table_id)), 8) as input
        from metadata.fct_run_inputs
        group by run_id
    ),

    outputs as (
        select
            run_id,
            count(*) as tables,
            left(md5(string_agg(fingerprint, '' order by table_name)), 8) as output
        from metadata.fct_run_outputs
        group by run_id
    ),

    closes as (
        select
            run_id,
            string_agg(strftime(month_start, '%Y-%m'), ' ' order by month_start) as closed
        from metadata.fct_month_closes
        group by run_id
    )

    select
        strftime(runs.started_at, '%Y-%m-%d %H:%M:%S') as started_at_utc,
        left(runs.revision, 10) || case when runs.is_dirty then '+' else '' end as revision,
        runs.as_of_date,
        runs.seconds,
        runs.tests_passed,
        runs.tests_warned,
        runs.rules_warned,
        runs.rows_read,
        runs.rejected,
        inputs.input,
        outputs.tables,
        outputs.output,
        closes.closed
    from metadata.fct_runs as runs
    left join inputs on runs.run_id = inputs.run_id
    left join outputs on runs.run_id = outputs.run_id
    left join closes on runs.run_id = closes.run_id
    order by runs.started_at desc
"""


@dataclass
class Run:
    """A build while it runs."""

    variables: dict[str, str]
    started_at: datetime = field(default_factory=lambda: now())
    phase_seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Say what is being done and, once it is done, how many seconds it took."""
        started = time.perf_counter()
        print(f"{name + ' ':.<28}", end=" ", flush=True)
        try:
            yield
        except BaseException:
            print("failed", flush=True)
            raise
        self.phase_seconds[name] = round(time.perf_counter() - started, 1)
        print(f"{self.phase_seconds[name]:5.1f} s", flush=True)

    @property
    def run_id(self) -> str:
        return self.started_at.isoformat(timespec="microseconds") + "Z"


def record(places: Places, run: Run, audited: Audit) -> None:
    """Write the run's record into the work file, which is about to be published."""
    import duckdb

    with duckdb.connect(str(places.work_file)) as connection:
        connection.begin()
        forget_unpublished(connection, places.published_file, RUN_TABLES)
        counted = facts(connection)
        _add(
            connection,
            "fct_runs",
            run_id=run.run_id,
            started_at=run.started_at,
            **_revision(),
            as_of_date=counted["as_of"],
            variables=json.dumps(_told(run.variables), sort_keys=True),
            **{f"{name}_version": version(name) for name in ("duckdb", "metricflow")},
            dbt_version=version("dbt-core"),
            python_version=platform.python_version(),
            seconds=(now() - run.started_at).total_seconds(),
            phase_seconds=json.dumps(run.phase_seconds),
            **_tests(places.run_results),
            rules_held=len(audited.having("passed")),
            rules_warned=len(audited.having("warning")),
            warned_rules="; ".join(each.rule.promise for each in audited.having("warning")) or None,
            **{name: counted[name] for name in ROW_COUNTS},
        )
        for name, (row_count, fingerprint) in fingerprints.of_inputs(connection).items():
            _add(
                connection,
                "fct_run_inputs",
                run_id=run.run_id,
                raw_table_id=name,
                row_count=row_count,
                fingerprint=fingerprint,
            )
        outputs = fingerprints.of_outputs(connection, left_out=WRITTEN_TABLES)
        for name, (row_count, fingerprint) in outputs.items():
            _add(
                connection,
                "fct_run_outputs",
                run_id=run.run_id,
                table_name=name,
                row_count=row_count,
                fingerprint=fingerprint,
            )
        connection.commit()


def _add(connection: Any, table: str, **row: Any) -> None:
    marks = ", ".join("?" * len(row))
    connection.execute(
        f"insert into metadata.{table} ({', '.join(row)}) values ({marks})", list(row.values())
    )


def now() -> datetime:
    """The moment in UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def _revision() -> dict[str, Any]:
    """The project's git commit, and whether a file differs from it."""
    try:
        revision = _git("rev-parse", "HEAD")
        return {"revision": revision, "is_dirty": bool(_git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return {"revision": "none", "is_dirty": None}


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _told(variables: dict[str, str]) -> dict[str, str]:
    """The vars without where folders lie on somebody's machine."""
    return {
        name: Path(value).name if name.endswith("_dir") else value
        for name, value in variables.items()
    }


def _tests(run_results: Path) -> dict[str, Any]:
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    tests = [result for result in results if result["unique_id"].startswith("test.")]
    warned = sorted(
        result["unique_id"].split(".")[2] for result in tests if result["status"] == "warn"
    )
    return {
        "tests_passed": sum(result["status"] == "pass" for result in tests),
        "tests_warned": len(warned),
        "warned_tests": ", ".join(warned) or None,
    }


def facts(connection: Any) -> dict[str, Any]:
    """The as-of date, the newest record up to it, and what became of the raw rows."""
    cursor = connection.execute(
        """
        with

        as_of as (
            select max(observation_date) as as_of
            from intermediate.int_observation_dates_listed
        ),

        records as (
            select cast(issued_at as date) as record_date from staging.stg_billing__invoices
            union all
            select effective_from from staging.stg_billing__subscription_charges
            union all
            select activity_date from staging.stg_usage__activity
        ),

        newest as (
            select max(record_date) as newest_record
            from records
            where record_date <= (select as_of from as_of)
        ),

        rows_counted as (
            select
                sum(rows_read) as rows_read,
                sum(rows_kept) as rows_kept,
                sum(duplicates) as duplicates,
                sum(superseded) as superseded,
                sum(rejected) as rejected
            from metadata.fct_raw_row_accounting
        )

        select * from as_of cross join newest cross join rows_counted
        """
    )
    return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))


def command(
    published_file: Annotated[
        Path, typer.Option(help="The published file whose history is shown.")
    ] = PUBLISHED_FILE,
    output: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.table,
) -> None:
    """List the builds that were published into a file, the last one first.

    Example: python -m scripts history --format json
    """
    import duckdb

    if not published_file.exists():
        raise UserError(f"There is no published file {published_file}. Build first.")
    try:
        with duckdb.connect(str(published_file), read_only=True) as connection:
            history = connection.execute(HISTORY)
            columns = [column[0] for column in history.description]
            rows = [list(row) for row in history.fetchall()]
    except duckdb.CatalogException:
        raise UserError(
            f"{published_file} was published before builds left a record. Build again."
        ) from None
    except duckdb.Error as error:
        raise UserError(f"{published_file} can't be read. DuckDB says: {error}") from None
    print(written(output, columns, rows))
