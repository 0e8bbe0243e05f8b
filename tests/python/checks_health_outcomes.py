"""How well the health score foresaw what came, calculated a second time.

Losses and customers come from the truth the demo was made of, scores and bands from
fct_health_scores; every pair of accounts is compared by itself.
"""

import csv
from datetime import timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from checks_domains import World
from checks_revenue import TRUTH, UNASSIGNED, Check, last_day, share

HORIZON = timedelta(days=180)
LAST_DAY = pd.Timestamp("2026-06-30")


def tables(warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    world = World(warehouse)
    scores = {
        (account, pd.Timestamp(day)): (score, band)
        for account, day, score, band in world.rows(
            "select account_id, observation_date, cast(score as double), final_band "
            "from marts.fct_health_scores where is_champion and period_type = 'month_end'"
        )
    }
    losses = true_losses()
    return {
        "losses": warnings(world, losses, scores),
        "outcomes": outcomes(world, losses, scores),
    }


def true_losses() -> pd.DataFrame:
    """Who lost how much in which month."""
    with (TRUTH / "health_losses.csv").open(encoding="utf-8", newline="") as lines:
        losses = pd.DataFrame(csv.DictReader(lines))
    losses["month"] = pd.PeriodIndex(losses.month_start, freq="M")
    losses["churned"] = losses.has_churned == "true"
    return losses


def warnings(world: World, losses: pd.DataFrame, scores: dict) -> pd.DataFrame:
    """Losses since health was scored, with whether the account was at risk before."""
    first = min(day for _, day in scores)
    rows = []
    for loss in losses.itertuples():
        ahead = {
            day: (loss.month.start_time - day).days
            for account, day in scores
            if account == loss.account_id
        }
        warned = any(
            30 <= days <= 180 and scores[loss.account_id, day][1] in ("red", "yellow")
            for day, days in ahead.items()
        )
        if (loss.month.start_time - first).days >= 30:
            segment = world.segment(loss.account_id, last_day(loss.month))
            rows.append((loss.month, segment, warned))
    return pd.DataFrame(rows, columns=["month", "segment", "warned"])


def outcomes(world: World, losses: pd.DataFrame, scores: dict) -> pd.DataFrame:
    """Customers at each month end and what they lost in the 180 days after it."""
    lost, churned = {}, {}
    for loss in losses.itertuples():
        day = loss.month.end_time.normalize()
        lost.setdefault(loss.account_id, []).append(day)
        if loss.churned:
            churned.setdefault(loss.account_id, []).append(day)
    rows = []
    for account, month in world.mrr:
        day = month.end_time.normalize()
        if world.pays(account, month) and account != UNASSIGNED and day + HORIZON <= LAST_DAY:
            score, band = scores.get((account, day), (None, None))
            happened = [
                any(day < then <= day + HORIZON for then in days.get(account, []))
                for days in (lost, churned)
            ]
            rows.append((account, month, score, band, *happened))
    frame = pd.DataFrame(rows, columns=["account", "month", "score", "band", "lost", "churned"])
    frame["score"] = frame.score.astype(float)
    frame["segment"] = world.segments_at_month_end(frame)
    by_month = frame.groupby("month", group_keys=False)
    return by_month[list(frame.columns)].apply(compared)


def compared(accounts: pd.DataFrame) -> pd.DataFrame:
    """The accounts of one month end, each beside all others."""
    accounts = accounts.copy()
    scored = accounts[accounts.score.notna()]
    kept = scored[~scored.lost].score.to_numpy()
    accounts["pairs"] = np.where(accounts.lost & accounts.score.notna(), len(kept), 0)
    accounts["right"] = [
        sum((other > score) + (other == score) / 2 for other in kept) if lost else 0
        for lost, score in zip(accounts.lost, accounts.score, strict=True)
    ]
    tenth = np.sort(scored.score.to_numpy())[: -(-len(scored) // 10)]
    accounts["lowest"] = accounts.score.isin(tenth)
    return accounts


def lift(rows: pd.DataFrame, month: pd.Period) -> Any:
    rows = rows[(rows.month == month) & rows.score.notna()]
    if not rows.churned.any() or not rows.lowest.any():
        return None
    return rows[rows.lowest].churned.mean() / rows.churned.mean()


def red(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows.band == "red"]


CHECKS: dict[str, Check] = {
    "health_risk_capture": Check(share(lambda r: r.warned.sum(), len), rows="losses"),
    "health_precision": Check(
        share(lambda r: red(r).lost.sum(), lambda r: len(red(r))), rows="outcomes"
    ),
    "health_loss_rate": Check(share(lambda r: r.lost.sum(), len), rows="outcomes"),
    "health_lift": Check(lift, rows="outcomes"),
    "health_auc": Check(share(lambda r: r.right.sum(), lambda r: r.pairs.sum()), rows="outcomes"),
}
