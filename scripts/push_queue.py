"""Notes proposed calls to action as pushed, for who loads them from a file."""

from pathlib import Path
from typing import Annotated

import typer

from scripts.ledger import PUSH_COLUMNS, Ledger, key_of, push_row
from scripts.project import PUBLISHED_FILE, UserError

QUEUE = """
    select action_key, rule_key, account_id, proposed_date
    from marts.rpt_cta_queue
    order by action_key
"""


def push_queue(database: Path, pushes: Path) -> list[str]:
    """Append what the queue proposes and the file doesn't hold yet; gives the keys appended.

    It is the ledger that `activate push ctas` keeps too: a row is known by its action_key, so the
    same queue pushed again, in either way, appends nothing.
    """
    import duckdb

    if not database.exists():
        raise UserError(f"There is no queue to push: {database} is missing. Build first.")
    with duckdb.connect(str(database), read_only=True) as connection:
        queue = connection.execute(QUEUE).to_arrow_table().to_pylist()
    ledger = Ledger(pushes, PUSH_COLUMNS)
    with ledger.locked():
        known = ledger.rows()
        new = [row for row in queue if key_of(row["action_key"]) not in known]
        if new:
            ledger.note(map(push_row, new))
    return [row["action_key"] for row in new]


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
