"""Puts the scripted accounts and the orphans into the tables and states of the simulated ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from .accounts import INTERVAL_MONTHS, INTERVALS, TIERS, Accounts
from .billing import Billing, customer_ids
from .contracts import Contracts
from .scenarios import Charge, Subscription, scenarios
from .settings import LAST_DAY, Settings

ONCE_OR_BY_USE = {"onboarding": "one_time", "api_calls": "usage"}
BILLED_MONTHS = {
    **dict(zip(INTERVALS, INTERVAL_MONTHS, strict=True)),
    "three_years": 36,
}
COUNTRY_OF = {"USD": ("US", "amer"), "EUR": ("DE", "emea"), "GBP": ("GB", "emea")}


def subscription_id(number: int, position: int) -> str:
    """Id of the subscription at ``position`` of scripted account ``number`` (both from 0)."""
    return f"sub_s{number + 1:03d}{position + 1}"


def clear_scripted(settings: Settings, accounts: Accounts) -> None:
    """Keep the first accounts out of the simulation: their contracts are written by hand."""
    for number, scenario in enumerate(scenarios()):
        accounts.start_period[number] = settings.periods + 99
        accounts.segment[number] = accounts.later_segment[number] = scenario.segment
        accounts.segment_change_period[number] = settings.periods + 99
        accounts.currency[number] = scenario.currencies[0]
        accounts.country[number], accounts.region[number] = COUNTRY_OF[scenario.currencies[0]]
        accounts.interval[number] = 1
        accounts.term_months[number] = 0


def add_scenarios(
    settings: Settings, accounts: Accounts, contracts: Contracts, billing: Billing
) -> None:
    """Append the scripted rows to the billing tables and their seats to the contract states."""
    rows: dict[str, list[dict]] = {
        "customers": [],
        "subscriptions": [],
        "subscription_charges": [],
        "invoices": [],
    }
    ids = customer_ids(accounts)
    for number, scenario in enumerate(scenarios()):
        for position, currency in enumerate(scenario.currencies[: len(scenario.subscriptions)]):
            customer = {
                "customer_id": ids[number] + "b" * position,
                "account_id": accounts.ids[number],
                "customer_name": accounts.names[number],
                "email": f"billing@{accounts.slugs[number]}.example",
                "currency": currency,
                "created_at": np.datetime64(scenario.subscriptions[0].charges[0].start) - 5,
            }
            rows["customers"].append(customer)
        previous = None
        for position, subscription in enumerate(scenario.subscriptions):
            currency = scenario.currencies[subscription.customer]
            row = {
                "subscription_id": subscription_id(number, position),
                "customer_id": ids[number] + "b" * subscription.customer,
                **_subscription_row(subscription),
                "previous_subscription_id": previous if subscription.follows else None,
            }
            previous = row["subscription_id"]
            rows["subscriptions"].append(row)
            for nth, charge in enumerate(subscription.charges):
                key = f"s{number + 1:03d}{position + 1}{nth + 1}"
                _add_charge(rows, key, row, charge, currency, subscription.unpaid_from)
                _add_seats(settings, accounts, contracts, number, charge)
        _mark_leaving(contracts, number)
    for name, new in rows.items():
        frame = pd.concat([getattr(billing, name), pd.DataFrame(new)], ignore_index=True)
        setattr(billing, name, frame)


def _subscription_row(subscription: Subscription) -> dict:
    start = np.datetime64(subscription.charges[0].start)
    signed = np.datetime64(subscription.signed) if subscription.signed else start - 9
    booked = np.datetime64(subscription.booked or "NaT", "D")
    return {
        "status": subscription.status,
        "term_start": start,
        "term_end": np.datetime64(subscription.end or "NaT", "D"),
        "signed_at": signed.astype("M8[s]") + 12 * 3600,
        "canceled_at": booked.astype("M8[s]") + 15 * 3600,
        "cancel_effective_at": np.datetime64(
            (subscription.end if subscription.booked else None) or "NaT", "D"
        ),
        "cancel_reason": subscription.reason,
        "auto_renew": subscription.booked is None,
    }


def _add_charge(
    rows: dict[str, list[dict]],
    key: str,
    subscription: dict,
    charge: Charge,
    currency: str,
    unpaid_from: str | None,
) -> None:
    """The charge and its invoices, one per billing interval up to the last day."""
    rows["subscription_charges"].append(
        {
            "charge_id": f"ch_{key}",
            "subscription_id": subscription["subscription_id"],
            "plan_id": charge.plan,
            "quantity": charge.quantity,
            "unit_price": charge.cents / 100,
            "discount_pct": charge.discount,
            "currency": currency,
            "effective_from": np.datetime64(charge.start),
            "effective_to": np.datetime64(charge.end or "NaT", "D"),
        }
    )
    amount = round(charge.quantity * charge.cents * (100 - charge.discount) / 100) / 100
    if amount == 0 or subscription["status"] in ("trialing", "draft", "paused"):
        return
    start = np.datetime64(charge.start)
    end = min(np.datetime64(charge.end), LAST_DAY + 1) if charge.end else LAST_DAY + 1
    for nth, (issued, service_end) in enumerate(_bills(charge, start, end), 1):
        due = issued + 30
        is_paid = due <= LAST_DAY - 3 and not (unpaid_from and issued >= np.datetime64(unpaid_from))
        rows["invoices"].append(
            {
                "invoice_id": f"in_{key}{nth:02d}",
                "customer_id": subscription["customer_id"],
                "subscription_id": subscription["subscription_id"],
                "issued_at": issued.astype("M8[s]") + 7 * 3600,
                "due_at": due,
                "paid_at": due.astype("M8[s]") - 4 * 86_400 if is_paid else np.datetime64("NaT"),
                "amount_due": amount,
                "amount_paid": amount if is_paid else 0.0,
                "currency": currency,
                "status": "paid" if is_paid else "open",
                "invoice_type": ONCE_OR_BY_USE.get(charge.plan, "recurring"),
                "service_start": issued,
                "service_end": service_end,
            }
        )


def _bills(
    charge: Charge, start: np.datetime64, end: np.datetime64
) -> Iterator[tuple[np.datetime64, np.datetime64]]:
    """Days on which the charge is billed, and the day before which the service billed ends."""
    if charge.plan in ONCE_OR_BY_USE:
        months = 1 if charge.plan == "api_calls" else None
    else:
        interval = charge.plan.partition("_")[2]
        months = BILLED_MONTHS[interval]
    if months is None:
        yield start, np.datetime64("NaT", "D")
    elif charge.plan.endswith("_week"):
        for day in np.arange(start, end, 7):
            yield day, day + 7
    else:
        month = start.astype("M8[M]")
        day = (start - month.astype("M8[D]")).astype(int)
        while (issued := _day_of(month, day)) < end:
            month = month + months
            yield issued, _day_of(month, day)


def _day_of(month: np.datetime64, day: int) -> np.datetime64:
    """The day, counted from 0, of the month; its last one if the month is too short."""
    return min(month.astype("M8[D]") + day, (month + 1).astype("M8[D]") - 1)


def _add_seats(
    settings: Settings, accounts: Accounts, contracts: Contracts, number: int, charge: Charge
) -> None:
    """What the charge means for the people who use the product: seats and tier at month ends."""
    tier, _, _ = charge.plan.partition("_")
    if tier not in (*TIERS, "free"):
        return
    ends = (settings.month_starts.astype("M8[M]") + 1).astype("M8[D]") - 1
    in_force = ends >= np.datetime64(charge.start)
    if charge.end:
        in_force &= ends < np.datetime64(charge.end)
    contracts.active[number] |= in_force
    contracts.seats[number] += np.where(in_force, charge.quantity, 0)
    contracts.tier[number, :] = 0 if tier == "free" else list(TIERS).index(tier)
    contracts.seat_price[number, in_force] = charge.cents
    first = contracts.active[number].argmax()
    contracts.term_start[number] = first
    accounts.start_period[number] = first if contracts.active[number].any() else 10_000
    accounts.billing_day[number] = int(charge.start[-2:]) if int(charge.start[-2:]) < 29 else 28


def _mark_leaving(contracts: Contracts, number: int) -> None:
    active = contracts.active[number]
    contracts.left[number, 1:] = active[:-1] & ~active[1:]


def scripted_crm(accounts: Accounts, table: pd.DataFrame) -> pd.DataFrame:
    """The CRM's rows with parents, deletions and internal accounts as scripted."""
    table = table.copy()
    by_name = {scenario.name: number for number, scenario in enumerate(scenarios())}
    for number, scenario in enumerate(scenarios()):
        if scenario.parent:
            table.loc[number, "parent_account_id"] = accounts.ids[by_name[scenario.parent]]
        for column, value in scenario.crm.items():
            table.loc[number, column] = value
    return table


