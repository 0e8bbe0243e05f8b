"""The billing system's tables, made from the contract states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .accounts import INTERVALS, TIERS, Accounts
from .catalogue import interval_price
from .contracts import ADDON_PRICE, LEAVE_REASONS, PLATFORM_PRICE, Contracts, months_per_bill
from .quality import Quality
from .runs import Runs, find_runs
from .settings import LAST_DAY, Settings

NO_DATE = np.datetime64("NaT", "D")
SERVICE_NOTED_FROM = np.datetime64("2025-01-01")


@dataclass
class Billing:
    """Customers, subscriptions, charges and invoices as data frames."""

    customers: pd.DataFrame
    subscriptions: pd.DataFrame
    subscription_charges: pd.DataFrame
    invoices: pd.DataFrame


def build_billing(
    settings: Settings, accounts: Accounts, contracts: Contracts, quality: Quality
) -> Billing:
    terms = find_runs(contracts.active, contracts.term)
    auto_renew = settings.stream("auto-renewal").random(len(accounts)) < 0.6
    auto_renew &= ~contracts.gives_notice
    subscriptions = _subscriptions(settings, accounts, contracts, terms, auto_renew)
    charges = _charges(settings, accounts, contracts, terms, subscriptions)
    # Where no term was agreed on, a cancellation has a date, but no term ends.
    subscriptions.loc[accounts.term_months[terms.account] == 0, "term_end"] = NO_DATE
    return Billing(
        customers=_customers(settings, accounts, contracts),
        subscriptions=subscriptions,
        subscription_charges=charges,
        invoices=_invoices(settings, accounts, contracts, quality, terms, subscriptions),
    )


def customer_ids(accounts: Accounts) -> np.ndarray:
    return np.char.replace(accounts.ids.astype(str), "a", "cus_").astype(object)


def at_time(rng: np.random.Generator, days: np.ndarray) -> np.ndarray:
    """The days with a time between 07:00 and 18:59, to the second."""
    seconds = rng.integers(7 * 3600, 19 * 3600, len(days))
    return days.astype("M8[s]") + seconds


def _customers(settings: Settings, accounts: Accounts, contracts: Contracts) -> pd.DataFrame:
    rng = settings.stream("customers")
    ever = contracts.active.any(axis=1)
    first = settings.date(contracts.active.argmax(axis=1), accounts.billing_day)
    created = at_time(rng, first - rng.integers(1, 20, len(accounts)))
    frame = pd.DataFrame(
        {
            "customer_id": customer_ids(accounts),
            "account_id": accounts.ids,
            "customer_name": accounts.names,
            "email": [f"billing@{slug}.example" for slug in accounts.slugs],
            "currency": accounts.currency,
            "created_at": created,
        }
    )
    return frame[ever].reset_index(drop=True)


def _subscriptions(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    terms: Runs,
    auto_renew: np.ndarray,
) -> pd.DataFrame:
    rng = settings.stream("subscriptions")
    n, account = len(terms), terms.account
    day = accounts.billing_day[account]
    term_months = accounts.term_months[account]
    ongoing = terms.end == settings.periods
    start = settings.date(terms.start, day)
    planned_end = np.where(term_months > 0, settings.date(terms.start + term_months, day), NO_DATE)
    ended = settings.date(terms.end, day)
    renewed = ~ongoing & contracts.active[account, np.minimum(terms.end, settings.periods - 1)]
    left = ~ongoing & ~renewed
    notice = ongoing & contracts.gives_notice[account]
    last = np.where(notice & (term_months == 0), settings.date(terms.end, day), planned_end)
    last = np.where(ongoing, last, ended)
    notice_days = np.where(left, rng.integers(15, 80, n), 0)
    told = np.where(left, ended - notice_days, np.where(notice, LAST_DAY, NO_DATE))
    told = np.where(notice, LAST_DAY - rng.integers(1, 25, n), told)
    told = np.maximum(told, start)
    quietly_expired = left & (term_months > 0) & (rng.random(n) < 0.3)
    canceled_at = at_time(rng, told)
    canceled_at[~(left | notice) | quietly_expired] = np.datetime64("NaT")
    reason = contracts.leave_reason[account, np.minimum(terms.end, settings.periods - 1)]
    reason = np.where(notice, rng.integers(0, 5, n), reason)
    reasons = np.where(left | notice, LEAVE_REASONS[reason], None)
    reasons[quietly_expired] = None
    ids = np.char.mod("sub_%07d", 100_001 + np.arange(n)).astype(object)
    follows = np.zeros(n, dtype=bool)
    follows[1:] = renewed[:-1] & (account[1:] == account[:-1])
    previous = np.full(n, None, dtype=object)
    previous[1:] = np.where(follows[1:], ids[:-1], None)
    status = np.select([renewed | quietly_expired, left], ["expired", "canceled"], "active").astype(
        object
    )
    lead = np.where(follows, rng.integers(1, 45, n), rng.integers(2, 30, n))
    return pd.DataFrame(
        {
            "subscription_id": ids,
            "customer_id": customer_ids(accounts)[account],
            "status": status,
            "term_start": start,
            "term_end": last,
            "signed_at": at_time(rng, start - lead),
            "canceled_at": canceled_at,
            "cancel_effective_at": np.where(np.isnat(canceled_at), NO_DATE, last),
            "cancel_reason": reasons,
            "auto_renew": auto_renew[account],
            "previous_subscription_id": previous,
        }
    )


def _charges(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    terms: Runs,
    subscriptions: pd.DataFrame,
) -> pd.DataFrame:
    """Three lines: seats, the platform fee of the enterprise tier, the automation add-on."""
    number_of_term = np.zeros(contracts.active.shape, dtype=np.int64)
    number_of_term[terms.account, terms.start] = 1
    number_of_term = number_of_term.ravel().cumsum().reshape(number_of_term.shape) - 1
    paid = contracts.active & (contracts.seat_price > 0)
    c = contracts
    seats = find_runs(c.active, c.term, c.seats, c.tier, c.seat_price, c.discount)
    platform = find_runs(paid & (c.tier == 2), c.term, c.discount)
    addon = find_runs(c.addon, c.term, c.discount)
    one = np.ones(1, dtype=np.int64)
    frames = []
    for line, runs in enumerate((seats, platform, addon)):
        account, start = runs.account, runs.start
        interval = accounts.interval[account]
        price = c.seat_price[account, start]
        tier = TIERS[c.tier[account, start]]
        if line == 0:
            quantity = c.seats[account, start]
            plan = np.char.add(np.char.add(tier, "_"), INTERVALS[interval])
            plan = np.where(price == 0, "free_month", plan)
            cents = interval_price(price.astype(np.int64), interval)
        else:
            quantity = np.repeat(one, len(runs))
            name = "platform_" if line == 1 else "automation_"
            plan = np.char.add(name, INTERVALS[interval])
            fee = PLATFORM_PRICE if line == 1 else ADDON_PRICE[accounts.segment[account]]
            cents = interval_price(np.broadcast_to(fee, account.shape), interval)
        sub = number_of_term[account, start]
        term_end = subscriptions.term_end.to_numpy()[sub].astype("M8[D]")
        renews_itself = subscriptions.auto_renew.to_numpy()[sub]
        still = np.where(renews_itself, NO_DATE, term_end)
        ends = np.where(
            runs.end == settings.periods,
            still,
            settings.date(runs.end, accounts.billing_day[account]),
        )
        frames.append(
            pd.DataFrame(
                {
                    "subscription_id": subscriptions.subscription_id.to_numpy()[sub],
                    "plan_id": plan.astype(object),
                    "quantity": quantity,
                    "unit_price": cents / 100,
                    "discount_pct": c.discount[account, start],
                    "currency": accounts.currency[account],
                    "effective_from": settings.date(start, accounts.billing_day[account]),
                    "effective_to": ends,
                }
            )
        )
    charges = pd.concat(frames, ignore_index=True)
    charges = charges.sort_values(["subscription_id", "effective_from"], kind="stable")
    numbers = 500_001 + np.arange(len(charges))
    charges.insert(0, "charge_id", np.char.mod("ch_%08d", numbers).astype(object))
    return charges.reset_index(drop=True)


def _invoices(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    quality: Quality,
    terms: Runs,
    subscriptions: pd.DataFrame,
) -> pd.DataFrame:
    """One invoice at the start of every bill; unhappy customers pay late, leavers perhaps never."""
    rng = settings.stream("invoices")
    every = months_per_bill(accounts)[terms.account]
    bills = -(-(terms.end - terms.start) // every)
    sub = np.repeat(np.arange(len(terms)), bills)
    nth = np.arange(len(sub)) - np.repeat(bills.cumsum() - bills, bills)
    account = terms.account[sub]
    period = terms.start[sub] + nth * every[sub]
    cents = np.rint(contracts.local_cents(accounts.segment)[account, period] * every[sub])
    billed = cents > 0
    sub, account, period, cents = sub[billed], account[billed], period[billed], cents[billed]
    n = len(sub)
    issued = settings.date(period, accounts.billing_day[account])
    due = issued + np.where(accounts.is_enterprise[account], 45, 30)
    mood = quality.level[account, np.minimum(period + 1, settings.periods - 1)]
    late = rng.exponential(1.0, n) * np.maximum(0.8 - mood, 0.05) * 13
    paid = due + np.rint(rng.normal(-8, 5, n) + late).astype(int)
    paid = np.maximum(paid, issued)
    leaves_next = contracts.left[account, np.minimum(period + every[sub], settings.periods - 1)]
    never = leaves_next & (mood < 0) & (rng.random(n) < 0.25)
    unpaid = never | (paid > LAST_DAY)
    paid_at = at_time(rng, paid)
    # An invoice in two hundred was issued by mistake.
    void = rng.random(n) < 0.005
    unpaid |= void
    paid_at[unpaid] = np.datetime64("NaT")
    status = np.where(never & (due + 90 < LAST_DAY), "uncollectible", "open")
    return pd.DataFrame(
        {
            "invoice_id": np.char.mod("in_%08d", 700_001 + np.arange(n)).astype(object),
            "customer_id": customer_ids(accounts)[account],
            "subscription_id": subscriptions.subscription_id.to_numpy()[sub],
            "issued_at": at_time(rng, issued),
            "due_at": due,
            "paid_at": paid_at,
            "amount_due": cents / 100,
            "amount_paid": np.where(unpaid, 0, cents) / 100,
            "currency": accounts.currency[account],
            "status": np.select([void, unpaid], ["void", status], "paid").astype(object),
            "invoice_type": "recurring",
            **_service_spans(settings, accounts, account, period, every[sub], issued),
        }
    )


def _service_spans(
    settings: Settings,
    accounts: Accounts,
    account: np.ndarray,
    period: np.ndarray,
    months: np.ndarray,
    issued: np.ndarray,
) -> dict[str, np.ndarray]:
    """First day and end of the service billed, as far as the billing system notes them.

    It began to in 2025; before, it did for weekly plans only, which are billed by the month.
    """
    is_noted = (issued >= SERVICE_NOTED_FROM) | (accounts.interval[account] == 0)
    ends = settings.date(period + months, accounts.billing_day[account])
    return {
        "service_start": np.where(is_noted, issued, NO_DATE),
        "service_end": np.where(is_noted, ends, NO_DATE),
    }
