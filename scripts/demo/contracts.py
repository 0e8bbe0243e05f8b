"""What each account has under contract, month by month: seats, plan, price, and when it leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .accounts import INTERVAL_MONTHS, Accounts
from .quality import Quality
from .settings import Settings

# Price of a seat and month by tier, in cents.
SEAT_PRICE = np.array([4900, 9900, 14900])
# Cents a month, enterprise tier only; and for the add-on, per account.
PLATFORM_PRICE = 125_000
ADDON_PRICE = np.array([9_000, 30_000, 90_000])
FREE_PERIODS = 2

LEAVE_REASONS = np.array(
    ["missing_features", "low_usage", "champion_left", "support", "price", "company_closed"]
)


@dataclass
class Contracts:
    """State per account and period, shape (accounts, periods); money in cents a month."""

    active: np.ndarray
    term: np.ndarray  # number of the contract term, counted over the account's whole life
    term_start: np.ndarray  # period in which that term began
    seats: np.ndarray
    tier: np.ndarray
    seat_price: np.ndarray
    discount: np.ndarray
    addon: np.ndarray
    left: np.ndarray  # the first period without a contract after one with
    leave_reason: np.ndarray  # index into LEAVE_REASONS, -1 = none
    gives_notice: np.ndarray  # (accounts,): will leave at the end of the current term

    @classmethod
    def empty(cls, n: int, periods: int) -> Contracts:
        def ints() -> np.ndarray:
            return np.zeros((n, periods), dtype=np.int32)

        return cls(
            active=np.zeros((n, periods), dtype=bool),
            term=ints(),
            term_start=ints(),
            seats=ints(),
            tier=ints(),
            seat_price=ints(),
            discount=ints(),
            addon=np.zeros((n, periods), dtype=bool),
            left=np.zeros((n, periods), dtype=bool),
            leave_reason=np.full((n, periods), -1, dtype=np.int32),
            gives_notice=np.zeros(n, dtype=bool),
        )

    def local_cents(self, segment: np.ndarray) -> np.ndarray:
        """Contracted amount a month in the account's currency, in cents, shape as the states."""
        gross = (
            self.seats.astype(np.int64) * self.seat_price
            + np.where((self.tier == 2) & (self.seat_price > 0), PLATFORM_PRICE, 0)
            + np.where(self.addon, ADDON_PRICE[segment][:, None], 0)
        )
        return np.where(self.active, gross * (100 - self.discount) / 100, 0.0)


