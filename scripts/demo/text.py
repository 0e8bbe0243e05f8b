"""Typed tables as the text that a source would export, in one clean notation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .contract import RawTable

DECIMALS = {"rate_to_usd": 4, "quantity": 0, "discount_pct": 0, "minutes_saved_per_run": 1}


def as_text(table: RawTable, frame: pd.DataFrame) -> pd.DataFrame:
    """Every cell as text, missing ones as empty text; columns in contract order."""
    columns = {
        name: _column_as_text(name, kind, frame[name]) for name, kind in table.columns.items()
    }
    return pd.DataFrame(columns, index=frame.index, dtype=object)


def _column_as_text(name: str, kind: str, values: pd.Series) -> np.ndarray:
    present = values.notna().to_numpy()
    text = np.full(len(values), "", dtype=object)
    known = values[present]
    if kind == "date":
        text[present] = np.datetime_as_string(known.to_numpy().astype("M8[D]"))
    elif kind == "timestamp":
        moments = known.to_numpy().astype("M8[s]")
        text[present] = np.char.add(np.datetime_as_string(moments), "Z")
    elif kind in ("decimal", "integer"):
        digits = 0 if kind == "integer" else DECIMALS.get(name, 2)
        text[present] = np.char.mod(f"%.{digits}f", known.to_numpy().astype(float))
    elif kind == "boolean":
        text[present] = np.where(known.to_numpy().astype(bool), "true", "false")
    else:
        text[present] = known.astype(str).to_numpy()
    return text
