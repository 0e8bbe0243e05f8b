"""Remembers in a CSV file what was sent; one row a key, replaced in one step."""

from __future__ import annotations

import csv
import fcntl
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.project import UserError
from scripts.publish import put_text

PUSH_COLUMNS = ["action_key", "rule_key", "account_id", "pushed_at"]  # of raw success.cta_pushes


class Ledger:
    """A file of rows that are known by their first column."""

    def __init__(self, path: Path, columns: list[str]) -> None:
        self.path, self.columns = path, columns

    def rows(self) -> dict[str, dict[str, str]]:
        """The rows by key, lower case and without spaces around; none if there is no file."""
        return {self._key(row): row for row in self._read()[1]}

    def note(self, rows: Iterable[dict[str, str]]) -> None:
        """Add rows, each in place of the rows of its key; a killed process leaves all or none."""
        columns, before = self._read()
        added = {self._key(row): row for row in rows}
        kept = [row for row in before if self._key(row) not in added]
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*kept, *added.values()])
        put_text(text.getvalue(), self.path)

    def _read(self) -> tuple[list[str], list[dict[str, str]]]:
        if not self.path.exists():
            return self.columns, []
        with self.path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns, rows = list(reader.fieldnames or []), list(reader)
        missing = [name for name in self.columns if name not in columns]
        if missing:
            raise UserError(
                f"{self.path} has no column {missing[0]}. Its columns must be "
                f"{', '.join(self.columns)}: choose another file, or none, to begin anew."
            )
        for number, row in enumerate(rows, start=1):
            if None in row or None in row.values():
                raise UserError(
                    f"{self.path}: row {number} has not as many values as there are columns. "
                    "Mend it first; nothing was sent."
                )
        return columns, rows

    def _key(self, row: dict[str, str]) -> str:
        return key_of(row[self.columns[0]])

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the file against other processes; a UserError if one has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f".{self.path.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(
                    f"Another process is pushing by {self.path}; wait until it has ended."
                ) from None
            yield


def key_of(text: str) -> str:
    """A key as it is compared."""
    return text.strip().lower()


def push_row(proposal: dict[str, Any]) -> dict[str, str]:
    """A proposed call to action as a row of the file of pushes, pushed on the as-of date."""
    return {
        "action_key": proposal["action_key"],
        "rule_key": proposal["rule_key"],
        "account_id": proposal["account_id"],
        "pushed_at": f"{proposal['proposed_date']}T00:00:00Z",
    }
