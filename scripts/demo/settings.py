"""What the demo company is made from: its size, its time span and its random streams."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

LAST_DAY = np.datetime64("2026-06-30", "D")

# The company sold for this long before the first month of product, ticket and survey data,
# so that retention over twelve months has a base from the start.
BURN_IN_MONTHS = 18


@dataclass(frozen=True)
class Settings:
    """Size of the demo company.

    ``accounts`` counts accounts in the CRM, ``months`` the closed months with product data;
    the last one always ends on 2026-06-30. ``usage`` multiplies how often users are active.
    """

    seed: int = 13
    accounts: int = 150
    months: int = 30
    usage: float = 1.0

    @property
    def periods(self) -> int:
        """Months from the first sale to the last closed month."""
        return BURN_IN_MONTHS + self.months

    @property
    def month_starts(self) -> np.ndarray:
        """First day of every period, shape (periods,)."""
        last = LAST_DAY.astype("M8[M]")
        return np.arange(last - self.periods + 1, last + 1).astype("M8[D]")

    @property
    def first_day(self) -> np.datetime64:
        """First day of product, ticket and survey data."""
        return self.month_starts[BURN_IN_MONTHS]

    def stream(self, name: str) -> np.random.Generator:
        """The random numbers of one part of the company, independent of the other parts."""
        return np.random.Generator(
            np.random.PCG64(np.random.SeedSequence([self.seed, zlib.crc32(name.encode())]))
        )

    def date(self, period: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The ``day`` of the month ``period`` periods after the first (may lie in the future)."""
        first = self.month_starts[0].astype("M8[M]")
        return (first + np.asarray(period)).astype("M8[D]") + (np.asarray(day) - 1)
