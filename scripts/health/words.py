"""Numbers as the health report says them; what is absent was too few to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def absent(value: Any) -> bool:
    import pandas as pd

    return value is None or pd.isna(value)


def only(rows: pd.DataFrame, column: str) -> Any:
    return rows.iloc[0][column] if len(rows) else None


def whole(value: Any) -> str:
    return "" if absent(value) else f"{int(value):,}"


def number(value: Any, digits: int = 3) -> str:
    return "too few" if absent(value) else f"{float(value):.{digits}f}"


def signed(value: Any, digits: int = 3) -> str:
    return "too few" if absent(value) else f"{float(value):+.{digits}f}".replace("-", "−")


def percent(value: Any) -> str:
    return "too few" if absent(value) else f"{100 * float(value):.0f} %"


def span(low: Any, high: Any, in_words: Any = percent) -> str:
    return "too few" if absent(low) else f"{in_words(low)} to {in_words(high)}"
