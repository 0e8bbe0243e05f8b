"""Writes a pack as Markdown."""

import re

from scripts.pack.document import Cell, Document, Number, Remark, Table, text_of


def markdown(document: Document) -> str:
    lines = [
        f"# {document.title}",
        "",
        f"**Status: {plain(document.status)}.** {document.about}",
    ]
    for section in document.sections:
        lines += ["", f"## {section.title}"]
        for paragraph in section.paragraphs:
            lines += ["", paragraph]
        for remark in section.remarks:
            lines += ["", *_remark(remark)]
        for table in section.tables:
            lines += ["", *_table(table)]
    return "\n".join([*lines, ""])


def _remark(remark: Remark) -> list[str]:
    lines = [remark.text.replace("<", "&lt;"), "", f"*({plain(remark.basis)})*"]
    if remark.newer_draft:
        lines += ["", f"> The numbers changed since. The draft is now: {plain(remark.newer_draft)}"]
    return lines


def _table(table: Table) -> list[str]:
    lines = [f"### {table.title}", ""]
    if not table.rows:
        return [*lines, table.if_empty]
    numeric = [
        any(isinstance(row[index], Number | int) for row in table.rows)
        for index in range(len(table.columns))
    ]
    lines += [
        _row(table.columns),
        _row(["---:" if right else "---" for right in numeric]),
        *(_row([plain(text_of(cell)) for cell in row]) for row in table.rows),
    ]
    notes = [table.note, f"From {', '.join(table.sources)}." if table.sources else ""]
    return [*lines, "", f"*{plain(' '.join(filter(None, notes)))}*"]


def _row(cells: list[str] | tuple[Cell, ...]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def plain(text: str) -> str:
    """A text that Markdown takes as it is: no mark-up, no HTML, no end of a table's cell."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))
