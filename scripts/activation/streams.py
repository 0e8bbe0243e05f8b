"""What can be handed over: governed marts, read as they are, and the names that receivers use."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.project import ROOT, UsageError, UserError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FIELDS_FILE = ROOT / "seeds" / "reference" / "activation_fields.csv"

Record = dict[str, Any]


@dataclass(frozen=True)
class Stream:
    """Rows of one public mart. Which columns is said by the reference list activation_fields."""

    name: str
    table: str
    key: str
    rows: str = "true"  # the condition that says which
    is_sent_once: bool = False  # by its key, however it changes; else whenever it changed


CTAS = Stream("ctas", "marts.rpt_cta_queue", "action_key", is_sent_once=True)
HEALTH = Stream(
    "health", "marts.fct_health_scores", "account_id", "is_champion and period_type = 'as_of'"
)
SEGMENTS = Stream("segments", "marts.rpt_account_overview", "account_id")
STREAMS = {stream.name: stream for stream in (CTAS, HEALTH, SEGMENTS)}


@dataclass(frozen=True)
class Fields:
    """The columns of a stream, in order, and what a CRM calls its object and each of them."""

    object_name: str
    names: dict[str, str]


def fields_of(stream: Stream, day: date) -> Fields:
    """The reference list's columns of a stream that are in force on a day."""
    with FIELDS_FILE.open(newline="", encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["stream"] == stream.name
            and row["effective_from"] <= day.isoformat() < (row["effective_to"] or "9999")
        ]
    if stream.key not in [row["column_name"] for row in rows]:
        raise UserError(
            f"{FIELDS_FILE.name} has no row for {stream.key} of {stream.name} in force on {day}; "
            "without it nobody can tell which record is which."
        )
    return Fields(rows[0]["object_name"], {row["column_name"]: row["field_name"] for row in rows})


class Source:
    """The streams of one published file, read-only."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self.connection = connection
        run = connection.execute(
            "select as_of_date from metadata.fct_runs order by started_at desc limit 1"
        ).fetchone()
        if run is None:
            raise UserError("The published file has no record of a build. Build it again.")
        self.as_of: date = run[0]

    def query(self, stream: Stream, names: dict[str, str] | None = None) -> str:
        """SQL of a stream's rows in the order of their key; `names` are other column names."""
        columns = fields_of(stream, self.as_of).names
        chosen = ", ".join(
            f'"{column}" as "{(names or {}).get(column, column)}"' for column in columns
        )
        return f'select {chosen} from {stream.table} where {stream.rows} order by "{stream.key}"'

    def records(self, stream: Stream) -> list[Record]:
        """A stream's rows as JSON has them: dates as ISO texts, decimals as numbers."""
        rows = self.connection.execute(
            f"select to_json(record) from ({self.query(stream)}) as record"
        ).fetchall()
        return [json.loads(row) for (row,) in rows]


@contextmanager
def opened(published_file: Path) -> Iterator[Source]:
    """The streams of a published file; a UserError if it is missing, or too old to have them."""
    import duckdb

    if not published_file.exists():
        raise UserError(f"There is no file {published_file}: run `make build` first.")
    try:
        with duckdb.connect(str(published_file), read_only=True) as connection:
            yield Source(connection)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise UserError(
            f"{published_file} lacks what is to be handed over; build it again. "
            f"DuckDB says: {str(error).splitlines()[0]}"
        ) from None
    except duckdb.IOException as error:
        raise UserError(f"{published_file} can't be read: {error}") from None


def fingerprint(record: Record) -> str:
    """What a record says, in 16 hex digits."""
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stream_named(name: str) -> Stream:
    """The stream of a name; a UsageError if there is none."""
    if name not in STREAMS:
        raise UsageError(f"There is no stream {name!r}; there are {', '.join(STREAMS)}.")
    return STREAMS[name]
