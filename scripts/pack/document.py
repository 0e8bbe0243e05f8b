"""A pack as paragraphs and tables, before it is written as Markdown, HTML, PDF or a workbook."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from scripts.formats import MINUS, NONE, change_text, day_text, value_text

BLOCKS = "▁▂▃▄▅▆▇█"
# Of a part, in its unit: cents, hundredths of a percentage point; other units are counted.
PART_DECIMALS = {"usd": 2, "ratio": 4, "score": 2}


@dataclass(frozen=True)
class Number:
    """A number in its unit; `is_change` shows its sign, of ratios in percentage points."""

    value: Decimal | Fraction | float | int | None
    unit: str
    is_change: bool = False


@dataclass(frozen=True)
class Rounded(Number):
    """A part of a change, rounded so that the parts beside it add up."""

    is_change: bool = True


@dataclass(frozen=True)
class MetricName:
    """A metric's label, which leads to its definition."""

    metric: str
    label: str


@dataclass(frozen=True)
class Trend:
    """Values of the last periods, oldest first."""

    values: tuple[Decimal | float | int | None, ...]


Cell = Number | MetricName | Trend | str | date | int | None


@dataclass(frozen=True)
class Table:
    """Rows under columns. `sources` are the metrics and tables that they are of.

    `all_rows`, if given, are what the workbook holds in place of `rows`, which are shortened.
    """

    key: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    sources: Sequence[str]
    note: str = ""
    all_rows: Sequence[Sequence[Cell]] | None = None
    if_empty: str = "None."


@dataclass(frozen=True)
class Remark:
    """A sentence of the commentary as it stands, with what it rests on."""

    text: str
    basis: str
    newer_draft: str = ""


@dataclass(frozen=True)
class Section:
    """Paragraphs, remarks and tables under a heading."""

    title: str
    tables: Sequence[Table] = ()
    paragraphs: Sequence[str] = ()
    remarks: Sequence[Remark] = ()


@dataclass(frozen=True)
class Document:
    """What is written; `status` is the draft's."""

    title: str
    about: str
    status: str
    sections: Sequence[Section] = field(default_factory=list)

    @property
    def tables(self) -> list[Table]:
        return [table for section in self.sections for table in section.tables]


def text_of(cell: Cell) -> str:
    """A cell as people read it."""
    match cell:
        case None:
            return NONE
        case Rounded():
            return part_text(cell)
        case Number():
            value = decimal_of(cell.value)
            return change_text(value, cell.unit) if cell.is_change else value_text(value, cell.unit)
        case MetricName():
            return cell.label
        case Trend():
            return blocks(cell.values)
        case date():
            return day_text(cell)
    return str(cell)


def part_text(part: Number) -> str:
    """A part of a change, to the decimals of parts; of ratios in percentage points."""
    value = decimal_of(part.value)
    if value is None:
        return NONE
    decimals = PART_DECIMALS.get(part.unit, 0)
    prefix, suffix = ("$" if part.unit == "usd" else ""), ""
    if part.unit == "ratio":
        value, decimals, suffix = value * 100, decimals - 2, " pp"
    sign = "" if not value else "+" if value > 0 else MINUS
    return f"{sign}{prefix}{abs(value):,.{decimals}f}{suffix}"


def decimal_of(value: Decimal | Fraction | float | None) -> Decimal | float | None:
    """A fraction as a decimal of 15 places; other numbers as they are."""
    if not isinstance(value, Fraction):
        return value
    return round(Decimal(value.numerator) / Decimal(value.denominator), 15)


def blocks(values: Sequence[Decimal | float | int | None]) -> str:
    """A line of blocks, the least the lowest; a missing value is a blank."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    return "".join(
        " " if value is None else BLOCKS[round(7 * (float(value) - low) / span) if span else 3]
        for value in values
    )
