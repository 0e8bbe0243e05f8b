"""What people do to the amounts afterwards: credits, fees, tax, and the odd mistake."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from .accounts import Accounts
from .billing import Billing
from .scenarios import scenarios
from .settings import LAST_DAY, Settings
from .truth import MONTHS, charge_months, monthly_mrr

Tables = dict[tuple[str, str], pd.DataFrame]

# How many invoices become each case, in this order, one an account.
CASES = {
    "credited": 6,
    "billed twice": 3,
    "billed at list price": 3,
    "fee for training": 5,
    "with tax": 4,
    "next one drafted": 2,
}
FIRST_DAY = pd.Timestamp("2025-01-01")
TAX_PCT = 20
CREDIT_PCT = 15
FEE = 1_000.0


def adjust_invoices(settings: Settings, billing: Billing) -> dict[str, str]:
    """Change and add invoices in place; returns which case each of them is.

    Only invoices of simulated accounts that say which service they bill: those from 2025 on.
    """
    invoices = billing.invoices
    invoices["tax_amount"] = np.nan
    rng = settings.stream("billing adjustments")
    able = invoices[
        (invoices.status == "paid")
        & (invoices.issued_at >= FIRST_DAY)
        & invoices.invoice_id.str.match(r"in_\d+$")
    ]
    discounted = billing.subscription_charges.query("discount_pct > 0").subscription_id
    planted: dict[str, str] = {}
    added, touched = [], set()
    for case, count in CASES.items():
        rows = able[~able.customer_id.isin(touched)]
        if case == "billed at list price":
            rows = rows[rows.subscription_id.isin(set(discounted))]
        rows = rows.drop_duplicates("customer_id", keep="last")
        picked = np.sort(rng.permutation(np.array(rows.index))[:count])
        touched |= set(rows.customer_id[picked])
        for number in picked:
            row = invoices.loc[number]
            new = _adjusted(case, row, billing)
            planted[new["invoice_id"]] = case
            if new["invoice_id"] == row.invoice_id:
                invoices.loc[number, list(new)] = list(new.values())
            else:
                added.append({**row.to_dict(), **new})
    billing.invoices = pd.concat([invoices, pd.DataFrame(added)], ignore_index=True)
    return planted


def _adjusted(case: str, row: pd.Series, billing: Billing) -> dict:
    """The values that make the invoice, or a new one like it, the case."""
    later = row.issued_at + pd.Timedelta(days=3)
    is_new = {"invoice_id": row.invoice_id.replace("in_", "in_a"), "issued_at": later}
    once = {**is_new, "service_start": pd.NaT, "service_end": pd.NaT}
    if case == "credited":
        credit = -round(row.amount_due * CREDIT_PCT) / 100
        return {**once, "invoice_type": "credit", **_amount(credit)}
    if case == "billed twice":
        return is_new
    if case == "billed at list price":
        of_subscription = billing.subscription_charges.subscription_id == row.subscription_id
        discount = billing.subscription_charges[of_subscription].discount_pct.max()
        return {"invoice_id": row.invoice_id, **_amount(row.amount_due * 100 / (100 - discount))}
    if case == "fee for training":
        tax = FEE * TAX_PCT / 100
        return {**once, "invoice_type": "one_time", "tax_amount": tax, **_amount(FEE + tax)}
    if case == "with tax":
        tax = round(row.amount_due * TAX_PCT) / 100
        taxed = _amount(row.amount_due + tax)
        return {"invoice_id": row.invoice_id, "tax_amount": tax, **taxed}
    ends = pd.Timestamp(row.service_end)
    return {
        **is_new,
        **{"issued_at": later, "due_at": pd.NaT, "paid_at": pd.NaT, "status": "draft"},
        **{"amount_paid": 0.0, "service_start": ends, "service_end": pd.NaT},
    }


def _amount(amount: float) -> dict[str, float]:
    return {"amount_due": round(amount, 2), "amount_paid": round(amount, 2)}


def misstate_arr(settings: Settings, accounts: Accounts, tables: Tables) -> dict[str, str]:
    """Let sales get the ARR of some accounts wrong; returns the reason by account.

    Two accounts a reason, of those whose ARR would be another by 2 % at least.
    """
    crm = tables["crm", "accounts"]
    mrr = {key: now for key, (now, _) in monthly_mrr(charge_months(tables)).items()}
    last = pd.Timestamp(LAST_DAY).date().replace(day=1)
    now = _arr_of(mrr, last)
    wrong = {
        "currency": _arr_in_charges(tables, "net", is_converted=False),
        "discount": _arr_in_charges(tables, "list", is_converted=True),
        "timing": _arr_of(mrr, last.replace(month=last.month - 5)),
    }
    scripted = len(scenarios())
    rng = settings.stream("misstated ARR")
    planted: dict[str, str] = {}
    for reason, amounts in wrong.items():
        able = [
            account
            for account in accounts.ids[scripted:]
            if account not in planted
            and now.get(account)
            and amounts.get(account)
            and abs(amounts[account] / now[account] - 1) > 0.02
        ]
        for account in rng.permutation(able)[:2]:
            planted[account] = reason
            crm.loc[crm.account_id == account, "arr"] = amounts[account] / 100
    return planted


def _arr_of(mrr: dict[tuple[str, date], int], month: date) -> dict[str, int]:
    """ARR by account at the end of the month, in cents."""
    return {account: 12 * cents for (account, of_month), cents in mrr.items() if of_month == month}


def _arr_in_charges(tables: Tables, price: str, is_converted: bool) -> dict[str, int]:
    """ARR by account on the last day, in cents: at ``list`` or ``net`` price, in dollars or not."""
    charges = tables["billing", "subscription_charges"]
    charges = charges[
        (charges.effective_from <= LAST_DAY)
        & (charges.effective_to.isna() | (charges.effective_to > LAST_DAY))
    ]
    charges = charges.merge(tables["billing", "plans"], on="plan_id")
    charges = charges[charges.charge_type == "recurring"]
    charges = charges.merge(tables["billing", "subscriptions"], on="subscription_id")
    charges = charges.merge(
        tables["billing", "customers"], on="customer_id", suffixes=("", "_of_customer")
    )
    rates = tables["billing", "fx_rates"].drop_duplicates("currency", keep="last")
    to_usd = rates.set_index("currency").rate_to_usd
    yearly = charges.quantity * charges.unit_price * 1200
    yearly = yearly / charges.billing_interval.map({k: float(v) for k, v in MONTHS.items()})
    if price == "net":
        yearly = yearly * (1 - charges.discount_pct.fillna(0) / 100)
    if is_converted:
        yearly = yearly * charges.currency.map(to_usd)
    return yearly.groupby(charges.account_id).sum().round().astype(int).to_dict()
