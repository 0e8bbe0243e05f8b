"""Opportunities: first sales, renewals and expansions, with what was forecast on the way."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .accounts import Accounts
from .billing import NO_DATE, at_time
from .contracts import Contracts
from .crm import csm_ids, owner_ids
from .quality import Quality
from .runs import find_runs
from .settings import BURN_IN_MONTHS, LAST_DAY, Settings

RENEWAL_STAGES = np.array(["prepare", "proposal", "negotiation"])
LOSS_REASONS = np.array(["price", "competitor", "no_decision", "missing_features"])


def opportunities_tables(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    quality: Quality,
    subscriptions: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(opportunities, opportunity_history)."""
    rng = settings.stream("opportunities")
    frame = pd.concat(
        [
            _first_sales(rng, settings, accounts, contracts, subscriptions),
            _renewals(rng, settings, accounts, contracts, quality, subscriptions),
            _expansions(rng, settings, accounts, contracts),
        ],
        ignore_index=True,
    )
    frame = frame.sort_values(["created_at", "account_id", "type"], kind="stable")
    frame = frame.reset_index(drop=True)
    ids = np.char.mod("opp_%07d", 60_001 + np.arange(len(frame))).astype(object)
    frame.insert(0, "opportunity_id", ids)
    return frame.drop(columns="mood"), _history(rng, frame)


def _amounts(contracts: Contracts, accounts: Accounts, account, period) -> np.ndarray:
    cents = contracts.local_cents(accounts.segment)[account, period]
    return np.round(cents * 12 / 100, 2)


def _frame(rng, accounts, account, kind, amount, created, closed, is_won, mood, subscription):
    """Common columns; ``closed`` after the last day means that it is still open."""
    n = len(account)
    is_open = closed > LAST_DAY
    doubt = rng.normal(0, 0.7, n) + mood
    open_category = np.select([doubt > 0.6, doubt > -0.6], ["commit", "best_case"], "pipeline")
    category = np.where(is_open, open_category, np.where(is_won, "closed", "omitted"))
    noise = np.round(amount * rng.normal(1.0, 0.05, n), 2)
    return pd.DataFrame(
        {
            "account_id": accounts.ids[account],
            "type": kind,
            "stage": np.where(
                is_open,
                RENEWAL_STAGES[rng.integers(0, 3, n)],
                np.where(is_won, "closed_won", "closed_lost"),
            ).astype(object),
            "amount": amount,
            "currency": accounts.currency[account].astype(object),
            "forecast_category": category.astype(object),
            "forecast_amount": np.where(is_open, noise, np.where(is_won, amount, 0.0)),
            "risk_status": np.where(
                rng.random(n) < 0.12,
                None,
                np.select([doubt < -0.8, doubt < 0.1], ["high", "medium"], "low"),
            ),
            "close_plan": np.where(rng.random(n) < 0.85, "agreed next steps", None),
            "owner_id": np.where(
                rng.random(n) < 0.03,
                None,
                (csm_ids if kind == "renewal" else owner_ids)(accounts)[account],
            ),
            "source": np.where(
                rng.random(n) < (0.45 if kind == "expansion" else 0.0), "cs_qualified", "sales"
            ).astype(object),
            "subscription_id": subscription,
            "close_date": closed,
            "created_at": at_time(rng, created),
            "closed_at": at_time(rng, np.where(is_open, NO_DATE, closed)),
            "is_won": np.where(is_open, None, is_won),
            "loss_reason": np.where(
                is_open | is_won, None, LOSS_REASONS[rng.integers(0, len(LOSS_REASONS), n)]
            ),
            "mood": mood,
        }
    )


def _first_sales(rng, settings, accounts, contracts, subscriptions) -> pd.DataFrame:
    terms = find_runs(contracts.active, contracts.term)
    first = np.ones(len(terms), dtype=bool)
    first[1:] = terms.account[1:] != terms.account[:-1]
    account, start = terms.account[first], terms.start[first]
    n = len(account)
    closed = settings.date(start, accounts.billing_day[account]) - rng.integers(1, 15, n)
    amount = _amounts(contracts, accounts, account, start)
    won = _frame(
        rng,
        accounts,
        account,
        "new_business",
        amount,
        closed - rng.integers(20, 120, n),
        closed,
        np.ones(n, dtype=bool),
        np.zeros(n),
        _subscription_of(subscriptions, len(terms))[first],
    )
    prospects = np.flatnonzero(~contracts.active.any(axis=1))
    m = len(prospects)
    created = settings.first_day + rng.integers(0, settings.months * 30 - 60, m)
    lost = _frame(
        rng,
        accounts,
        prospects,
        "new_business",
        np.round(rng.uniform(2_000, 20_000, m), 2),
        created,
        created + rng.integers(20, 150, m),
        np.zeros(m, dtype=bool),
        np.zeros(m),
        np.full(m, None, dtype=object),
    )
    return pd.concat([won, lost], ignore_index=True)


