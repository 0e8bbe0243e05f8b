"""Product users and what they do each day: driven by quality, the season and how new they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .accounts import Accounts
from .billing import NO_DATE, at_time
from .catalogue import FEATURE_TIER
from .contracts import Contracts
from .quality import Quality
from .settings import BURN_IN_MONTHS, LAST_DAY, Settings

# Chance that a typical user of a content account is active on a weekday.
ACTIVE_CHANCE = 0.086
WEEKEND = 0.12
SEASON = np.array([1.0, 1.0, 1.03, 1.0, 1.0, 0.96, 0.85, 0.80, 1.03, 1.05, 1.0, 0.75])
EXTRA_FEATURE_CHANCE = 0.38
GUESTS = 3
ROLES = np.array(["admin", "editor", "viewer"])


@dataclass
class Users:
    """One element per product user; ``created`` and ``gone`` are days (gone: NaT = still there)."""

    account: np.ndarray
    seat: np.ndarray
    created: np.ndarray
    gone: np.ndarray
    eagerness: np.ndarray
    ids: np.ndarray
    first_feature: np.ndarray

    def __len__(self) -> int:
        return len(self.account)


def draw_users(settings: Settings, accounts: Accounts, contracts: Contracts) -> Users:
    """A user for most paid seats, created when the seat is first paid for."""
    rng = settings.stream("users")
    most = contracts.seats.max(axis=1)
    account = np.repeat(np.arange(len(accounts)), most)
    seat = np.arange(len(account)) - np.repeat(most.cumsum() - most, most)
    first = np.full(len(account), settings.periods)
    last = np.full(len(account), -1)
    for period in range(settings.periods):
        has_seat = contracts.seats[account, period] > seat
        first = np.where(has_seat & (first == settings.periods), period, first)
        last = np.where(has_seat, period, last)
    invited = rng.random(len(account)) < np.where(seat == 0, 1.0, 0.88)
    day = accounts.billing_day[account]
    created = settings.date(first, day) + np.minimum(rng.exponential(12, len(account)), 80).astype(
        int
    )
    gone = np.where(
        last < settings.periods - 1,
        settings.date(last + 1, day) + rng.integers(0, 15, len(account)),
        NO_DATE,
    )
    turnover = rng.random(len(account)) < 0.14
    leaves = created + rng.integers(90, 700, len(account))
    gone = np.where(turnover & (np.isnat(gone) | (leaves < gone)), leaves, gone)
    gone = np.where(gone > LAST_DAY, NO_DATE, gone)
    keep = invited & (created < LAST_DAY) & ~(gone <= created)
    account = account[keep]
    n = len(account)
    return Users(
        account=account,
        seat=seat[keep],
        created=created[keep],
        gone=gone[keep],
        eagerness=rng.gamma(2.2, 1 / 2.2, n).clip(0.08, 3.5),
        ids=np.char.mod("u%08d", 10_001 + np.arange(n)).astype(object),
        first_feature=rng.integers(0, len(FEATURE_TIER), n),
    )


def users_table(settings: Settings, accounts: Accounts, users: Users) -> pd.DataFrame:
    rng = settings.stream("users table")
    number = np.char.mod("%d", users.seat + 1)
    emails = np.char.add(np.char.add("user", number), "@")
    emails = np.char.add(np.char.add(emails, accounts.slugs[users.account].astype(str)), ".example")
    role = np.where(users.seat == 0, 0, 1 + (rng.random(len(users)) < 0.45))
    return pd.DataFrame(
        {
            "product_user_id": users.ids,
            "account_id": accounts.ids[users.account],
            "email": emails.astype(object),
            "role": ROLES[role].astype(object),
            "created_at": at_time(rng, users.created),
            "deactivated_at": at_time(rng, users.gone),
        }
    )


@dataclass
class ActivityMonth:
    """Activity rows of one month; integer positions of user, account and feature, in that order."""

    user: np.ndarray
    account: np.ndarray
    feature: np.ndarray
    day: np.ndarray
    events: np.ndarray


def activity_months(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    quality: Quality,
    users: Users,
) -> Iterator[ActivityMonth]:
    """Yield the activity rows month by month, so that any size fits in memory."""
    rng = settings.stream("activity")
    for period in range(BURN_IN_MONTHS, settings.periods):
        month_start = settings.month_starts[period]
        days = np.arange(month_start, (month_start.astype("M8[M]") + 1).astype("M8[D]"))
        chance = _daily_chance(settings, accounts, contracts, quality, users, period)
        some = np.flatnonzero(chance > 0)
        weekday = (days.astype(int) + 3) % 7
        day_weight = np.where(weekday >= 5, WEEKEND, 1.0).astype(np.float32)
        draw = rng.random((len(some), len(days)), dtype=np.float32)
        active = draw < chance[some].astype(np.float32)[:, None] * day_weight
        active &= days >= users.created[some][:, None]
        active &= ~(days >= users.gone[some][:, None])
        row, column = np.nonzero(active)
        yield _features_used(rng, accounts, contracts, users, period, some[row], days[column])


def _daily_chance(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    quality: Quality,
    users: Users,
    period: int,
) -> np.ndarray:
    """Chance per user of being active on a weekday of the month; 0 without a contract."""
    month = int(settings.month_starts[period].astype("M8[M]").astype(int) % 12)
    has_product = contracts.active[:, period] | contracts.active[:, period - 1]
    mood = 0.6 * quality.level[:, period] + 0.4 * quality.level[:, period - 1]
    level = ACTIVE_CHANCE * settings.usage * np.exp(0.55 * mood.clip(-3, 2)) * SEASON[month]
    for ahead, weight in ((0, 0.4), (1, 0.6), (2, 0.85)):
        soon = min(period + ahead, settings.periods - 1)
        is_leaving = contracts.left[:, soon] & (period + ahead < settings.periods)
        level = np.where(is_leaving, level * weight, level)
    level = np.where(has_product, level, 0)
    seat_is_paid = np.maximum(
        contracts.seats[users.account, period], contracts.seats[users.account, period - 1]
    )
    chance = level[users.account] * users.eagerness
    chance = np.where(users.seat < seat_is_paid, chance, chance * 0.1)
    return chance.clip(0, 0.92)


def _features_used(
    rng: np.random.Generator,
    accounts: Accounts,
    contracts: Contracts,
    users: Users,
    period: int,
    user: np.ndarray,
    day: np.ndarray,
) -> ActivityMonth:
    """One to three different features per user and day, of those that the plan contains."""
    n_features = len(FEATURE_TIER)
    account = users.account[user]
    tier = contracts.tier[account, period]
    count = 1 + rng.binomial(2, EXTRA_FEATURE_CHANCE / 2, len(user)).astype(np.int8)
    habit = np.floor(rng.random(len(user)) ** 2.2 * 6).astype(np.int64)
    parts = []
    for extra in range(3):
        feature = (users.first_feature[user] + habit + extra * 5) % n_features
        allowed = np.where(
            FEATURE_TIER[feature] == 3,
            contracts.addon[account, period],
            FEATURE_TIER[feature] <= tier,
        )
        # What the plan lacks falls back to dashboards, where the day starts, once.
        usable = (count > extra) & (allowed | (extra == 0))
        feature = np.where(allowed, feature, 0)
        parts.append((user[usable], feature[usable], day[usable]))
    user = np.concatenate([part[0] for part in parts])
    feature = np.concatenate([part[1] for part in parts])
    day = np.concatenate([part[2] for part in parts])
    key = (user.astype(np.int64) * 40 + (day - day.min()).astype(np.int64)) * 16 + feature
    key.sort()
    key = key[np.append(True, key[1:] != key[:-1])]
    first_day = day.min()
    feature = (key % 16).astype(np.int8)
    day = first_day + (key // 16 % 40)
    user = key // 640
    return ActivityMonth(user, users.account[user], feature, day, 1 + rng.geometric(0.18, len(key)))


def with_guests(settings: Settings, users: Users, month: ActivityMonth) -> ActivityMonth:
    """The month's rows, and what three users do in a second account as well.

    Every second day of theirs they use the same features there, as a consultant would.
    """
    rng = settings.stream("guests")
    guests = rng.choice(len(users), GUESTS, replace=False)
    hosts = users.account[rng.choice(len(users), GUESTS, replace=False)]
    host_of = np.full(len(users), -1)
    host_of[guests] = np.where(hosts == users.account[guests], -1, hosts)
    host = host_of[month.user]
    there = (host >= 0) & (month.day.astype(int) % 2 == 0)
    return ActivityMonth(
        np.append(month.user, month.user[there]),
        np.append(month.account, host[there]),
        np.append(month.feature, month.feature[there]),
        np.append(month.day, month.day[there]),
        np.append(month.events, month.events[there]),
    )


def with_trials(settings: Settings, contracts: Contracts, month: ActivityMonth) -> ActivityMonth:
    """The month's rows, where now and then a few users try what the next plan has.

    They open a feature of it instead of a dashboard; no row comes or goes.
    """
    first = settings.month_starts[0].astype("M8[M]")
    period = (month.day.min().astype("M8[M]") - first).astype(int)
    tier = contracts.tier[month.account, period]
    tries = (month.user % 23 == 7) & (month.day.astype(int) % 11 == 3)
    tries &= (month.feature == 0) & contracts.active[month.account, period] & (tier < 2)
    tried = np.array([np.flatnonzero(above == FEATURE_TIER)[0] for above in (1, 2)])
    feature = np.where(tries, tried[np.minimum(tier, 1)], month.feature).astype(np.int8)
    return ActivityMonth(month.user, month.account, feature, month.day, month.events)
