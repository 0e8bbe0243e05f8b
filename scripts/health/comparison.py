"""How well health scores told who would lose something, with intervals from resampled accounts.

An account is observed month after month, so its rows are not independent: an interval is the
middle 95 % of what comes out when whole accounts are drawn anew, with replacement. Scores that
are compared are measured on the same draws (a paired bootstrap).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

DRAWS = 2000
SEED = 20260630

# From how often each account was drawn, shape (draws, accounts), to one value per draw.
Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Interval:
    """A value and the ends of its 95 % interval; all three nan when there is nothing to judge."""

    value: float
    low: float
    high: float


def auc(rows: pd.DataFrame, score: str) -> Statistic:
    """The share of pairs in which the account that lost something had the lower score.

    A pair is two rows of the same `month_end`, one that lost (`has_lost`) and one that kept; a
    tie counts half. `rows` has one row per `account_id` and `month_end`, with a score.
    """
    accounts = _account_numbers(rows)
    size = accounts.max(initial=-1) + 1
    won, pairs = np.zeros((size, size)), np.zeros((size, size))
    scores, has_lost = rows[score].to_numpy(float), rows["has_lost"].to_numpy(bool)
    for positions in rows.groupby("month_end").indices.values():
        lost, kept = positions[has_lost[positions]], positions[~has_lost[positions]]
        cells = np.ix_(accounts[lost], accounts[kept])
        difference = scores[kept][None, :] - scores[lost][:, None]
        won[cells] += (np.sign(difference) + 1) / 2
        pairs[cells] += 1
    return lambda drawn: _ratio(
        ((drawn @ won) * drawn).sum(axis=1), ((drawn @ pairs) * drawn).sum(axis=1)
    )


def share(rows: pd.DataFrame, part: pd.Series, whole: pd.Series) -> Statistic:
    """The share of the `whole` rows that are also `part`: precision and recall are such shares."""
    accounts = _account_numbers(rows)
    size = accounts.max(initial=-1) + 1
    in_part = np.bincount(accounts, weights=(part & whole).to_numpy(float), minlength=size)
    in_whole = np.bincount(accounts, weights=whole.to_numpy(float), minlength=size)
    return lambda drawn: _ratio(drawn @ in_part, drawn @ in_whole)


def difference(first: Statistic, second: Statistic) -> Statistic:
    """The first less the second, draw by draw."""
    return lambda drawn: first(drawn) - second(drawn)


def interval(statistic: Statistic, rows: pd.DataFrame) -> Interval:
    """The value on the rows as they are, and its interval over resampled accounts.

    The same rows give the same draws, whatever the statistic.
    """
    accounts = rows["account_id"].nunique()
    if not accounts:
        return Interval(np.nan, np.nan, np.nan)
    values = statistic(draw_accounts(accounts))
    values = values[~np.isnan(values)]
    low, high = np.percentile(values, [2.5, 97.5]) if len(values) else (np.nan, np.nan)
    return Interval(float(statistic(np.ones((1, accounts)))[0]), float(low), float(high))


def draw_accounts(accounts: int) -> np.ndarray:
    """How often each account is drawn, shape (DRAWS, accounts); the same at every call."""
    generator = np.random.default_rng(SEED)
    return generator.multinomial(accounts, np.full(accounts, 1 / accounts), DRAWS).astype(float)


def _account_numbers(rows: pd.DataFrame) -> np.ndarray:
    return np.unique(rows["account_id"].to_numpy(str), return_inverse=True)[1]


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(
        numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0
    )