def add_orphans(billing: Billing) -> None:
    """Contracts that no account in the CRM answers for, and a charge on a plan that is rejected."""
    start, created = np.datetime64("2025-02-01"), np.datetime64("2025-01-20T10:00:00")
    customers = [("cus_orphan1", "a999905"), ("cus_orphan2", None)]
    subscriptions = [
        ("sub_orphan1", "cus_orphan1"),
        ("sub_orphan2", "cus_orphan2"),
        ("sub_orphan3", "cus_unknown"),
    ]
    charges = [
        ("ch_orphan1", "sub_orphan1", "basic_month", 2),
        ("ch_orphan2", "sub_orphan2", "pro_month", 1),
        ("ch_orphan3", "sub_orphan3", "basic_month", 1),
        ("ch_orphan4", "sub_unknown", "basic_month", 3),
        ("ch_daily", "sub_orphan1", "basic_day", 1),
    ]
    new = {
        "customers": pd.DataFrame(
            [
                {
                    "customer_id": customer,
                    "account_id": account,
                    "customer_name": "Unknown",
                    "currency": "USD",
                    "created_at": created,
                }
                for customer, account in customers
            ]
        ),
        "subscriptions": pd.DataFrame(
            [
                {
                    "subscription_id": subscription,
                    "customer_id": customer,
                    "status": "active",
                    "term_start": start,
                    "signed_at": created,
                    "auto_renew": True,
                }
                for subscription, customer in subscriptions
            ]
        ),
        "subscription_charges": pd.DataFrame(
            [
                {
                    "charge_id": charge,
                    "subscription_id": subscription,
                    "plan_id": plan,
                    "quantity": quantity,
                    "unit_price": 49.0 if quantity != 1 else 99.0,
                    "discount_pct": 0,
                    "currency": "USD",
                    "effective_from": start,
                }
                for charge, subscription, plan, quantity in charges
            ]
        ),
    }
    for name, frame in new.items():
        setattr(billing, name, pd.concat([getattr(billing, name), frame], ignore_index=True))
