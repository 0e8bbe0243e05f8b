"""What became of every contract term, and what was forecast, told from the clean tables.

A term is followed day by day: the first day after its end on which something is charged decides.
Independent of the dbt models and of the reference seeds: the numbers below are the rules.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd

from .settings import LAST_DAY
from .truth import (
    COUNTED,
    MONTHS,
    UNASSIGNED,
    _date,
    _rates,
    accounts_of_subscriptions,
    resolve_accounts,
    to_cents,
)

GRACE = EARLY = timedelta(days=30)
DUE_SOON = timedelta(days=90)
SHARE_COUNTED = {
    "closed": Fraction(1),
    "commit": Fraction(1),
    "best_case": Fraction(1, 2),
    "pipeline": Fraction(1, 10),
    "omitted": Fraction(0),
}
HORIZONS = (90, 60, 30, 0)
TODAY = pd.Timestamp(LAST_DAY).date()
DAY = timedelta(days=1)


@dataclass
class Line:
    """One recurring charge: local amount a month, and the days it runs."""

    monthly: Fraction
    currency: str
    start: date
    end: date

    def runs_on(self, day: date) -> bool:
        return self.start <= day < self.end


@dataclass
class Term:
    """A contract term and what became of it; money in cents a month."""

    subscription: str
    account: str
    end: date
    agreed_end: date
    expiring: int
    renewed: int = 0
    begins: list[date] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    opportunity: str | None = None

    @property
    def key(self) -> str:
        return f"{self.subscription}|{self.end}"

    @property
    def is_decided(self) -> bool:
        return self.end + GRACE <= TODAY

    @property
    def outcome(self) -> str:
        if not self.is_decided:
            return ""
        if not self.renewed:
            return "not_renewed"
        if self.renewed < self.expiring:
            return "renewed_partly"
        if min(self.gaps) > 0:
            return "renewed_late"
        return "renewed_early" if min(self.begins) < self.agreed_end else "renewed_on_time"


class Billing:
    """The clean billing tables, asked by subscription and day."""

    def __init__(self, tables: dict[tuple[str, str], pd.DataFrame]) -> None:
        self.account_of = accounts_of_subscriptions(tables)
        self.rate = _rates(tables["billing", "fx_rates"])
        self.subscriptions = {row.subscription_id: row for row in _rows(tables, "subscriptions")}
        plans = {row.plan_id: row for row in _rows(tables, "plans")}
        self.lines: dict[str, list[Line]] = defaultdict(list)
        for charge in _rows(tables, "subscription_charges"):
            plan = plans.get(charge.plan_id)
            subscription = self.subscriptions.get(charge.subscription_id)
            if plan is None or plan.charge_type != "recurring" or subscription is None:
                continue
            if (
                subscription.status not in COUNTED
                or self.account_of[charge.subscription_id] is None
            ):
                continue
            discount = 0 if pd.isna(charge.discount_pct) else int(charge.discount_pct)
            price = Fraction(Decimal(f"{charge.unit_price:.2f}"))
            monthly = int(charge.quantity) * price * Fraction(100 - discount, 100)
            line = Line(
                monthly / MONTHS[plan.billing_interval],
                charge.currency,
                _date(charge.effective_from),
                _date(charge.effective_to) or self._stops(subscription) or date.max,
            )
            if monthly:
                self.lines[charge.subscription_id].append(line)

    @staticmethod
    def _stops(subscription) -> date | None:
        if subscription.status == "canceled":
            return _date(subscription.cancel_effective_at)
        return _date(subscription.term_end) if subscription.status == "expired" else None

    def worth(self, subscription: str, day: date, rate_month: date) -> int:
        return sum(
            to_cents(line.monthly * self.rate(line.currency, rate_month))
            for line in self.lines.get(subscription, [])
            if line.runs_on(day)
        )

    def first_day(self, subscription: str) -> date:
        return min(line.start for line in self.lines.get(subscription, []))

    def charged_from(self, subscription: str, end: date) -> date | None:
        """The first day from a term's end to the end of grace on which it is charged."""
        days = (end + number * DAY for number in range(GRACE.days + 1))
        return next(
            (
                day
                for day in days
                if any(line.runs_on(day) for line in self.lines.get(subscription, []))
            ),
            None,
        )


