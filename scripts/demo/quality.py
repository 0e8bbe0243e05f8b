"""How content each account is, month by month: the hidden cause of everything it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .accounts import Accounts
from .settings import BURN_IN_MONTHS, Settings

PERSISTENCE = 0.90
CHAMPION_LEAVES_PER_MONTH = 0.016
CHAMPION_LEFT_SHOCK = -1.5
# Months (counted from the first month of product data) in which the product had an outage.
OUTAGES = {9: -0.35, 21: -0.25}


@dataclass
class Quality:
    """Hidden quality per account and period; mean about 0, standard deviation about 1."""

    level: np.ndarray
    champion_left: np.ndarray

    def lagged(self, period: int) -> np.ndarray:
        """What a decision taken in ``period`` looks back on: two to four months before."""
        back = [max(period - lag, 0) for lag in (2, 3, 4)]
        return self.level[:, back].mean(axis=1)


def draw_quality(settings: Settings, accounts: Accounts) -> Quality:
    """An autoregressive level with shocks: champions leave, outages hit everyone."""
    rng = settings.stream("quality")
    n, periods = len(accounts), settings.periods
    csm_skill = rng.normal(0, 0.25, accounts.csm.max() + 1)[accounts.csm]
    level = np.empty((n, periods), dtype=np.float64)
    champion_left = rng.random((n, periods)) < CHAMPION_LEAVES_PER_MONTH
    innovation = rng.normal(0, np.sqrt(1 - PERSISTENCE**2) * 0.95, (n, periods))
    level[:, 0] = rng.normal(0.2, 0.9, n)
    for period in range(1, periods):
        shock = CHAMPION_LEFT_SHOCK * champion_left[:, period]
        shock = shock + OUTAGES.get(period - BURN_IN_MONTHS, 0.0)
        pull = (1 - PERSISTENCE) * (0.25 + csm_skill)
        level[:, period] = PERSISTENCE * level[:, period - 1] + pull + innovation[:, period] + shock
    return Quality(level=level, champion_left=champion_left)
