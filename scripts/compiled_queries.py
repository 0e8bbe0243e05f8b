"""Keeps the SQL that metric queries were compiled to, for the next process that asks the same.

Compiling takes MetricFlow 30 to 80 ms a query and depends on nothing but the definitions and the
question, so a build's answers serve the metric export, the pages and the tests after it, on every
engine.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from importlib.metadata import version

from scripts.project import ROOT

FILE = ROOT / "work" / "compiled_queries.sqlite"
MOST_REMEMBERED = 5_000  # queries of about 2 kB; a build asks some hundred


class CompiledQueries:
    """The compiled queries of one text of definitions."""

    def __init__(self, definitions: str) -> None:
        """`definitions` is the semantic manifest; another one has queries of its own."""
        self._definitions = _hash(f"{version('metricflow')} {definitions}")

    def sql(self, question: object, compile_it: Callable[[], dict[str, str]]) -> dict[str, str]:
        """The SQL of `question`, by dialect; the same question is one that prints the same."""
        key = _hash(f"{question!r} {self._definitions}")
        # Another process may be writing, or the folder be read-only: then it is compiled anew.
        with suppress(sqlite3.Error), closing(sqlite3.connect(FILE)) as connection, connection:
            connection.execute("create table if not exists queries (key primary key, sql)")
            known = connection.execute("select sql from queries where key = ?", [key]).fetchone()
            if known:
                return json.loads(known[0])
        compiled = compile_it()
        with suppress(sqlite3.Error), closing(sqlite3.connect(FILE)) as connection, connection:
            kept = key, json.dumps(compiled)
            connection.execute("insert or ignore into queries values (?, ?)", kept)
            # Whoever filters by ever other values must not fill the disk.
            connection.execute(
                "delete from queries where rowid <= (select max(rowid) - ? from queries)",
                [MOST_REMEMBERED],
            )
        return compiled


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
