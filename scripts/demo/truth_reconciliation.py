"""What is true of invoices beside MRR and of the CRM's ARR, from the clean tables and the record
of what was planted: by cause, not by comparing.

An invoice counts in each month at whose end its service goes on, what is billed once in its month
of issue. What is left between invoices and MRR, once exchange rates and all that was planted are
taken away, is MRR without an invoice, or a change of the contract since. Independent of the dbt
models: nothing here reads them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd

from .settings import LAST_DAY
from .truth import (
    MONTHS,
    UNASSIGNED,
    _date,
    _rates,
    next_month,
    resolve_accounts,
    to_cents,
)

Tables = dict[tuple[str, str], pd.DataFrame]
Mrr = dict[tuple[str, date], tuple[int, int]]
LAST = pd.Timestamp(LAST_DAY).date()
PARTS = ("currency", "one_off", "credited", "billed_twice", "list_price")
INVOICE_COLUMNS = ["account_id", "month_start", "mrr", "invoiced", *PARTS, "is_invoiced"]


def invoice_rows(tables: Tables, mrr: Mrr, adjusted: dict[str, str]) -> Iterator[tuple]:
    """Account-months with MRR or invoices, in cents; ``is_invoiced``: any invoice covers it."""
    months = _InvoiceMonths(tables, adjusted)
    for account, month in sorted(months.parts.keys() | mrr.keys()):
        if month < months.first:
            continue
        cents, parts = mrr.get((account, month), (0, 0))[0], months.parts[account, month]
        if cents or parts["invoiced"]:
            yield (
                *(account, month, _money(cents), _money(parts["invoiced"])),
                *(_money(parts[part]) for part in PARTS),
                months.covered[account, month] > 0,
            )


class _InvoiceMonths:
    """Cents by account, month and part."""

    def __init__(self, tables: Tables, adjusted: dict[str, str]) -> None:
        self.parts: dict[tuple[str, date], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.covered: dict[tuple[str, date], int] = defaultdict(int)
        self.first = LAST
        rates = _rates(tables["billing", "fx_rates"])
        resolved = resolve_accounts(tables["crm", "accounts"])
        account_of = {
            row.customer_id: resolved.get(row.account_id, UNASSIGNED)
            for row in tables["billing", "customers"].itertuples()
        }
        charges = tables["billing", "subscription_charges"]
        plans = tables["billing", "plans"].query("charge_type == 'recurring'")
        recurring = charges.merge(plans, on="plan_id")
        interval_of = recurring.set_index("subscription_id").billing_interval.to_dict()
        discount_of = charges.groupby("subscription_id").discount_pct.max().to_dict()
        for row in tables["billing", "invoices"].itertuples():
            account = account_of.get(row.customer_id, UNASSIGNED)
            if row.status in ("void", "draft") or account is None:
                continue
            tax = 0 if pd.isna(row.tax_amount) else row.tax_amount
            net = Fraction(Decimal(f"{row.amount_due - tax:.2f}"))
            issued = _date(row.issued_at)
            booked = rates(row.currency, issued.replace(day=1))
            if row.invoice_type != "recurring":
                key = account, issued.replace(day=1)
                part = "credited" if row.invoice_type == "credit" else "one_off"
                self._add(key, "invoiced", to_cents(net * booked))
                self._add(key, part, to_cents(net * booked))
                continue
            start = _date(row.service_start) or issued
            interval = interval_of[row.subscription_id]
            months = MONTHS[interval] if interval != "week" else Fraction(1)
            end = _date(row.service_end)
            if end is not None and (end - start).days == 7:
                months = MONTHS["week"]
            if end is None:
                end = (pd.Timestamp(start) + pd.DateOffset(months=int(months))).date()
            case = adjusted.get(row.invoice_id)
            for month in _months_covered(start, end):
                key = account, month
                local = net / months
                share = to_cents(local * booked)
                today = to_cents(local * rates(row.currency, month))
                self._add(key, "invoiced", share)
                self._add(key, "currency", share - today)
                self.covered[key] += case != "billed twice"
                if case == "billed twice":
                    self._add(key, "billed_twice", today)
                if case == "billed at list price":
                    off = Fraction(int(discount_of[row.subscription_id]), 100)
                    real = to_cents(local * (1 - off) * rates(row.currency, month))
                    self._add(key, "list_price", today - real)

    def _add(self, key: tuple[str, date], part: str, cents: int) -> None:
        self.parts[key][part] += cents
        self.first = min(self.first, key[1])


def _months_covered(start: date, end: date) -> Iterator[date]:
    month = start.replace(day=1)
    while (month_end := next_month(month) - timedelta(days=1)) < end and month_end <= LAST:
        if month_end >= start:
            yield month
        month = next_month(month)


def _money(cents: int) -> str:
    return f"{cents / 100:.2f}"


# What is wrong with the CRM's ARR of the accounts that are written by hand.
SCRIPTED_ARR = {
    "three years paid at once": "missing_in_crm",
    "past due beyond ninety days": "timing",
    "one-time and usage charges": "one_off",
    "holding without a contract": "missing_in_billing",
}


def arr_rows(account_of_scenario: dict[str, str], misstated: dict[str, str]) -> list[tuple]:
    """Account and the reason why its ARR in the CRM is not that of billing, as planted."""
    scripted = {account_of_scenario[scenario]: reason for scenario, reason in SCRIPTED_ARR.items()}
    planted = {**misstated, **scripted, UNASSIGNED: "missing_in_crm"}
    return sorted(planted.items())