def _rows(tables: dict[tuple[str, str], pd.DataFrame], name: str):
    return tables["billing", name].itertuples()


def rate_month(term_end: date) -> date:
    return _month(min(term_end, TODAY))


def _month(day: date) -> date:
    return day.replace(day=1)


def follow_terms(tables: dict[tuple[str, str], pd.DataFrame]) -> list[Term]:
    """Every term, with its outcome."""
    billing = Billing(tables)
    terms = [term for key in billing.subscriptions for term in _terms_of(billing, key)]
    replaced_by = defaultdict(list)
    for key, row in billing.subscriptions.items():
        if not pd.isna(row.previous_subscription_id):
            replaced_by[row.previous_subscription_id].append(key)
    new: dict[str, list[Term]] = defaultdict(list)
    for term in terms:
        own = billing.charged_from(term.subscription, term.end)
        followers = [
            key for key in replaced_by[term.subscription] if billing.charged_from(key, term.end)
        ]
        if own:
            _credit(term, billing.worth(term.subscription, own, rate_month(term.end)), own, own)
        for key in followers:
            new[key].insert(0, term)
        if own or followers or term.account == UNASSIGNED:
            continue
        for key in billing.lines:
            same = billing.account_of.get(key) == term.account and key != term.subscription
            if same and term.end - EARLY <= billing.first_day(key) <= term.end + GRACE:
                new[key].append(term)
    for key, claimants in new.items():
        _share_out(billing, key, claimants)
    return sorted(terms, key=lambda term: term.key)


def _credit(term: Term, cents: int, charged_from: date, begins: date) -> None:
    if cents:
        term.renewed += cents
        term.gaps.append((charged_from - term.end).days)
        term.begins.append(begins)


def _terms_of(billing: Billing, key: str) -> list[Term]:
    row = billing.subscriptions[key]
    if pd.isna(row.term_end) or key not in billing.lines or _date(row.signed_at) > TODAY:
        return []
    last = max(line.end for line in billing.lines[key])
    start, first_end = pd.Timestamp(row.term_start), pd.Timestamp(row.term_end)
    months = (first_end.year - start.year) * 12 + first_end.month - start.month
    terms, number = [], 0
    while True:
        agreed = (first_end + pd.DateOffset(months=months * number)).date()
        end = agreed
        if not pd.isna(row.canceled_at):
            end = min(agreed, max(last, _date(row.cancel_effective_at) or last))
        expiring = billing.worth(key, end - DAY, rate_month(end))
        if expiring:
            terms.append(Term(key, billing.account_of[key], end, agreed, expiring))
        number += 1
        if not (row.auto_renew and months and agreed <= TODAY and agreed < last):
            return terms


def _share_out(billing: Billing, key: str, claimants: list[Term]) -> None:
    """What replaces several terms is there once: the first is served first, and takes the rest."""
    first, left = claimants[0], None
    for term in claimants:
        begins = billing.charged_from(key, term.end)
        left = billing.worth(key, begins, rate_month(term.end)) if left is None else left
        part = min(left, term.expiring)
        left -= part
        _credit(term, part, begins, billing.first_day(key))
    first.renewed += left


def match_opportunities(
    terms: list[Term], opportunities: pd.DataFrame, lost_links: dict[str, str]
) -> dict[str, Term]:
    """Opportunity → the term it is about: of its subscription, the one nearest to closing."""
    of_subscription = defaultdict(list)
    for term in terms:
        of_subscription[term.subscription].append(term)
    found, distance = {}, {}
    for row in opportunities[opportunities.type == "renewal"].itertuples():
        link = lost_links.get(row.opportunity_id, row.subscription_id)
        for term in of_subscription[link]:
            apart = abs((_date(row.close_date) - term.end).days)
            if apart < distance.get(row.opportunity_id, 10_000):
                found[row.opportunity_id], distance[row.opportunity_id] = term, apart
    for key in sorted(found, key=lambda name: -distance[name]):
        found[key].opportunity = key
    return found


