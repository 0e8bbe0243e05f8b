"""Contract terms that don't simply end and begin anew on one day, planted in known numbers.

The money of every month's end stays as it was: what moves, moves within a month, and what is
split or joined adds up to what it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from .billing import Billing
from .settings import LAST_DAY, Settings

PLANTED = {
    "late": 5,
    "early": 4,
    "without a link": 4,
    "goes on": 4,
    "replaced midway": 4,
    "two into one": 3,
}
DAY = np.timedelta64(1, "D")
ADDONS = ("platform_", "automation_")  # how the names of plans begin that aren't seats


def vary_terms(settings: Settings, billing: Billing, opportunities: pd.DataFrame) -> dict[str, str]:
    """Change the tables in place; returns the case planted by subscription whose term ends."""
    rng = settings.stream("terms")
    terms = Terms(billing, opportunities)
    for kind, count in PLANTED.items():
        change = getattr(terms, kind.replace(" ", "_"))
        picked, candidates = 0, list(terms.candidates(kind))
        for key in rng.permutation(np.array(candidates, dtype=object)):
            if picked < count and not terms.is_touched(key):
                change(rng, key)
                terms.planted[key] = kind
                picked += 1
    terms.store(billing)
    return terms.planted


class Terms:
    """Subscriptions with their successors and charges while they are being changed."""

    def __init__(self, billing: Billing, opportunities: pd.DataFrame) -> None:
        self.subscriptions = billing.subscriptions.set_index("subscription_id")
        self.charges = billing.subscription_charges.copy()
        self.invoices = billing.invoices.copy()
        self.opportunities = opportunities
        links = self.subscriptions.previous_subscription_id.dropna()
        self.successor = dict(zip(links, links.index, strict=True))
        self.of_customer = self.subscriptions.groupby("customer_id").groups
        self.planted: dict[str, str] = {}

    def store(self, billing: Billing) -> None:
        billing.subscriptions = self.subscriptions.reset_index()
        billing.subscription_charges = self.charges
        billing.invoices = self.invoices

    def is_touched(self, key: str) -> bool:
        """One case a customer, so that none disturbs another."""
        customer = self.subscriptions.at[key, "customer_id"]
        return any(other in self.planted for other in self.of_customer[customer])

    def candidates(self, kind: str) -> Iterator[str]:
        """Terms renewed without a gap early enough for the outcome to be known."""
        charges: dict[str, list[Any]] = defaultdict(list)
        for charge in self.charges.itertuples():
            charges[charge.subscription_id].append(charge)
        for key, successor in self.successor.items():
            end = self.subscriptions.at[key, "term_end"]
            if self.is_touched(key) or end >= pd.Timestamp(LAST_DAY) - pd.Timedelta(days=70):
                continue
            own = charges[key]
            addons = [charge for charge in own if charge.plan_id.startswith(ADDONS)]
            fits = {
                "late": end.day <= 22,
                "early": end.day >= 8,
                "without a link": True,
                "goes on": bool(self.subscriptions.at[key, "auto_renew"])
                and self.subscriptions.at[successor, "status"] == "active",
                "replaced midway": not addons and len(own) == 2,
                "two into one": bool(addons)
                and any(charge.plan_id.startswith(ADDONS) for charge in charges[successor])
                and all(charge.effective_to == end for charge in addons),
            }
            if fits[kind]:
                yield key

    def late(self, rng: np.random.Generator, key: str) -> None:
        """The successor begins some days after the end, in the same month."""
        day = self.subscriptions.at[key, "term_end"].day
        self._move_start(self.successor[key], int(rng.integers(2, 28 - day + 1)))

    def early(self, rng: np.random.Generator, key: str) -> None:
        """The successor begins some days before the end, in the same month."""
        day = self.subscriptions.at[key, "term_end"].day
        self._move_start(self.successor[key], -int(rng.integers(1, day)))

    def _move_start(self, key: str, days: int) -> None:
        start = self.subscriptions.at[key, "term_start"]
        moved = start + pd.Timedelta(days=days)
        first = (self.charges.subscription_id == key) & (self.charges.effective_from == start)
        self.charges.loc[first, "effective_from"] = moved
        self.subscriptions.loc[key, "term_start"] = moved
        signed = min(self.subscriptions.at[key, "signed_at"], moved - pd.Timedelta(hours=10))
        self.subscriptions.loc[key, "signed_at"] = signed

    def without_a_link(self, rng: np.random.Generator, key: str) -> None:
        """Nobody recorded which subscription the new one follows."""
        self.subscriptions.loc[self.successor[key], "previous_subscription_id"] = None

    def goes_on(self, rng: np.random.Generator, key: str) -> None:
        """Billing keeps one subscription that renews itself; its successor is part of it."""
        successor = self.successor[key]
        self._hand_over(successor, key)
        later = ["status", "canceled_at", "cancel_effective_at", "cancel_reason"]
        self.subscriptions.loc[key, later] = self.subscriptions.loc[successor, later]
        self.subscriptions = self.subscriptions.drop(index=successor)
        self.of_customer = self.subscriptions.groupby("customer_id").groups

    def _hand_over(self, old: str, new: str) -> None:
        for frame in (self.charges, self.invoices, self.opportunities):
            frame.loc[frame.subscription_id == old, "subscription_id"] = new

    def replaced_midway(self, rng: np.random.Generator, key: str) -> None:
        """A change of seats was written as a new subscription, for the rest of the term."""
        new = f"{key}m"
        own = self.charges[self.charges.subscription_id == key]
        change = own.effective_from.max()
        told = change - pd.Timedelta(days=4) + pd.Timedelta(hours=11)
        row = self.subscriptions.loc[key].copy()
        row["term_start"], row["signed_at"], row["previous_subscription_id"] = change, told, key
        self.subscriptions.loc[new] = row
        self.subscriptions.loc[self.successor[key], "previous_subscription_id"] = new
        self.subscriptions.loc[key, ["status", "canceled_at", "cancel_effective_at"]] = [
            "canceled",
            told,
            change,
        ]
        moved = own.index[own.effective_from == change]
        self.charges.loc[moved, "subscription_id"] = new
        for frame in (self.invoices, self.opportunities):
            date = frame.issued_at if frame is self.invoices else frame.close_date
            later = (frame.subscription_id == key) & (date >= change)
            frame.loc[later, "subscription_id"] = new

    def two_into_one(self, rng: np.random.Generator, key: str) -> None:
        """The add-ons had a subscription of their own; one successor took both over."""
        new = f"{key}b"
        is_addon = self.charges.plan_id.str.startswith(ADDONS)
        moved = (self.charges.subscription_id == key) & is_addon
        row = self.subscriptions.loc[key].copy()
        row["term_start"] = self.charges[moved].effective_from.min()
        row["previous_subscription_id"] = None
        row["signed_at"] = min(row["signed_at"], row["term_start"] - pd.Timedelta(hours=10))
        self.charges.loc[moved, "subscription_id"] = new
        self.subscriptions.loc[new] = row