def _renewals(rng, settings, accounts, contracts, quality, subscriptions) -> pd.DataFrame:
    """One per contract term that ended, or ends within half a year, in the months with data."""
    terms = find_runs(contracts.active, contracts.term)
    months = accounts.term_months[terms.account]
    boundary = terms.start + months
    has_term = (months > 0) & (boundary >= BURN_IN_MONTHS) & (boundary < settings.periods + 6)
    account, boundary = terms.account[has_term], boundary[has_term]
    n = len(account)
    due = settings.date(boundary, accounts.billing_day[account])
    mood = quality.level[account, np.minimum(boundary, settings.periods) - 1]
    ended = boundary < settings.periods
    in_period = np.minimum(boundary, settings.periods - 1)
    is_won = contracts.active[account, in_period] & ended
    amount = _amounts(
        contracts,
        accounts,
        account,
        np.where(is_won, in_period, boundary.clip(1, settings.periods) - 1),
    )
    closed = np.where(ended, due - rng.integers(-6, 25, n), due)
    closed = np.where(ended, np.minimum(closed, LAST_DAY), np.maximum(closed, LAST_DAY + 1))
    return _frame(
        rng,
        accounts,
        account,
        "renewal",
        amount,
        due - rng.integers(120, 190, n),
        closed,
        is_won,
        mood,
        _subscription_of(subscriptions, len(terms))[has_term],
    )


def _expansions(rng, settings, accounts, contracts) -> pd.DataFrame:
    """Won where the contract grew by seats, tier or add-on; some more were tried and lost."""
    local = contracts.local_cents(accounts.segment)
    grew = np.zeros(local.shape, dtype=bool)
    grew[:, 1:] = (local[:, 1:] > local[:, :-1] * 1.08) & contracts.active[:, :-1]
    grew[:, :BURN_IN_MONTHS] = False
    account, period = np.nonzero(grew)
    amount = np.round((local[account, period] - local[account, period - 1]) * 12 / 100, 2)
    tried = rng.random(len(account)) < 0.45
    is_won = np.concatenate([np.ones(len(account), dtype=bool), np.zeros(tried.sum(), dtype=bool)])
    back = rng.integers(1, 6, tried.sum())
    account = np.concatenate([account, account[tried]])
    period = np.concatenate([period, np.maximum(period[tried] - back, BURN_IN_MONTHS)])
    amount = np.concatenate([amount, amount[tried]])
    n = len(account)
    closed = settings.date(period, accounts.billing_day[account]) - rng.integers(0, 10, n)
    return _frame(
        rng,
        accounts,
        account,
        "expansion",
        amount,
        closed - rng.integers(15, 90, n),
        closed,
        is_won,
        np.zeros(n),
        np.full(n, None, dtype=object),
    )


def _subscription_of(subscriptions: pd.DataFrame, n_terms: int) -> np.ndarray:
    """Subscriptions are one per contract term, in the same order."""
    return subscriptions.subscription_id.to_numpy()[:n_terms]


def _history(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    """Renewal forecasts as they stood: five snapshots, nearer to the truth as time goes by."""
    renewals = frame[frame.type == "renewal"]
    created = renewals.created_at.to_numpy().astype("M8[s]")
    due = renewals.close_date.to_numpy().astype("M8[s]")
    outcome = renewals.forecast_amount.to_numpy()
    amount = renewals.amount.to_numpy()
    mood = renewals.mood.to_numpy()
    frames = []
    for step, (share, trust) in enumerate(
        ((0.02, 0.2), (0.3, 0.4), (0.55, 0.6), (0.75, 0.8), (0.93, 0.95))
    ):
        at = created + ((due - created).astype(int) * share).astype("m8[s]")
        guess = amount * (1 + 0.12 * np.tanh(mood)) * rng.normal(1.0, 0.08, len(renewals))
        forecast = np.round(trust * outcome + (1 - trust) * guess, 2)
        sure = trust * (outcome > 0) + (1 - trust) * (mood > 0)
        frames.append(
            pd.DataFrame(
                {
                    "opportunity_id": renewals.opportunity_id.to_numpy(),
                    "changed_at": at,
                    "stage": RENEWAL_STAGES[min(step // 2, 2)],
                    "forecast_category": np.select(
                        [sure > 0.7, sure > 0.35], ["commit", "best_case"], "pipeline"
                    ).astype(object),
                    "forecast_amount": forecast,
                    "close_date": due.astype("M8[D]"),
                }
            )
        )
    closed = frame[frame.closed_at.notna()]
    frames.append(
        pd.DataFrame(
            {
                "opportunity_id": closed.opportunity_id.to_numpy(),
                "changed_at": closed.closed_at.to_numpy().astype("M8[s]"),
                "stage": closed.stage.to_numpy(),
                "forecast_category": closed.forecast_category.to_numpy(),
                "forecast_amount": closed.forecast_amount.to_numpy(),
                "close_date": closed.close_date.to_numpy(),
            }
        )
    )
    history = pd.concat(frames, ignore_index=True)
    history = history[history.changed_at <= np.datetime64("2026-06-30T23:59:59")]
    return history.sort_values(["opportunity_id", "changed_at"], kind="stable").reset_index(
        drop=True
    )
