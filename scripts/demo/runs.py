"""Runs of unchanged state in (account, period) matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Runs:
    """One element per run: the account's row, first period, and first period after it."""

    account: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def __len__(self) -> int:
        return len(self.account)


def find_runs(present: np.ndarray, *values: np.ndarray) -> Runs:
    """Runs of periods in which ``present`` holds and none of ``values`` changes.

    ``end`` equals the number of periods for a run that is still going on at the end.
    """
    rows, periods = present.shape
    before = np.zeros_like(present)
    before[:, 1:] = present[:, :-1]
    changed = np.zeros_like(present)
    for value in values:
        changed[:, 1:] |= value[:, 1:] != value[:, :-1]
    begins = np.zeros((rows, periods + 1), dtype=bool)
    begins[:, :periods] = present & (~before | changed)
    edges = begins.copy()
    edges[:, :periods] |= ~present & before
    edges[:, periods] = True
    starts = np.flatnonzero(begins)
    all_edges = np.flatnonzero(edges)
    ends = all_edges[np.searchsorted(all_edges, starts) + 1]
    width = periods + 1
    return Runs(account=starts // width, start=starts % width, end=ends % width)
