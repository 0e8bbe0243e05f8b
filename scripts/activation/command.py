"""The commands of activation: write a stream into files, or push it to a receiver."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from scripts.activation.push import Book, push
from scripts.activation.shapes import SHAPES, bulk_job
from scripts.activation.streams import STREAMS, fields_of, opened, stream_named
from scripts.delivery import Receiver
from scripts.project import PUBLISHED_FILE, UsageError, UserError, sibling
from scripts.publish import put

app = typer.Typer(
    help="Hand calls to action, health and segments to the tools where people work.",
    no_args_is_help=True,
)

Published = Annotated[Path, typer.Option(help="The published file to read.")]
BULK_CSV = "format csv, nullstr '#N/A'"  # an empty field would leave what is there


@app.command("files")
def files_command(
    to: Annotated[
        Path | None, typer.Option(help="The folder; bellwether.activation/ by default.")
    ] = None,
    published_file: Published = PUBLISHED_FILE,
) -> None:
    """Write every stream as CSV, JSON lines and a Salesforce bulk upsert (CSV and job).

    Calls to action that somebody loads from the file are noted with `push-queue`.
    Example: python -m scripts activate files
    """
    folder = to or sibling(published_file, "activation")
    for path in write_files(published_file, folder):
        print(path)


@app.command("push")
def push_command(
    stream: Annotated[str, typer.Argument(help=f"One of {', '.join(STREAMS)}.")],
    receiver: Annotated[
        str,
        typer.Option(
            help="Its name. BELLWETHER_<NAME>_URL holds its address, BELLWETHER_<NAME>_TOKEN "
            "a bearer token, if it wants one."
        ),
    ] = "crm",
    shape: Annotated[str, typer.Option(help=f"One of {', '.join(SHAPES)}.")] = "plain",
    batch_size: Annotated[
        int, typer.Option(min=1, help="At most so many records a request.")
    ] = 200,
    pushes: Annotated[
        Path | None,
        typer.Option(help="For ctas: the file of pushes, <RAW_DIR>/success/cta_pushes.csv."),
    ] = None,
    retry_dead_letters: Annotated[
        bool, typer.Option(help="Send again what was refused, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be sent; send nothing.")] = False,
    published_file: Published = PUBLISHED_FILE,
) -> None:
    """Push what is new or has changed since the last push to a receiver.

    After a crash or a failure, the same command goes on where it was.
    Example: python -m scripts activate push health --receiver crm --shape salesforce
    """
    chosen = stream_named(stream)
    if shape not in SHAPES:
        raise UsageError(f"There is no shape {shape!r}; there are {', '.join(SHAPES)}.")
    if not re.fullmatch("[a-z][a-z0-9_]*", receiver):
        raise UsageError(f"--receiver: {receiver!r} must be lower-case letters, digits and _.")
    if chosen.is_sent_once != (pushes is not None):
        raise UsageError(
            "--pushes goes with ctas, and ctas need it: the file that remembers which were pushed, "
            "so that builds propose them no more (<RAW_DIR>/success/cta_pushes.csv)."
        )
    if batch_size > SHAPES[shape].largest_batch:
        raise UsageError(
            f"--batch-size: {shape} takes at most {SHAPES[shape].largest_batch} records a request."
        )
    with opened(published_file) as source:
        records = source.records(chosen)
        fields = fields_of(chosen, source.as_of)
    book = Book(chosen, sibling(published_file, "activation") / receiver, pushes)
    if dry_run:
        pending = book.pending(records, retry_dead_letters)
        print(f"{len(pending)} of {len(records)} records of {stream} would be sent.")
        if pending:
            print(SHAPES[shape].request(chosen, fields, pending[:1]))
        return
    to = Receiver(f"BELLWETHER_{receiver.upper()}_URL", f"BELLWETHER_{receiver.upper()}_TOKEN")
    done = push(book, records, fields, to, shape, batch_size, retry_dead_letters)
    print(f"{len(done.accepted)} of {len(records)} records of {stream} pushed to {receiver}.")
    if done.refused:
        raise UserError(
            f"{len(done.refused)} records were refused, {done.refused[0]} the first; "
            f"{book.dead_letter_file} says why. A record that changes is sent again."
        )


def write_files(published_file: Path, folder: Path) -> list[Path]:
    """Write every stream of a published file into a folder; gives the files written.

    <stream>.csv and <stream>.jsonl have the columns' own names; <stream>.bulk.csv has the CRM's,
    for the job <stream>.bulk_job.json. Each is replaced in one step.
    """
    with opened(published_file) as source, TemporaryDirectory() as unfinished:
        for stream in STREAMS.values():
            fields = fields_of(stream, source.as_of)
            job = json.dumps(bulk_job(stream, fields), indent=2) + "\n"
            Path(unfinished, f"{stream.name}.bulk_job.json").write_text(job, encoding="utf-8")
            for suffix, query, form in (
                ("csv", source.query(stream), "format csv"),
                ("jsonl", source.query(stream), "format json"),
                ("bulk.csv", source.query(stream, fields.names), BULK_CSV),
            ):
                path = Path(unfinished, f"{stream.name}.{suffix}")
                source.connection.execute(f"copy ({query}) to '{path}' ({form})")
        written = sorted(Path(unfinished).iterdir())
        for path in written:
            put(path, folder / path.name)
    return [folder / path.name for path in written]
