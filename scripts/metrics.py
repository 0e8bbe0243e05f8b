"""The commands of the semantic layer: list the metrics, query them, export the saved queries."""

import csv
import io
import json
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.project import PUBLISHED_FILE, Places, UsageError

app = typer.Typer(help="List and query the governed metrics.", no_args_is_help=True)

WORK_FILE = Places.of().work_file
Database = Annotated[
    Path, typer.Option(help="The DuckDB file to read: a published file or a work file.")
]


class Format(StrEnum):
    """How a result is written."""

    table = "table"
    csv = "csv"
    json = "json"


@app.command("list")
def list_command(
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything: formula, dimensions, owner, target …")
    ] = False,
    database: Database = PUBLISHED_FILE,
) -> None:
    """List the metrics.

    Example: python -m scripts metrics list --json
    """
    from scripts.metrics_engine import MetricsEngine

    metrics = MetricsEngine(database).list_metrics()
    if as_json:
        print(json.dumps([asdict(metric) for metric in metrics], indent=2, default=str))
        return
    columns = ["metric", "label", "type", "unit", "formula"]
    rows = [[m.name, m.label, m.type, m.meta.get("unit"), m.formula] for m in metrics]
    print(as_table(columns, rows))


@app.command("query")
def query_command(
    metrics: Annotated[str, typer.Option(help="Metric names with commas between them.")],
    group_by: Annotated[str, typer.Option(help="E.g. metric_time__month,account__segment.")] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(help="A condition such as \"account__segment = 'smb'\"; may be repeated."),
    ] = None,
    order_by: Annotated[
        str, typer.Option(help="Columns of the result, - before one for descending.")
    ] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many rows.")] = None,
    start: Annotated[str | None, typer.Option(help="First day, yyyy-mm-dd, inclusive.")] = None,
    end: Annotated[str | None, typer.Option(help="Last day, yyyy-mm-dd, inclusive.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.table,
    explain: Annotated[bool, typer.Option(help="Show the SQL instead of running it.")] = False,
    database: Database = PUBLISHED_FILE,
) -> None:
    """Query metrics.

    Example: python -m scripts metrics query --metrics mrr,net_revenue_retention
    --group-by metric_time__month,account__segment --where "metric_time__month >= '2026-01-01'"
    """
    from scripts.metrics_engine import MetricsEngine

    arguments: dict[str, Any] = {
        "metrics": _names(metrics),
        "group_by": _names(group_by),
        "where": where or [],
        "order_by": _names(order_by),
        "limit": limit,
        "start": _day("--start", start),
        "end": _day("--end", end),
    }
    engine = MetricsEngine(database)
    if explain:
        print(engine.explain(**arguments))
        return
    result = engine.query(**arguments)
    print(written(output, result.column_names, [list(row.values()) for row in result.to_pylist()]))


@app.command("export")
def export_command(
    database: Annotated[Path, typer.Option(help="The work file of a build.")] = WORK_FILE,
) -> None:
    """Write the saved queries into schema `metrics` of the work file.

    `build` does it before the audit. Example: python -m scripts metrics export
    """
    from scripts.metrics_export import export_saved_queries

    for table, rows in export_saved_queries(database).items():
        print(f"{table}: {rows} rows")


def written(output: Format, columns: list[str], rows: list[list[Any]]) -> str:
    """A result in the form that was asked for."""
    writers = {Format.table: as_table, Format.csv: as_csv, Format.json: as_json_rows}
    return writers[output](columns, rows)


def as_table(columns: list[str], rows: list[list[Any]]) -> str:
    """Columns side by side; numbers to the right, an unknown value empty, ratios to 4 places."""
    cells = [columns, *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    numeric = [
        any(isinstance(row[i], int | float | Decimal) for row in rows) for i in range(len(columns))
    ]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines if rows else [*lines, "(no rows)"])


def as_csv(columns: list[str], rows: list[list[Any]]) -> str:
    """CSV with a header; an unknown value is empty, money keeps its decimals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def as_json_rows(columns: list[str], rows: list[list[Any]]) -> str:
    """A list of objects; money is a number, a date its ISO text, an unknown value null."""
    return json.dumps(
        [dict(zip(columns, row, strict=True)) for row in rows], indent=2, default=json_value
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}"
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return f"{value:,}"
    return str(value)


def json_value(value: Any) -> Any:
    """What json.dumps writes for a value that JSON has no form of."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"No JSON for {type(value).__name__}")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _day(option: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(
            f"{option}: {text!r} is not a date; write it as yyyy-mm-dd, e.g. 2026-06-30."
        ) from None
