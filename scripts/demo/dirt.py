"""What real sources do to clean tables: planted in known numbers, and written down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .contract import RawTable, raw_tables
from .notations import MISSING, NOTATIONS, Notation
from .plants import DUPLICATES, GAPS, ODD_ROWS, OLDER_VERSIONS, REJECTS, Gap
from .settings import Settings


@dataclass
class Account:
    """Where every row of one raw table ends up."""

    rows_read: int = 0
    kept: int = 0
    duplicates: int = 0
    superseded: int = 0
    rejected: int = 0
    unreadable_values: int = 0


@dataclass
class Dirt:
    """The record of what was planted."""

    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    rejected_rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    notations: list[tuple[str, str, str, str, int]] = field(default_factory=list)
    gaps: list[tuple[str, str, str, str]] = field(default_factory=list)


def make_dirty(
    settings: Settings, texts: dict[tuple[str, str], pd.DataFrame]
) -> tuple[dict[tuple[str, str], pd.DataFrame], Dirt]:
    """The dirty tables, and what is wrong with them."""
    dirt, dirty = Dirt(), {}
    for name, clean in texts.items():
        table = raw_tables()[name]
        _check_keys(table, clean)
        rng = settings.stream("dirt of " + ".".join(name))
        dirty[name] = _dirty_table(rng, table, clean, dirt)
    return dirty, dirt


def _dirty_table(
    rng: np.random.Generator, table: RawTable, clean: pd.DataFrame, dirt: Dirt
) -> pd.DataFrame:
    name = (table.system, table.object)
    kept = with_odd_rows(name, clean)
    older = _older_versions(rng, name, clean)
    unreadable = 0
    for gap in GAPS.get(name, []):
        picked = _leave_gap(rng, kept, gap)
        unreadable += len(picked) if gap.value else 0
        dirt.gaps += [(*name, kept[table.key[0]].iat[row], gap.column) for row in picked]
    for notation in NOTATIONS.get(name, []):
        cells = _respell(rng, kept, notation)
        dirt.notations.append((*name, notation.column, notation.kind, cells))
    rejects = REJECTS.get(name, [])
    rejected = _rows_like(clean, [values for _, values in rejects])
    for (reason, _), (_, row) in zip(rejects, rejected.iterrows(), strict=True):
        key = "|".join(_key_text(table.columns[column], row[column]) for column in table.key)
        dirt.rejected_rows.append((*name, key, reason))
    all_rows = pd.concat([kept, older, rejected], ignore_index=True)
    # The first of the rejected rows comes twice where there are duplicates at all.
    copies = min(DUPLICATES.get(name, 0), len(clean))
    positions = rng.choice(len(clean), copies, replace=False)
    if copies and len(rejected):
        positions[0] = len(kept) + len(older)
    duplicates = all_rows.iloc[positions]
    dirt.accounts[name] = Account(
        rows_read=len(all_rows) + len(duplicates),
        kept=len(kept),
        duplicates=len(duplicates),
        superseded=len(older),
        rejected=len(rejected),
        unreadable_values=unreadable,
    )
    return _scatter(rng, kept, pd.concat([older, rejected, duplicates], ignore_index=True))


def _check_keys(table: RawTable, clean: pd.DataFrame) -> None:
    if clean.duplicated(list(table.key)).any():
        raise ValueError(f"{table.system}.{table.object}: the clean table repeats a key")


def with_odd_rows(name: tuple[str, str], clean: pd.DataFrame) -> pd.DataFrame:
    """Every row that staging keeps: the clean ones, and those that are odd but right."""
    odd = _rows_like(clean, ODD_ROWS.get(name, []))
    return pd.concat([clean, odd], ignore_index=True)


def _rows_like(clean: pd.DataFrame, changes: list[dict[str, str]]) -> pd.DataFrame:
    """Copies of ordinary rows with some values replaced."""
    rows = clean.iloc[[11 + 3 * number if len(clean) > 60 else 0 for number in range(len(changes))]]
    rows = rows.reset_index(drop=True)
    for number, values in enumerate(changes):
        for column, value in values.items():
            rows.loc[number, column] = value
    return rows


def _older_versions(
    rng: np.random.Generator, name: tuple[str, str], clean: pd.DataFrame
) -> pd.DataFrame:
    """Rows as they were sent before: an older ``updated_at`` and older values."""
    plan = OLDER_VERSIONS.get(name)
    if plan is None:
        return clean.iloc[:0]
    candidates = clean[clean.eval(plan.where)]
    picked = np.sort(rng.choice(len(candidates), plan.count, replace=False))
    rows = candidates.iloc[picked].reset_index(drop=True)
    for column, value in plan.values.items():
        rows[column] = rows[value[1:]] if value.startswith("=") else value
    if plan.stray_key:
        rows.loc[0, plan.stray_key] = f" {rows.loc[0, plan.stray_key].upper()} "
    return rows


def _leave_gap(rng: np.random.Generator, rows: pd.DataFrame, gap: Gap) -> np.ndarray:
    """Take values away, or put something unreadable in their place; returns which rows lost one."""
    able = np.flatnonzero(rows.eval(gap.where).to_numpy())
    picked = rng.choice(able, gap.cells, replace=False)
    rows.iloc[picked, rows.columns.get_loc(gap.column)] = gap.value
    return picked


def _respell(rng: np.random.Generator, rows: pd.DataFrame, notation: Notation) -> int:
    """Rewrite the same values in other notations; returns the number of cells changed."""
    values = rows[notation.column].to_numpy()
    is_missing = np.isin(values.astype(str), MISSING)
    able = np.flatnonzero(is_missing == notation.of_missing)
    count = min(notation.cells, len(able))
    picked = np.sort(rng.choice(able, count, replace=False))
    column = rows.columns.get_loc(notation.column)
    changed, seen = 0, Counter()
    for position, row in enumerate(picked):
        # Every spelling of a value has its turn, however rare the value.
        nth = seen[values[row]] if notation.kind == "spelling" else position
        seen[values[row]] += 1
        new = notation.rewrite(values[row], nth)
        changed += new != values[row]
        rows.iat[row, column] = new
    return changed


def _key_text(kind: str, value: str) -> str:
    """Part of the key as staging names it: cleaned, or as it stands where it can't be read."""
    if value in MISSING:
        return ""
    if kind == "timestamp":
        return value.replace("T", " ").removesuffix("Z")
    return value.strip().lower() if kind == "key" else value.strip()


def _scatter(rng: np.random.Generator, rows: pd.DataFrame, extra: pd.DataFrame) -> pd.DataFrame:
    """The extra rows at random places among the others, which keep their order."""
    place = np.concatenate([np.arange(len(rows)), rng.uniform(0, len(rows), len(extra))])
    everything = pd.concat([rows, extra], ignore_index=True)
    return everything.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)