def simulate_contracts(settings: Settings, accounts: Accounts, quality: Quality) -> Contracts:
    """Walk through the months; in each, accounts start, leave, return, grow, shrink or renew."""
    rng = settings.stream("contracts")
    n, periods = len(accounts), settings.periods
    states = Contracts.empty(n, periods)
    evergreen = accounts.term_months == 0
    term_months = np.where(evergreen, 10_000, accounts.term_months)
    starts_free = evergreen & (accounts.segment == 0) & (rng.random(n) < 0.10)
    promo = np.where(starts_free, 0, np.where(evergreen & (rng.random(n) < 0.15), 20, 0))
    usual_discount = np.where(rng.random(n) < 0.35, rng.choice([5, 10, 15, 25], n), 0)
    usual_discount = np.where(evergreen, 0, usual_discount)

    active = np.zeros(n, dtype=bool)
    returns_at = np.where(accounts.start_period < periods, accounts.start_period, -1)
    term = np.zeros(n, dtype=np.int32)
    term_start = np.zeros(n, dtype=np.int32)
    seats = _first_seats(rng, accounts.segment)
    tier = _first_tier(rng, accounts.segment)
    price = SEAT_PRICE[tier]
    addon = rng.random(n) < np.array([0.05, 0.12, 0.25])[accounts.segment]

    for period in range(periods):
        mood, recent = quality.lagged(period), quality.level[:, max(period - 1, 0)]
        age = period - term_start
        boundary = active & ~evergreen & (age > 0) & (age % term_months == 0)
        may_leave = boundary | (active & evergreen & (age >= 3))

        leaves, reason = _leavers(rng, accounts, mood, may_leave, evergreen)
        states.left[:, period] = leaves
        states.leave_reason[:, period] = np.where(leaves, reason, -1)
        comes_back = leaves & (rng.random(n) < 0.14)
        returns_at = np.where(leaves, -1, returns_at)
        returns_at = np.where(comes_back, period + rng.integers(3, 9, n), returns_at)
        active &= ~leaves

        starts = ~active & (returns_at == period)
        active |= starts
        renews = boundary & active
        term = term + (starts | renews)
        term_start = np.where(starts | renews, period, term_start)

        # Contracts grow at any time and shrink when they may be left.
        grows = active & ~starts & (rng.random(n) < 0.040 * np.exp(0.55 * recent))
        more = np.maximum(1, np.rint(seats * rng.uniform(0.08, 0.35, n)).astype(int))
        seats = np.where(grows, seats + more, seats)
        shrink_chance = np.where(boundary, 0.11, 0.010) * np.exp(-0.7 * mood)
        shrinks = may_leave & active & ~grows & (rng.random(n) < shrink_chance)
        how = rng.random(n)
        fewer = np.maximum(1, np.rint(seats * rng.uniform(0.1, 0.4, n)).astype(int))
        seats = np.where(shrinks & (how < 0.7), np.maximum(seats - fewer, 1), seats)
        drops_addon = shrinks & (how >= 0.7) & addon
        downgrades = shrinks & (how >= 0.7) & ~addon & (tier > 0)
        takes_addon = active & ~starts & ~addon & (rng.random(n) < 0.007 * np.exp(0.5 * recent))
        upgrades = active & ~starts & (tier < 2) & ~downgrades & ~starts_free
        upgrades &= rng.random(n) < 0.005 * np.exp(0.6 * recent)
        addon = (addon & ~drops_addon) | takes_addon
        tier = tier + upgrades - downgrades
        price = np.where(upgrades | downgrades, SEAT_PRICE[tier], price)
        uplift = (renews | (active & evergreen & (age > 0) & (age % 12 == 0))) & ~upgrades
        uplift &= rng.random(n) < 0.6
        raised = np.rint(price * rng.choice([1.03, 1.05, 1.07], n) / 100).astype(int) * 100
        price = np.where(uplift & active, raised, price)

        in_free_time = starts_free & (age < FREE_PERIODS) & (term == 1)
        in_free_time |= starts & starts_free & (term == 1)
        in_promo = (promo > 0) & (period - term_start < 3) & (term == 1)
        states.active[:, period] = active
        states.term[:, period] = term
        states.term_start[:, period] = term_start
        states.seats[:, period] = np.where(active, seats, 0)
        states.tier[:, period] = tier
        states.seat_price[:, period] = np.where(in_free_time, 0, price)
        states.discount[:, period] = np.where(in_promo, promo, usual_discount)
        states.addon[:, period] = active & addon & ~in_free_time

    at_end = quality.lagged(periods)
    next_boundary = np.where(evergreen, periods, term_start + term_months)
    soon = active & (next_boundary < periods + 4)
    chance = np.where(evergreen, 0.02, 0.25) * np.exp(-0.9 * at_end)
    states.gives_notice = soon & (rng.random(n) < chance)
    return states


def _first_seats(rng: np.random.Generator, segment: np.ndarray) -> np.ndarray:
    typical = np.array([2.6, 6.0, 14.0])[segment]
    seats = np.rint(typical * np.exp(rng.normal(0, 0.40, len(segment)))).astype(int)
    return np.maximum(seats, 1)


def _first_tier(rng: np.random.Generator, segment: np.ndarray) -> np.ndarray:
    shares = np.array([[0.75, 1.0], [0.25, 0.95], [0.0, 0.30]])[segment]
    return (rng.random(len(segment))[:, None] > shares).sum(axis=1)


def _leavers(
    rng: np.random.Generator,
    accounts: Accounts,
    mood: np.ndarray,
    may_leave: np.ndarray,
    evergreen: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Who leaves, and why. About a quarter of the leaving has nothing to do with quality."""
    n = len(accounts)
    years = np.where(evergreen, 1 / 12, accounts.term_months / 12) ** 0.8
    unhappy = np.array([0.052, 0.038, 0.026])[accounts.segment] * years * np.exp(-1.35 * mood)
    unrelated = np.array([0.032, 0.018, 0.009])[accounts.segment] * years
    leaves_unhappy = rng.random(n) < np.minimum(unhappy, 0.8)
    leaves_anyway = rng.random(n) < unrelated
    reason = rng.choice(5, n, p=[0.22, 0.28, 0.12, 0.18, 0.20])
    reason = np.where(leaves_unhappy, reason, len(LEAVE_REASONS) - 1)
    return may_leave & (leaves_unhappy | leaves_anyway), reason


def months_per_bill(accounts: Accounts) -> np.ndarray:
    """Months that one bill covers (1 for weekly: such accounts get one invoice a month)."""
    return INTERVAL_MONTHS[accounts.interval]
