"""`make pack` and `make qbr`: the pack of a week or month, the business review of an account."""

import json
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from scripts.project import PUBLISHED_FILE, UsageError, sibling

Published = Annotated[
    Path, typer.Option(help="The published file that is read; the pack is written beside it.")
]


def make_pack(published_file: Path, week: str | None, month: str | None) -> tuple[list[Path], bool]:
    """Write the pack of a week (its Sunday, yyyy-mm-dd) or a month (yyyy-mm).

    Gives the files and whether a PDF is among them. Raises a UsageError for a period that is badly
    written, not over or without data, a UserError for a published file that is missing or old.
    """
    from scripts.metrics_engine import MetricsEngine
    from scripts.pack import period as periods
    from scripts.pack.commentary import sentences
    from scripts.pack.contents import document
    from scripts.pack.drafts import with_edits
    from scripts.pack.facts import packs_folder, period_facts, told_file
    from scripts.pack.write import put_bytes, write_document

    if bool(week) == bool(month):
        raise UsageError("Name one period: WEEK=2026-06-28, a Sunday, or MONTH=2026-06.")
    period = periods.week_ending(week) if week else periods.month(month or "")
    published_file = published_file.resolve()
    engine = MetricsEngine(published_file)
    try:
        facts = period_facts(engine, published_file, period)
    finally:
        engine.close()
    folder = packs_folder(published_file) / period.name
    commentary = with_edits(sentences(facts), folder / "commentary.md")
    files = write_document(document(facts, commentary), folder, "pack", published_file)
    put_bytes(commentary.text.encode(), folder / "commentary.md")
    told = told_file(published_file, period)
    by_run = json.loads(told.read_text(encoding="utf-8")) if told.exists() else {}
    by_run[facts.run_id] = {
        each.metric: None if each.value is None else str(each.value) for each in facts.headlines
    }
    put_bytes(json.dumps(by_run, indent=1, sort_keys=True).encode(), told)
    return [*files, folder / "commentary.md"], any(file.suffix == ".pdf" for file in files)


def make_review(published_file: Path, account: str) -> tuple[list[Path], bool]:
    """Write the business review of an account, named by its id or name, of its last quarter.

    Gives the files and whether a PDF is among them. Raises a UsageError for an account that isn't
    known, a UserError for a published file that is missing or old.
    """
    from scripts.metrics_engine import MetricsEngine
    from scripts.pack.account import account_facts
    from scripts.pack.drafts import with_edits
    from scripts.pack.qbr import document, sentences
    from scripts.pack.write import put_bytes, write_document

    published_file = published_file.resolve()
    engine = MetricsEngine(published_file)
    try:
        facts = account_facts(engine, published_file, account)
    finally:
        engine.close()
    name = folder_name(facts.profile["account_id"])
    folder = sibling(published_file, "qbr") / name / facts.period.name
    commentary = with_edits(sentences(facts), folder / "commentary.md")
    files = write_document(document(facts, commentary), folder, "qbr", published_file)
    put_bytes(commentary.text.encode(), folder / "commentary.md")
    return [*files, folder / "commentary.md"], any(file.suffix == ".pdf" for file in files)


def folder_name(account_id: str) -> str:
    """An id, which is whatever the CRM made it, as a name that leads out of no folder."""
    return quote(account_id, safe="").replace(".", "%2E")


def pack_command(
    week: Annotated[str | None, typer.Option(help="The week's Sunday, yyyy-mm-dd.")] = None,
    month: Annotated[str | None, typer.Option(help="The month, yyyy-mm.")] = None,
    published_file: Published = PUBLISHED_FILE,
) -> None:
    """Write the pack of a week or month: Markdown, HTML, workbook, PDF.

    Its commentary is a draft in commentary.md: edit it, and write the pack again.
    Example: python -m scripts pack --week 2026-06-28
    """
    _tell(*make_pack(published_file, week or None, month or None))


def review_command(
    account: Annotated[str, typer.Option(help="The account's id or its name.")],
    published_file: Published = PUBLISHED_FILE,
) -> None:
    """Write the business review of one account for its last quarter, as the pack is written.

    Example: python -m scripts qbr --account a001033
    """
    _tell(*make_review(published_file, account))


def _tell(files: list[Path], has_pdf: bool) -> None:
    from scripts.pack.write import NO_BROWSER

    for file in files:
        print(file)
    if not has_pdf:
        print(NO_BROWSER)
