"""Remembers which proposed calls to action were pushed, so that none is pushed twice."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from scripts.project import PUBLISHED_FILE, UserError

COLUMNS = ["action_key", "rule_key", "account_id", "pushed_at"]
QUEUE = """
    select action_key, rule_key, account_id, proposed_date
    from marts.rpt_cta_queue
    order by action_key
"""


def push_queue(database: Path, pushes: Path) -> list[str]:
    """Append what the queue proposes and the file doesn't hold yet; gives the keys appended.

    A row is known by its action_key, so the same queue pushed again appends nothing. The file
    is replaced in one step: a killed process leaves it as it was.
    """
    if not database.exists():
        raise UserError(f"There is no queue to push: {database} is missing. Build first.")
    with duckdb.connect(str(database), read_only=True) as connection:
        queue = connection.execute(QUEUE).fetchall()
    rows = _rows(pushes)
    known = {row["action_key"].strip().lower() for row in rows}
    new = [
        dict(zip(COLUMNS, (key, rule, account, f"{day}T00:00:00Z"), strict=True))
        for key, rule, account, day in queue
        if key not in known
    ]
    if new:
        pushes.parent.mkdir(parents=True, exist_ok=True)
        new_file = pushes.with_name(f".{pushes.name}.new")
        with new_file.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows([*rows, *new])
        new_file.replace(pushes)
    return [row["action_key"] for row in new]


def _rows(pushes: Path) -> list[dict[str, str]]:
    if not pushes.exists():
        return []
    with pushes.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise UserError(
                f"{pushes} has no column {missing[0]}. Its columns must be {', '.join(COLUMNS)}: "
                "choose another file, or none, to begin anew."
            )
        return list(reader)


def command(
    to: Annotated[
        Path,
        typer.Option(help="The file of pushes, <RAW_DIR>/success/cta_pushes.csv; made if absent."),
    ],
    published: Annotated[Path, typer.Option(help="The file whose queue is pushed.")] = (
        PUBLISHED_FILE
    ),
) -> None:
    """Append the queue's proposals to the file of pushes, each once.

    The next build on the file leaves them out until their rule's cool-down ends.
    Example: python -m scripts push-queue --to data/success/cta_pushes.csv
    """
    print(f"{len(push_queue(published, to))} proposals pushed to {to}.")