def renewal_rows(
    tables: dict[tuple[str, str], pd.DataFrame],
    planted: dict[str, str],
    lost_links: dict[str, str],
) -> list[tuple]:
    terms = follow_terms(tables)
    match_opportunities(terms, tables["crm", "opportunities"], lost_links)
    record = {row.opportunity_id: row for row in tables["crm", "opportunities"].itertuples()}
    rows = []
    for term in terms:
        opportunity = record.get(term.opportunity)
        fields = ("risk_status", "close_plan", "owner_id")
        is_hygienic = opportunity is not None and not any(
            pd.isna(getattr(opportunity, name)) for name in fields
        )
        rows.append(
            (
                term.key,
                term.account,
                term.agreed_end,
                term.opportunity or "",
                _annual(term.expiring),
                _annual(term.renewed) if term.is_decided else "",
                term.outcome,
                min(term.gaps) if term.is_decided and term.renewed else "",
                is_hygienic,
                TODAY < term.end <= TODAY + DUE_SOON,
                planted.get(term.subscription, "") if term.agreed_end <= TODAY else "",
            )
        )
    return rows


RENEWAL_COLUMNS = [
    "renewal_id",
    "account_id",
    "agreed_end_date",
    "opportunity_id",
    "expiring_arr",
    "renewed_arr",
    "outcome",
    "days_late",
    "is_hygienic",
    "is_due_within_90_days",
    "planted",
]


def _annual(cents: int) -> str:
    return f"{cents * 12 / 100:.2f}"


def forecast_rows(tables: dict[tuple[str, str], pd.DataFrame]) -> list[tuple]:
    """(renewal month, horizon, forecast ARR, renewed ARR or empty) wherever there is either."""
    terms = follow_terms(tables)
    rate = _rates(tables["billing", "fx_rates"])
    resolved = resolve_accounts(tables["crm", "accounts"])
    ends = defaultdict(list)
    for term in terms:
        ends[term.subscription].append(term.agreed_end)
    known = set(tables["billing", "subscriptions"].subscription_id)
    changes = defaultdict(list)
    for row in tables["crm", "opportunity_history"].itertuples():
        changes[row.opportunity_id].append(row)
    months = pd.date_range(
        min(term.end for term in terms).replace(day=1), max(term.end for term in terms), freq="MS"
    )
    forecast = {
        (month.date(), horizon): 0
        for month in months
        for horizon in HORIZONS
        if month.date() - timedelta(days=horizon) <= TODAY
    }
    is_there = {key for key in forecast if any(_month(term.end) == key[0] for term in terms)}
    renewals = tables["crm", "opportunities"].query("type == 'renewal'")
    for opportunity in renewals.itertuples():
        if opportunity.account_id in resolved and resolved[opportunity.account_id] is None:
            continue
        for month, horizon in forecast:
            cutoff = month - timedelta(days=horizon)
            past = [r for r in changes[opportunity.opportunity_id] if _date(r.changed_at) <= cutoff]
            if not past:
                continue
            said = max(past, key=lambda row: row.changed_at)
            closing = _date(said.close_date)
            about = (
                ends[opportunity.subscription_id] if opportunity.subscription_id in known else []
            )
            day = min(about, key=lambda end: abs((end - closing).days)) if about else closing
            if _month(day) == month:
                is_there.add((month, horizon))
                amount = Fraction(Decimal(f"{said.forecast_amount:.2f}"))
                counted = amount * SHARE_COUNTED[said.forecast_category]
                in_dollars = counted * rate(opportunity.currency, cutoff.replace(day=1))
                forecast[month, horizon] += to_cents(in_dollars)
    rows = []
    for month, horizon in sorted(is_there):
        cents = forecast[month, horizon]
        last_end = (pd.Timestamp(month) + pd.offsets.MonthEnd(0)).date()
        ended = [term.renewed for term in terms if _month(term.end) == month]
        actual = f"{sum(ended) * 12 / 100:.2f}" if last_end + GRACE <= TODAY else ""
        rows.append((month, horizon, f"{cents / 100:.2f}", actual))
    return rows
