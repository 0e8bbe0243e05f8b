"""Opportunities: first sales, renewals and expansions, with what was forecast on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .accounts import INTERVAL_MONTHS, INTERVALS, Accounts
from .billing import NO_DATE, at_time
from .contracts import Contracts
from .crm import csm_ids, owner_ids
from .quality import Quality
from .runs import find_runs
from .scenarios import Subscription, scenarios
from .scripted import subscription_id
from .settings import BURN_IN_MONTHS, LAST_DAY, Settings

RENEWAL_STAGES = np.array(["prepare", "proposal", "negotiation"])
LOSS_REASONS = np.array(["price", "competitor", "no_decision", "missing_features"])
OPEN_CATEGORIES = ("pipeline", "best_case", "commit")
# Renewals that name no subscription or an unknown one, and rows of history that arrive late.
LINKS_MISSING, LINKS_UNKNOWN, ARRIVE_LATE = 4, 2, 30
# Share of the time from creation to closing that has passed, and how much is known by then.
FORECAST_SNAPSHOTS = ((0.02, 0.2), (0.3, 0.4), (0.55, 0.6), (0.75, 0.8), (0.93, 0.95))


@dataclass
class Deals:
    """Opportunities of one type; ``closed`` after the last day means that one is still open.

    ``amount`` is a year's worth in the account's currency; ``mood`` is the hidden quality.
    """

    account: np.ndarray
    amount: np.ndarray
    created: np.ndarray
    closed: np.ndarray
    is_won: np.ndarray
    mood: np.ndarray
    subscription: np.ndarray

    def __len__(self) -> int:
        return len(self.account)


def opportunities_tables(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    quality: Quality,
    subscriptions: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(opportunities, opportunity_history) of the simulated contracts and the scripted terms."""
    rng = settings.stream("opportunities")
    subscription_ids = subscriptions.subscription_id.to_numpy()
    deals = [
        ("new_business", _first_sales(rng, settings, accounts, contracts, subscription_ids)),
        ("new_business", _lost_sales(rng, settings, contracts)),
        ("renewal", _renewals(rng, settings, accounts, contracts, quality, subscription_ids)),
        ("renewal", _scripted_renewals(quality)),
        ("expansion", _expansions(rng, settings, accounts, contracts)),
    ]
    frame = pd.concat(
        [_opportunities(rng, accounts, kind, some) for kind, some in deals], ignore_index=True
    )
    frame = frame[frame.created_at <= pd.Timestamp(LAST_DAY)]
    frame = frame.sort_values(["created_at", "account_id", "type"], kind="stable")
    frame = frame.reset_index(drop=True)
    ids = np.char.mod("opp_%07d", 60_001 + np.arange(len(frame))).astype(object)
    frame.insert(0, "opportunity_id", ids)
    history = _with_second_thoughts(settings.stream("second thoughts"), _history(rng, frame))
    return frame.drop(columns="mood"), history


def lose_links(settings: Settings, opportunities: pd.DataFrame) -> dict[str, str]:
    """Let some renewals name no subscription, or one that billing doesn't know.

    Returns the subscription that each of them was about.
    """
    rng = settings.stream("lost links")
    is_closed_renewal = (opportunities.type == "renewal") & opportunities.closed_at.notna()
    renewals = opportunities.index[is_closed_renewal]
    lost = rng.permutation(renewals)[: LINKS_MISSING + LINKS_UNKNOWN]
    was = opportunities.loc[lost].set_index("opportunity_id").subscription_id.to_dict()
    opportunities.loc[lost[:LINKS_MISSING], "subscription_id"] = None
    opportunities.loc[lost[LINKS_MISSING:], "subscription_id"] = "sub_9999999"
    return was


