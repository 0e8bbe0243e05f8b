"""The week, month or quarter that a pack tells of."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from scripts.formats import day_text, month_text
from scripts.project import UsageError

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Period:
    """A calendar week, Monday to Sunday, month or quarter; both days are part of it."""

    grain: Literal["week", "month", "quarter"]
    start: date
    end: date

    @property
    def name(self) -> str:
        """As it is asked for and as its folder is called: 2026-06-28, 2026-06, 2026-Q2."""
        if self.grain == "quarter":
            return f"{self.end.year}-Q{self.end.month // 3}"
        return f"{self.end}" if self.grain == "week" else f"{self.end:%Y-%m}"

    @property
    def label(self) -> str:
        if self.grain == "month":
            return month_text(self.start, long=True)
        if self.grain == "quarter":
            return f"Q{self.end.month // 3} {self.end.year}"
        return f"the week of {day_text(self.start)} to {day_text(self.end)}"

    @property
    def previous(self) -> "Period":
        return self.back(1)

    def back(self, count: int) -> "Period":
        """The period so many periods before."""
        if self.grain == "week":
            return Period("week", self.start - count * WEEK, self.end - count * WEEK)
        length = 3 if self.grain == "quarter" else 1
        first = self.start.year * 12 + self.start.month - 1 - count * length
        start, last = (_month(each // 12, each % 12 + 1) for each in (first, first + length - 1))
        return Period(self.grain, start.start, last.end)

    @property
    def last_month(self) -> "Period":
        """The last month that was over when the period was."""
        own = _month(self.end.year, self.end.month)
        return own if own.end == self.end else own.back(1)


def week_ending(text: str) -> Period:
    """The week that ends on a Sunday, written as yyyy-mm-dd; raises a UsageError."""
    try:
        end = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        end = None
    if end is None:
        raise UsageError(
            f"WEEK: {text!r} is not a date; write the week's Sunday as yyyy-mm-dd, e.g. 2026-06-28."
        )
    if end.isoweekday() != 7:
        sunday = end + timedelta(days=7 - end.isoweekday())
        raise UsageError(
            f"WEEK: {text} is a {end:%A}, and a week ends on its Sunday; "
            f"the one with that day ends on {sunday}."
        )
    return Period("week", end - WEEK + timedelta(days=1), end)


def month(text: str) -> Period:
    """The month written as yyyy-mm; raises a UsageError."""
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
    if not found or found[1] == "0000":
        raise UsageError(f"MONTH: {text!r} is not a month; write it as yyyy-mm, e.g. 2026-06.")
    return _month(int(found[1]), int(found[2]))


def last_quarter(as_of: date) -> Period:
    """The last calendar quarter that was over on a day."""
    first = _month(as_of.year, (as_of.month - 1) // 3 * 3 + 1)
    quarter = Period("quarter", first.start, first.back(-2).end)
    return quarter if quarter.end <= as_of else quarter.previous


def require_over(period: Period, as_of: date) -> None:
    """Raise a UsageError if the build hasn't seen the whole period yet."""
    if period.end > as_of:
        raise UsageError(
            f"{period.label[0].upper()}{period.label[1:]} is not over on {day_text(as_of)}, the "
            "day that the published numbers are of. Build on later data, or take an earlier one."
        )


def _month(year: int, number: int) -> Period:
    last = calendar.monthrange(year, number)[1]
    return Period("month", date(year, number, 1), date(year, number, last))
