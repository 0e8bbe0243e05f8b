"""What is true of the demo company's money, computed from the clean tables with exact fractions.

Rules (metrics.md): a charge is worth quantity × price × (1 − discount) ÷ months of its interval
× the month's exchange rate; to eight decimals, then half up to cents, once per charge and month.
Independent of the dbt models: nothing here reads them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pandas as pd

from .settings import LAST_DAY

MONTHS = {
    "week": Fraction(12, 52),
    "month": Fraction(1),
    "quarter": Fraction(3),
    "half_year": Fraction(6),
    "year": Fraction(12),
    "two_years": Fraction(24),
    "three_years": Fraction(36),
}
COUNTED = {"active", "past_due", "canceled", "expired"}
GRACE = timedelta(days=90)
CENT, EIGHTH = Decimal("0.01"), Decimal("0.00000001")
UNASSIGNED = "unassigned"


@dataclass
class ChargeMonth:
    """One charge in force at a month's end; worth in cents at that month's and the next rate."""

    account: str
    month: date
    cents: int
    cents_at_next_rate: int


def next_month(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def to_cents(amount: Fraction) -> int:
    """Eight decimals first, then half up."""
    decimal = Decimal(amount.numerator) / Decimal(amount.denominator)
    return int(decimal.quantize(EIGHTH, ROUND_HALF_UP).quantize(CENT, ROUND_HALF_UP) * 100)


def _date(value: object) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


def resolve_accounts(accounts: pd.DataFrame) -> dict[str, str | None]:
    """Account → itself, its merge survivor, ``unassigned`` if deleted, None if internal."""
    rows = accounts.set_index("account_id")
    resolved: dict[str, str | None] = {}
    for account in rows.index:
        survivor = account
        while rows.at[survivor, "is_deleted"]:
            parent = rows.at[survivor, "parent_account_id"]
            if pd.isna(parent):
                survivor = UNASSIGNED
                break
            survivor = parent
        internal = survivor != UNASSIGNED and rows.at[survivor, "is_internal"]
        resolved[account] = None if internal else survivor
    return resolved


def charge_months(tables: dict[tuple[str, str], pd.DataFrame]) -> list[ChargeMonth]:
    """Every counted charge in force at each closed month's end."""
    plans = {plan.plan_id: plan for plan in tables["billing", "plans"].itertuples()}
    status = tables["billing", "subscriptions"].set_index("subscription_id").status
    account_of = accounts_of_subscriptions(tables)
    suspended_after = unpaid_limits(tables)
    rates = _rates(tables["billing", "fx_rates"])
    last = pd.Timestamp(LAST_DAY).date()
    found = []
    for charge in tables["billing", "subscription_charges"].itertuples():
        plan = plans.get(charge.plan_id)
        if plan is None:
            continue
        account = account_of.get(charge.subscription_id, UNASSIGNED)
        is_counted = status.get(charge.subscription_id, "active") in COUNTED
        if plan.charge_type != "recurring" or not is_counted or account is None:
            continue
        discount = 0 if pd.isna(charge.discount_pct) else int(charge.discount_pct)
        local = (
            int(charge.quantity)
            * Fraction(Decimal(f"{charge.unit_price:.2f}"))
            * Fraction(100 - discount, 100)
            / MONTHS[plan.billing_interval]
        )
        start, end = _date(charge.effective_from), _date(charge.effective_to)
        limit = suspended_after.get(charge.subscription_id)
        month = start.replace(day=1)
        while (month_end := next_month(month) - timedelta(days=1)) <= last:
            if end is not None and month_end >= end:
                break
            if limit is not None and month_end > limit:
                break
            rate = rates(charge.currency, month)
            next_rate = rates(charge.currency, next_month(month))
            found.append(
                ChargeMonth(account, month, to_cents(local * rate), to_cents(local * next_rate))
            )
            month = next_month(month)
    return found


def accounts_of_subscriptions(tables) -> dict[str, str | None]:
    resolved = resolve_accounts(tables["crm", "accounts"])
    customers = tables["billing", "customers"]
    of_customer = {
        row.customer_id: resolved.get(row.account_id, UNASSIGNED) for row in customers.itertuples()
    }
    return {
        row.subscription_id: of_customer.get(row.customer_id, UNASSIGNED)
        for row in tables["billing", "subscriptions"].itertuples()
    }


def unpaid_limits(tables) -> dict[str, date]:
    """The last day on which a past-due subscription counts: 90 days after its oldest unpaid due."""
    past_due = tables["billing", "subscriptions"].query("status == 'past_due'").subscription_id
    invoices = tables["billing", "invoices"]
    unpaid = invoices[invoices.subscription_id.isin(past_due) & invoices.paid_at.isna()]
    return {
        key: _date(due) + GRACE
        for key, due in unpaid.groupby("subscription_id").due_at.min().items()
    }


def _rates(frame: pd.DataFrame):
    """The rate of a month, or the latest before it."""
    known: dict[str, list[tuple[date, Fraction]]] = defaultdict(list)
    for row in frame.sort_values("rate_date").itertuples():
        known[row.currency].append(
            (_date(row.rate_date), Fraction(Decimal(f"{row.rate_to_usd:.4f}")))
        )

    def rate(currency: str, month: date) -> Fraction:
        return [value for day, value in known[currency] if day <= month][-1]

    return rate


def monthly_mrr(months: list[ChargeMonth]) -> dict[tuple[str, date], tuple[int, int]]:
    """(account, month) → cents at the month's rate, and at the next month's."""
    totals: dict[tuple[str, date], list[int]] = defaultdict(lambda: [0, 0])
    for row in months:
        totals[row.account, row.month][0] += row.cents
        totals[row.account, row.month][1] += row.cents_at_next_rate
    return {key: (now, later) for key, (now, later) in sorted(totals.items()) if now or later}


def movements(mrr: dict[tuple[str, date], tuple[int, int]]) -> list[tuple[str, date, str, int]]:
    """(account, month, movement type, cents), in local currency at the month's own rate."""
    last = pd.Timestamp(LAST_DAY).date()
    found = []
    for account in sorted({account for account, _ in mrr}):
        first = month = min(month for name, month in mrr if name == account)
        before, before_at_rate = 0, 0
        while month <= last:
            now, later = mrr.get((account, month), (0, 0))
            change = now - before_at_rate
            if before_at_rate != before:
                found.append((account, month, "fx", before_at_rate - before))
            if change:
                kind = _kind(now, before, change, month == first)
                found.append((account, month, kind, change))
            before, before_at_rate, month = now, later, next_month(month)
    return found


def _kind(now: int, before: int, change: int, is_first: bool) -> str:
    if now and not before:
        return "new" if is_first else "reactivation"
    if before and not now:
        return "churn"
    return "expansion" if change > 0 else "contraction"
