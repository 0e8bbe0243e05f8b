"""The many ways in which sources write the same value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

SPELLINGS = {
    "enterprise": ["Ent", "ENT ", "Enterprise"],
    "mid_market": ["Mid-Market", "MM", "midmarket"],
    "smb": ["SMB", "Small Business", " smb"],
    "basic": ["Basic", "BASIC"],
    "pro": ["Pro", "Professional"],
    "amer": ["AMER", "North America"],
    "emea": ["EMEA ", "Europe"],
    "apac": ["APAC"],
    "US": ["USA", "United States", "us"],
    "GB": ["UK", "United Kingdom"],
    "DE": ["Germany", "Deutschland", "de"],
    "FR": ["France"],
    "NL": ["Netherlands"],
    "CA": ["Canada"],
    "low": ["Low"],
    "normal": ["Normal", "medium"],
    "high": ["High", "HIGH"],
    "urgent": ["Urgent", "critical"],
    "true": ["TRUE", "yes", "1", "Y"],
    "false": ["FALSE", "no", "0", "N"],
    "value_realization": ["Value Realization"],
    "adoption": ["Adoption"],
    "canceled": ["cancelled", "Canceled"],
    "active": ["Active", "ACTIVE"],
    "USD": ["usd", "USD "],
    "EUR": ["eur"],
    "GBP": ["gbp"],
}
MISSING = ["N/A", "-", "null", "n/a", "NULL", "  ", "", "none"]


@dataclass(frozen=True)
class Notation:
    """Rewrite ``cells`` cells of a column in another notation of the same value."""

    column: str
    kind: str
    cells: int

    @property
    def of_missing(self) -> bool:
        return self.kind == "missing"

    def rewrite(self, value: str, nth: int) -> str:
        """The value in another notation; one that nobody can read, as it is."""
        try:
            return REWRITERS[self.kind](value, nth)
        except ValueError:
            return value


def _spelling(value: str, nth: int) -> str:
    ways = SPELLINGS.get(value, [value])
    return ways[nth % len(ways)]


def _missing(value: str, nth: int) -> str:
    return MISSING[nth % 6]


def _key(value: str, nth: int) -> str:
    return [f" {value}", f"{value} ", value.upper(), f"{value.upper()} "][nth % 4]


def _money(value: str, nth: int) -> str:
    amount = float(value)
    english = f"{amount:,.2f}"
    german = english.replace(",", "_").replace(".", ",").replace("_", ".")
    return [f"${english}", german, english][nth % 3]


def _plain_money(value: str, nth: int) -> str:
    """For amounts that may be in any currency: no dollar sign."""
    return _money(value, 1 + nth % 2)


def _date(value: str, nth: int) -> str:
    day = datetime.strptime(value, "%Y-%m-%d")
    ways = ["%Y/%m/%d", "%d.%m.%Y", "%d-%m-%Y", "%m/%d/%Y", "%Y%m%d"]
    if nth % 6 == 5:
        return f"{day:%b} {day.day}, {day.year}"
    return day.strftime(ways[nth % 6])


def _timestamp(value: str, nth: int) -> str:
    moment = datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")
    way = nth % 5
    if way == 0:
        return (moment + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+02:00")
    if way == 1:
        return (moment - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%S-05:00")
    if way == 2:
        return moment.strftime("%Y-%m-%d %H:%M:%S")
    if way == 3:
        return moment.strftime("%d.%m.%Y %H:%M:%S")
    return moment.strftime("%m/%d/%Y %H:%M:%S")


def _percent(value: str, nth: int) -> str:
    return [f"{value}%", f"{value}.0"][nth % 2]


REWRITERS: dict[str, Callable[[str, int], str]] = {
    "spelling": _spelling,
    "missing": _missing,
    "key": _key,
    "money": _money,
    "plain_money": _plain_money,
    "percent": _percent,
    "date": _date,
    "timestamp": _timestamp,
}

NOTATIONS: dict[tuple[str, str], list[Notation]] = {
    ("crm", "accounts"): [
        Notation("account_id", "key", 8),
        Notation("segment", "spelling", 40),
        Notation("billing_country", "spelling", 30),
        Notation("region", "spelling", 20),
        Notation("product_tier", "spelling", 16),
        Notation("lifecycle_stage", "spelling", 10),
        Notation("is_managed", "spelling", 30),
        Notation("is_deleted", "spelling", 20),
        Notation("parent_account_id", "missing", 40),
        Notation("renewal_date", "missing", 20),
        Notation("arr", "money", 24),
        Notation("customer_since", "date", 24),
        Notation("renewal_date", "date", 16),
        Notation("created_at", "timestamp", 15),
    ],
    ("crm", "account_history"): [
        Notation("account_id", "key", 12),
        Notation("changed_at", "timestamp", 30),
    ],
    ("crm", "contacts"): [
        Notation("account_id", "key", 15),
        Notation("left_at", "missing", 40),
        Notation("is_champion", "spelling", 40),
    ],
    ("crm", "opportunities"): [
        Notation("account_id", "key", 10),
        Notation("amount", "plain_money", 30),
        Notation("close_date", "date", 30),
        Notation("loss_reason", "missing", 20),
        Notation("is_won", "spelling", 20),
    ],
    ("crm", "activities"): [
        Notation("account_id", "key", 20),
        Notation("occurred_at", "timestamp", 60),
    ],
    ("billing", "customers"): [
        Notation("account_id", "key", 9),
        Notation("currency", "spelling", 6),
    ],
    ("billing", "subscriptions"): [
        Notation("subscription_id", "key", 6),
        Notation("customer_id", "key", 6),
        Notation("status", "spelling", 14),
        Notation("term_end", "missing", 20),
        Notation("cancel_reason", "missing", 20),
        Notation("term_start", "date", 18),
        Notation("auto_renew", "spelling", 20),
    ],
    ("billing", "subscription_charges"): [
        Notation("subscription_id", "key", 12),
        Notation("plan_id", "key", 8),
        Notation("unit_price", "plain_money", 45),
        Notation("discount_pct", "percent", 15),
        Notation("currency", "spelling", 20),
        Notation("effective_from", "date", 36),
        Notation("effective_to", "date", 24),
        Notation("effective_to", "missing", 30),
    ],
    ("billing", "invoices"): [
        Notation("customer_id", "key", 15),
        Notation("amount_due", "plain_money", 60),
        Notation("paid_at", "missing", 30),
        Notation("issued_at", "timestamp", 40),
    ],
    ("billing", "fx_rates"): [Notation("rate_date", "date", 12)],
    ("usage", "users"): [
        Notation("account_id", "key", 20),
        Notation("deactivated_at", "missing", 60),
    ],
    ("usage", "activity"): [
        Notation("account_id", "key", 120),
        Notation("product_user_id", "key", 120),
        Notation("activity_date", "date", 240),
    ],
    ("tickets", "tickets"): [
        Notation("account_id", "key", 30),
        Notation("priority", "spelling", 90),
        Notation("is_escalated", "spelling", 60),
        Notation("root_cause", "missing", 60),
        Notation("csat_score", "missing", 60),
        Notation("created_at", "timestamp", 80),
        Notation("solved_at", "timestamp", 60),
    ],
    ("tickets", "ticket_events"): [Notation("ticket_id", "key", 40)],
    ("surveys", "responses"): [
        Notation("account_id", "key", 15),
        Notation("comment", "missing", 50),
        Notation("sent_at", "timestamp", 30),
    ],
    ("success", "ctas"): [Notation("account_id", "key", 8), Notation("outcome", "missing", 8)],
}
