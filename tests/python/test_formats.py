"""Numbers and dates as people read them."""

from datetime import date
from decimal import Decimal

import pytest

from scripts.formats import change_text, day_text, month_text, value_text, words


@pytest.mark.parametrize(
    ("value", "unit", "full", "compact"),
    [
        (Decimal("1234567.5"), "usd", "$1,234,568", "$1.2m"),
        (Decimal("-12"), "usd", "−$12", "−$12"),
        (Decimal("-1500000"), "usd", "−$1,500,000", "−$1.5m"),
        (999_949, "usd", "$999,949", "$999.9k"),
        (999_950, "usd", "$999,950", "$1.0m"),
        (2_300_000_000, "usd", "$2,300,000,000", "$2.3bn"),
        (0.5, "usd", "$1", "$1"),  # half up, not to the even number
        (-0.4, "usd", "$0", "$0"),  # no minus before nothing
        (0.93449, "ratio", "93.4 %", "93.4 %"),
        (Decimal("1.088118"), "ratio", "108.8 %", "108.8 %"),
        (12.5, "ratio", "1,250.0 %", "1,250.0 %"),
        (4.25, "times", "4.3×", "4.3×"),
        (12, "days", "12.0 days", "12.0 days"),
        (2.25, "business days", "2.3 business days", "2.3 business days"),
        (Decimal("1200.000000"), "tickets", "1,200", "1.2k"),
        (23.44, "accounts", "23.4", "23.4"),
        (1234, "score", "1,234.0", "1,234.0"),
        (0, "ratio", "0.0 %", "0.0 %"),
        (None, "usd", "–", "–"),
        (float("nan"), "ratio", "–", "–"),
    ],
)
def test_a_value(value: Decimal | float | None, unit: str, full: str, compact: str) -> None:
    assert value_text(value, unit) == full
    assert value_text(value, unit, compact=True) == compact


@pytest.mark.parametrize(
    ("change", "unit", "text"),
    [
        (0.0123, "ratio", "+1.2 pp"),
        (-0.05, "ratio", "−5.0 pp"),
        (0.0004, "ratio", "0.0 pp"),
        (1500, "usd", "+$1,500"),
        (-1, "days", "−1.0 days"),
        (10, "accounts", "+10"),
        (None, "accounts", "–"),
    ],
)
def test_a_change(change: float | None, unit: str, text: str) -> None:
    assert change_text(change, unit) == text


def test_dates_and_words() -> None:
    day = date(2026, 6, 3)
    assert month_text(day) == "Jun 2026"
    assert month_text(day, long=True) == "June 2026"
    assert day_text(day) == "3 Jun 2026"
    assert words("mid_market") == "mid market"
    assert words(None) == "unassigned"