def _with_second_thoughts(rng: np.random.Generator, history: pd.DataFrame) -> pd.DataFrame:
    """More changes between the snapshots: a category up or down, a date pushed, less money.

    Some rows arrive late: they stand at the end of the table, whatever their time.
    """
    able = np.flatnonzero(history.forecast_category.isin(OPEN_CATEGORIES))
    picked = np.sort(rng.choice(able, len(able) // 4, replace=False))
    later = history.iloc[picked].copy()
    n = len(later)
    later["changed_at"] += pd.to_timedelta(rng.integers(2 * 86_400, 16 * 86_400, n), unit="s")
    was = pd.Index(OPEN_CATEGORIES).get_indexer(later.forecast_category)
    now = np.clip(was + rng.integers(-1, 2, n), 0, len(OPEN_CATEGORIES) - 1)
    later["forecast_category"] = np.array(OPEN_CATEGORIES, dtype=object)[now]
    later["stage"] = RENEWAL_STAGES[rng.integers(0, len(RENEWAL_STAGES), n)].astype(object)
    pushed = np.where(rng.random(n) < 0.4, rng.integers(5, 60, n), 0)
    later["close_date"] += pd.to_timedelta(pushed, unit="D")
    later["forecast_amount"] = (later.forecast_amount * rng.choice([0.9, 1.0], n)).round(2)
    later = later[later.changed_at < pd.Timestamp(LAST_DAY) + pd.Timedelta(days=1)]
    history = pd.concat([history, later]).sort_values(
        ["opportunity_id", "changed_at"], kind="stable"
    )
    history = history.drop_duplicates(["opportunity_id", "changed_at"]).reset_index(drop=True)
    late = rng.choice(len(history), min(ARRIVE_LATE, len(history)), replace=False)
    return pd.concat([history.drop(index=late), history.loc[late]], ignore_index=True)


def _opportunities(
    rng: np.random.Generator, accounts: Accounts, kind: str, deals: Deals
) -> pd.DataFrame:
    n, account = len(deals), deals.account
    is_open = deals.closed > LAST_DAY
    doubt = rng.normal(0, 0.7, n) + deals.mood
    open_category = np.select([doubt > 0.6, doubt > -0.6], ["commit", "best_case"], "pipeline")
    category = np.where(is_open, open_category, np.where(deals.is_won, "closed", "omitted"))
    guess = np.round(deals.amount * rng.normal(1.0, 0.05, n), 2)
    responsible = csm_ids(accounts) if kind == "renewal" else owner_ids(accounts)
    from_success = rng.random(n) < (0.45 if kind == "expansion" else 0.0)
    risk = np.select([doubt < -0.8, doubt < 0.1], ["high", "medium"], "low")
    stage = np.where(deals.is_won, "closed_won", "closed_lost")
    stage = np.where(is_open, RENEWAL_STAGES[rng.integers(0, 3, n)], stage)
    loss = LOSS_REASONS[rng.integers(0, len(LOSS_REASONS), n)]
    won_amount = np.where(deals.is_won, deals.amount, 0.0)
    return pd.DataFrame(
        {
            "account_id": accounts.ids[account],
            "type": kind,
            "stage": stage.astype(object),
            "amount": deals.amount,
            "currency": accounts.currency[account].astype(object),
            "forecast_category": category.astype(object),
            "forecast_amount": np.where(is_open, guess, won_amount),
            "risk_status": np.where(rng.random(n) < 0.12, None, risk),
            "close_plan": np.where(rng.random(n) < 0.85, "agreed next steps", None),
            "owner_id": np.where(rng.random(n) < 0.03, None, responsible[account]),
            "source": np.where(from_success, "cs_qualified", "sales").astype(object),
            "subscription_id": deals.subscription,
            "close_date": deals.closed,
            "created_at": at_time(rng, deals.created),
            "closed_at": at_time(rng, np.where(is_open, NO_DATE, deals.closed)),
            "is_won": np.where(is_open, None, deals.is_won),
            "loss_reason": np.where(is_open | deals.is_won, None, loss),
            "mood": deals.mood,
        }
    )


def _first_sales(
    rng: np.random.Generator,
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    subscription_ids: np.ndarray,
) -> Deals:
    """Won shortly before the first contract begins."""
    terms = find_runs(contracts.active, contracts.term)
    first = np.ones(len(terms), dtype=bool)
    first[1:] = terms.account[1:] != terms.account[:-1]
    account, start = terms.account[first], terms.start[first]
    n = len(account)
    closed = settings.date(start, accounts.billing_day[account]) - rng.integers(1, 15, n)
    return Deals(
        account=account,
        amount=_annual(contracts, accounts, account, start),
        created=closed - rng.integers(20, 120, n),
        closed=closed,
        is_won=np.ones(n, dtype=bool),
        mood=np.zeros(n),
        subscription=subscription_ids[first],
    )


def _lost_sales(rng: np.random.Generator, settings: Settings, contracts: Contracts) -> Deals:
    """Prospects that never bought; the scripted accounts are none of them."""
    prospects = np.flatnonzero(~contracts.active.any(axis=1))
    prospects = prospects[prospects >= len(scenarios())]
    n = len(prospects)
    created = settings.first_day + rng.integers(0, settings.months * 30 - 60, n)
    return Deals(
        account=prospects,
        amount=np.round(rng.uniform(2_000, 20_000, n), 2),
        created=created,
        closed=created + rng.integers(20, 150, n),
        is_won=np.zeros(n, dtype=bool),
        mood=np.zeros(n),
        subscription=np.full(n, None, dtype=object),
    )


def _renewals(
    rng: np.random.Generator,
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    quality: Quality,
    subscription_ids: np.ndarray,
) -> Deals:
    """One per contract term that ended, or ends within half a year, in the months with data."""
    terms = find_runs(contracts.active, contracts.term)
    months = accounts.term_months[terms.account]
    boundary = terms.start + months
    has_term = (months > 0) & (boundary >= BURN_IN_MONTHS) & (boundary < settings.periods + 6)
    account, boundary = terms.account[has_term], boundary[has_term]
    n = len(account)
    due = settings.date(boundary, accounts.billing_day[account])
    ended = boundary < settings.periods
    in_period = np.minimum(boundary, settings.periods - 1)
    is_won = contracts.active[account, in_period] & ended
    before = np.minimum(boundary, settings.periods) - 1
    closed = np.where(ended, due - rng.integers(-6, 25, n), due)
    return Deals(
        account=account,
        amount=_annual(contracts, accounts, account, np.where(is_won, in_period, before)),
        created=due - rng.integers(120, 190, n),
        closed=np.where(ended, np.minimum(closed, LAST_DAY), closed),
        is_won=is_won,
        mood=quality.level[account, before],
        subscription=subscription_ids[has_term],
    )


def _scripted_renewals(quality: Quality) -> Deals:
    """Of the scripted contracts of a year or more: the terms that end up to half a year ahead."""
    rows = []
    for number, scenario in enumerate(scenarios()):
        for position, term in enumerate(scenario.subscriptions):
            annual = _annual_of_script(term)
            if annual and term.end and np.datetime64(term.end) < LAST_DAY + 183:
                later = scenario.subscriptions[position + 1 :]
                is_won = bool(later) and later[0].follows
                rows.append((number, annual, np.datetime64(term.end), is_won, position))
    account = np.array([row[0] for row in rows])
    due = np.array([row[2] for row in rows])
    names = [subscription_id(row[0], row[4]) for row in rows]
    return Deals(
        account=account,
        amount=np.array([row[1] for row in rows]),
        created=due - 150,
        closed=due,
        is_won=np.array([row[3] for row in rows]),
        mood=quality.level[account, -1],
        subscription=np.array(names, dtype=object),
    )


def _annual_of_script(subscription: Subscription) -> float:
    """A year's worth; 0 if the subscription is billed in intervals shorter than a year."""
    total = 0.0
    for charge in subscription.charges:
        months = dict(zip(INTERVALS, INTERVAL_MONTHS, strict=True)).get(
            charge.plan.partition("_")[2], 0
        )
        if months >= 12:
            total += charge.quantity * charge.cents * (100 - charge.discount) * 12 / months / 1e4
    return round(total, 2)


def _expansions(
    rng: np.random.Generator, settings: Settings, accounts: Accounts, contracts: Contracts
) -> Deals:
    """Won where the contract grew by seats, tier or add-on; some more were tried and lost."""
    local = contracts.local_cents(accounts.segment)
    grew = np.zeros(local.shape, dtype=bool)
    grew[:, 1:] = (local[:, 1:] > local[:, :-1] * 1.08) & contracts.active[:, :-1]
    grew[:, :BURN_IN_MONTHS] = False
    account, period = np.nonzero(grew)
    amount = np.round((local[account, period] - local[account, period - 1]) * 12 / 100, 2)
    tried = rng.random(len(account)) < 0.45
    earlier = np.maximum(period[tried] - rng.integers(1, 6, tried.sum()), BURN_IN_MONTHS)
    is_won = np.repeat([True, False], [len(account), len(earlier)])
    account = np.concatenate([account, account[tried]])
    period = np.concatenate([period, earlier])
    n = len(account)
    closed = settings.date(period, accounts.billing_day[account]) - rng.integers(0, 10, n)
    return Deals(
        account=account,
        amount=np.concatenate([amount, amount[tried]]),
        created=closed - rng.integers(15, 90, n),
        closed=closed,
        is_won=is_won,
        mood=np.zeros(n),
        subscription=np.full(n, None, dtype=object),
    )


def _annual(
    contracts: Contracts, accounts: Accounts, account: np.ndarray, period: np.ndarray
) -> np.ndarray:
    """A year's worth of the contract in force in a period, in the account's currency."""
    return np.round(contracts.local_cents(accounts.segment)[account, period] * 12 / 100, 2)


def _history(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    """Renewal forecasts as they stood: nearer to the truth as time goes by; and every closing."""
    renewals = frame[frame.type == "renewal"]
    created = renewals.created_at.to_numpy().astype("M8[s]")
    due = renewals.close_date.to_numpy().astype("M8[s]")
    outcome, amount = renewals.forecast_amount.to_numpy(), renewals.amount.to_numpy()
    mood = renewals.mood.to_numpy()
    frames = []
    for step, (share, trust) in enumerate(FORECAST_SNAPSHOTS):
        guess = amount * (1 + 0.12 * np.tanh(mood)) * rng.normal(1.0, 0.08, len(renewals))
        sure = trust * (outcome > 0) + (1 - trust) * (mood > 0)
        category = np.select([sure > 0.7, sure > 0.35], ["commit", "best_case"], "pipeline")
        frames.append(
            pd.DataFrame(
                {
                    "opportunity_id": renewals.opportunity_id.to_numpy(),
                    "changed_at": created + ((due - created).astype(int) * share).astype("m8[s]"),
                    "stage": RENEWAL_STAGES[min(step // 2, 2)],
                    "forecast_category": category.astype(object),
                    "forecast_amount": np.round(trust * outcome + (1 - trust) * guess, 2),
                    "close_date": due.astype("M8[D]"),
                }
            )
        )
    closed = frame[frame.closed_at.notna()].rename(columns={"closed_at": "changed_at"})
    history = pd.concat([*frames, closed[frames[0].columns]], ignore_index=True)
    history = history[history.changed_at < pd.Timestamp(LAST_DAY) + pd.Timedelta(days=1)]
    history = history.sort_values(["opportunity_id", "changed_at"], kind="stable")
    return history.reset_index(drop=True)
