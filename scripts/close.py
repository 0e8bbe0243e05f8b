"""Closes a month: freezes what was published of it, for ever."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import fingerprints
from scripts.audit import audit
from scripts.build import check_not_locked
from scripts.carry import CLOSE_TABLES, RUN_TABLES, WRITTEN_TABLES, forget_unpublished
from scripts.dbt import Dbt
from scripts.project import PUBLISHED_FILE, Places, UsageError, UserError
from scripts.publish import publish
from scripts.runs import now

# `?` is the month's first day.
FROZEN = {
    "fct_closed_metrics": """
        select
            ? as month_start,
            computed.*,
            min(metric_values.month_start) as first_month
        from metadata.fct_metric_fingerprints as computed
        left join metadata.fct_metric_values as metric_values
            on computed.metric_name = metric_values.metric_name
        group by all
    """,
    "fct_closed_metric_values": """
        select
            metric_values.month_start,
            metric_values.metric_name,
            metric_values.segment,
            metric_values.value,
            computed.version,
            computed.definition_fingerprint
        from metadata.fct_metric_values as metric_values
        inner join metadata.fct_metric_fingerprints as computed
            on metric_values.metric_name = computed.metric_name
        where metric_values.month_start = ?
    """,
    "fct_closed_source_rows": """
        select ? as month_start, * from intermediate.int_source_rows_changed
    """,
}


def close(places: Places, month: str) -> int:
    """Freeze a month's published values and publish that; gives their number.

    All or nothing: until the new published file is in place nothing is closed, and what a killed
    process left in the work file is forgotten.
    """
    import duckdb

    month_start = _month(month)
    Dbt.of_last_build(places)
    check_not_locked(places.work_file)
    with duckdb.connect(str(places.work_file)) as connection:
        run_id, as_of = _last_run(connection, places)
        _require_next(connection, month_start, as_of)
    audited = audit(places)
    audited.raise_errors()
    with duckdb.connect(str(places.work_file)) as connection:
        connection.begin()
        added = {}
        for table, sql in FROZEN.items():
            (added[table],) = connection.execute(
                f"insert into metadata.{table} by name {sql}", [month_start]
            ).fetchone()
        connection.execute(
            "insert into metadata.fct_month_closes "
            "(month_start, closed_at, run_id, as_of_date, metrics, metric_values, source_rows) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            [month_start, now(), run_id, as_of, *added.values()],
        )
        connection.commit()
    publish(places, audited.report)
    return added["fct_closed_metric_values"]


def _month(text: str) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}", text):
            raise ValueError
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise UsageError(
            f"MONTH: {text!r} is not a month; write it as yyyy-mm, e.g. 2026-05."
        ) from None


def _last_run(connection: Any, places: Places) -> tuple[str, date]:
    """Id and as-of date of the build published last; the work file has to hold just that."""
    import duckdb

    again = f"Build {places.published_file} again, then close."
    if not places.published_file.exists():
        raise UserError(f"Nothing is published yet. {again}")
    try:
        forget_unpublished(connection, places.published_file, [*RUN_TABLES, *CLOSE_TABLES])
        last = connection.execute(
            "select run_id, as_of_date from metadata.fct_runs order by started_at desc limit 1"
        ).fetchone()
    except duckdb.CatalogException:  # of a version that knew no closes
        last = None
    if last is None:
        raise UserError(f"The last build left no record of itself. {again}")
    recorded = {
        kind: connection.execute(
            f"select {name}, row_count, fingerprint from metadata.fct_run_{kind} where run_id = ?",
            [last[0]],
        ).fetchall()
        for kind, name in (("inputs", "raw_table_id"), ("outputs", "table_name"))
    }
    found = {
        "inputs": fingerprints.of_inputs(connection),
        "outputs": fingerprints.of_outputs(connection, left_out=WRITTEN_TABLES),
    }
    for kind, rows in recorded.items():
        differing = set(rows) ^ {(name, *values) for name, values in found[kind].items()}
        if differing:
            names = ", ".join(sorted({name for name, *_ in differing})[:5])
            raise UserError(f"The work file is not what was published last: {names}. {again}")
    return last


def _require_next(connection: Any, month_start: date, as_of: date) -> None:
    """Raise unless the month is over, has values and follows the one closed last."""
    month = f"{month_start:%Y-%m}"
    following = (month_start + timedelta(days=31)).replace(day=1)
    if following > as_of + timedelta(days=1):
        raise UserError(
            f"{month} isn't over as of {as_of}, the date of the last build, so it can't be closed."
        )
    (last_closed,) = connection.execute(
        "select max(month_start) from metadata.fct_month_closes"
    ).fetchone()
    if last_closed is not None:
        if month_start <= last_closed:
            raise UserError(
                f"{month} can't be closed: months up to {last_closed:%Y-%m} are, and what was "
                "closed stays as it was. metadata.rpt_restatements shows what differs today."
            )
        expected = (last_closed + timedelta(days=31)).replace(day=1)
        if month_start != expected:
            raise UserError(
                f"{month} can't be closed yet: {expected:%Y-%m} is next, after {last_closed:%Y-%m}."
            )
    (values,) = connection.execute(
        "select count(value) from metadata.fct_metric_values where month_start = ?", [month_start]
    ).fetchone()
    if not values:
        raise UserError(f"{month} can't be closed: no metric has a value for it.")


def command(
    month: Annotated[str, typer.Option(help="The month to close, yyyy-mm.")],
    publish_to: Annotated[
        Path, typer.Option(help="The published file whose month is closed.")
    ] = PUBLISHED_FILE,
) -> None:
    """Freeze the published values of a month that is over, for ever.

    Example: python -m scripts close --month 2026-05
    """
    places = Places.of(publish_to)
    values = close(places, month)
    print(f"Closed {month}: {values:,} values are kept as published in {places.published_file}.")
