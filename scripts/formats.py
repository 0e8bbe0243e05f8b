"""How numbers and dates are written for people, the same on every page, pack and message."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

NONE = "–"  # for a value that is not there
MINUS = "−"
COMPACT_STEPS = (("bn", 9), ("m", 6), ("k", 3))  # suffix and the power of ten it stands for


@dataclass(frozen=True)
class Form:
    """How values of a unit are written; pages write by the same table in the browser."""

    prefix: str = ""
    suffix: str = ""
    shift: int = 0  # the value is multiplied by ten to this power
    decimals: int | None = None  # none: one decimal, and without it if the value is whole


FORMS = {
    "usd": Form(prefix="$", decimals=0),
    "ratio": Form(suffix=" %", shift=2, decimals=1),
    "times": Form(suffix="×", decimals=1),
    "days": Form(suffix=" days", decimals=1),
    "business days": Form(suffix=" business days", decimals=1),
    "hours": Form(suffix=" hours", decimals=1),
    "score": Form(decimals=1),
}
OTHER = Form()  # things that are counted; the unit stands beside the number


def value_text(value: Decimal | float | int | None, unit: str, compact: bool = False) -> str:
    """A value in its unit: "$1,234,567", "93.4 %", "12.0 days", "1,234"; "–" for none.

    `compact` shortens money and counts from 1,000 on: "$1.2m", "12.3k".
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NONE
    form = FORMS.get(unit, OTHER)
    number = Decimal(str(value)).scaleb(form.shift)
    decimals, suffix = form.decimals, form.suffix
    if compact and not form.decimals:
        for letter, power in COMPACT_STEPS:
            # 999,960 is $1.0m, not $1,000.0k.
            if _rounded(abs(number).scaleb(3 - power), 1) >= 1000:
                number, decimals, suffix = number.scaleb(-power), 1, letter + suffix
                break
    if decimals is None:
        decimals = 0 if number == number.to_integral_value() else 1
    number = _rounded(number, decimals)
    sign = MINUS if number < 0 else ""
    return f"{sign}{form.prefix}{abs(number):,.{decimals}f}{suffix}"


def change_text(change: Decimal | float | int | None, unit: str, compact: bool = False) -> str:
    """A difference of two values, with its sign; of ratios in percentage points: "+1.2 pp"."""
    text = value_text(change, unit, compact)
    if unit == "ratio" and text != NONE:
        text = text.replace(" %", " pp")
    is_none_or_signed = text == NONE or text.startswith(MINUS)
    has_digit = any(digit in text for digit in "123456789")
    return text if is_none_or_signed or not has_digit else f"+{text}"


def unit_text(unit: str) -> str:
    """A unit as it stands beside a title: USD, %, days."""
    return {"usd": "USD", "ratio": "%", "times": "×"}.get(unit, unit)


def month_text(day: date, long: bool = False) -> str:
    """The month of a day: "Jun 2026", in long form "June 2026"."""
    return f"{day:%B %Y}" if long else f"{day:%b %Y}"


def day_text(day: date) -> str:
    """A day: "30 Jun 2026"."""
    return f"{day.day} {day:%b %Y}"


def words(name: str | None) -> str:
    """A value of a dimension as people read it: mid_market is "mid market"; none "unassigned"."""
    return "unassigned" if name is None else name.replace("_", " ")


def _rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
