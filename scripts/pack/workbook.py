"""Writes a pack as a workbook: one sheet a table, numbers in their formats, no macros."""

import io
import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from scripts.pack.document import Document, MetricName, Number, Table, Trend, decimal_of, text_of

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

FORMATS = {"usd": "$#,##0.00", "ratio": "0.00%", "score": "#,##0.00", "times": "0.00"}
WIDEST = 60  # letters
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # XML has no way to write them


def workbook(document: Document) -> bytes:
    """The file. A first sheet says what it is and holds the commentary."""
    from openpyxl import Workbook

    book = Workbook()
    first = book.active
    first.title = "commentary"
    remarks = [remark for section in document.sections for remark in section.remarks]
    _rows(
        first,
        [document.title],
        [[f"Status: {document.status}."], [document.about], [""]]
        + [[remark.text, remark.basis, remark.newer_draft] for remark in remarks],
    )
    for table in document.tables:
        _sheet(book.create_sheet(table.key), table)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _sheet(sheet: "Worksheet", table: Table) -> None:
    shown = [i for i in range(len(table.columns)) if not _is_trend(table, i)]
    rows = table.rows if table.all_rows is None else table.all_rows
    _rows(sheet, [table.columns[i] for i in shown], [[row[i] for i in shown] for row in rows])
    sheet.freeze_panes = "A2"
    if rows:
        sheet.auto_filter.ref = sheet.dimensions


def _is_trend(table: Table, column: int) -> bool:
    return any(isinstance(row[column], Trend) for row in table.rows)


def _rows(sheet: "Worksheet", columns: list[str], rows: list[list[Any]]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    for number, row in enumerate([columns, *rows], 1):
        for place, content in enumerate(row, 1):
            cell = sheet.cell(number, place)
            value, number_format = _value(content)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"  # a text that begins with = is no formula
                cell.alignment = Alignment(wrap_text=len(value) > WIDEST, vertical="top")
            if number_format:
                cell.number_format = number_format
            if number == 1:
                cell.font = Font(bold=True)
    for place in range(1, sheet.max_column + 1):
        letter = get_column_letter(place)
        longest = max(len(str(cell.value or "")) for cell in sheet[letter])
        sheet.column_dimensions[letter].width = min(max(longest, 8), WIDEST) + 2


def _value(content: Any) -> tuple[Any, str | None]:
    """What a cell holds and how it is shown."""
    if isinstance(content, MetricName):
        return content.label, None
    if isinstance(content, Number):
        value = decimal_of(content.value)
        number_format = FORMATS.get(content.unit, "#,##0.##")
        if value is not None and content.unit not in FORMATS and value == int(value):
            number_format = "#,##0"
        if content.is_change:
            number_format = f"+{number_format};-{number_format};{number_format}"
        return (float(value) if isinstance(value, Decimal) else value), number_format
    if isinstance(content, date):
        return content, "yyyy-mm-dd"
    if content is None or isinstance(content, int | float):
        return content, None
    if isinstance(content, Decimal):
        return float(content), None
    return FORBIDDEN.sub("", text_of(content)), None
