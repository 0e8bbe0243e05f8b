"""Which lifecycle stage each account truly was in, and which one its CSM put on record.

Rules: at each month's end the first of these that is true. Not in service yet: onboarding. Nothing
paid: churned. An open project, or the first thirty days without any, in the first year: onboarding.
The agreed term ends within ninety days and nothing is signed for later: renewal. First value
reached, or nobody knows, and nine of ten seats in use or an expansion open: expansion. First value
reached and a tenth of the seats in use, or nobody knows: value_realization. Else adoption.
Independent of the dbt models: nothing here reads them or their seeds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from .billing import at_time
from .settings import LAST_DAY, Settings
from .truth import COUNTED, UNASSIGNED, _date, next_month, unpaid_limits
from .truth_success import AccountIds, Tables

LAST = pd.Timestamp(LAST_DAY).date()
FOREVER = date.max
STAGES = ["onboarding", "adoption", "value_realization", "renewal", "expansion", "churned"]
MrrOfMonths = dict[tuple[str, date], tuple[int, int]]


@dataclass
class Charge:
    """Some recurring units; ``is_paid`` unless they are free."""

    subscription: str
    product: str
    quantity: int
    is_paid: bool
    signed: date | None
    start: date
    end: date
    suspended_after: date

    def is_in_force(self, day: date) -> bool:
        return self.start <= day < self.end and day <= self.suspended_after


@dataclass
class Term:
    """``end`` is when it ended, ``agreed`` when it was to end."""

    start: date
    end: date
    agreed: date


@dataclass
class Story:
    """What happened to one account, by the clean tables."""

    charges: list[Charge] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    projects: list[tuple[date, date]] = field(default_factory=list)
    expansions: list[tuple[date, date]] = field(default_factory=list)
    first_value: date = FOREVER
    active_users: dict[date, int] = field(default_factory=dict)

    @property
    def start(self) -> date:
        paid = [charge for charge in self.charges if charge.is_paid]
        days = [min(charge.signed or charge.start, charge.start) for charge in paid]
        return min(days, default=FOREVER)


@dataclass
class StageMonth:
    """An account at a month's end."""

    account: str
    day: date
    is_active: bool
    stage: str


def true_stages(tables: Tables, activity: pd.DataFrame, mrr: MrrOfMonths) -> list[StageMonth]:
    """Every account from its first contract on, at each month's end."""
    stories, recorded_from = _stories(tables, activity)
    months = []
    for account, story in sorted(stories.items()):
        month = story.start.replace(day=1) if story.start <= LAST else FOREVER
        while month <= LAST:
            day = next_month(month) - timedelta(1)
            cents = mrr.get((account, month), (0, 0))[0]
            stage = _stage(story, day, cents, is_usage_known=day >= recorded_from)
            months.append(StageMonth(account, day, cents > 0, stage))
            month = next_month(month)
    return months


def _stage(story: Story, day: date, cents: int, is_usage_known: bool) -> str:
    paid = [charge for charge in story.charges if charge.is_paid]
    if not any(charge.start <= day for charge in paid):
        return "onboarding"
    if cents <= 0:
        return "churned"
    age = (day - story.start).days
    started = [end for start, end in story.projects if start <= day]
    if age <= 365 and (any(end > day for end in started) or (not started and age <= 30)):
        return "onboarding"
    is_signed_ahead = any((c.signed or FOREVER) <= day < c.start for c in paid)
    ends = [term.agreed for term in story.terms if term.start <= day < term.end]
    if ends and (min(ends) - day).days <= 90 and not is_signed_ahead:
        return "renewal"
    seats: dict[str, int] = defaultdict(int)
    for charge in story.charges:
        if charge.is_in_force(day):
            seats[charge.product] += charge.quantity
    use = None
    if is_usage_known and any(seats.values()):
        use = 100 * story.active_users.get(day, 0) / max(seats.values())
    is_reached = True if story.first_value <= day else False if is_usage_known else None
    is_expanding = any(start <= day < end for start, end in story.expansions)
    if is_reached is not False and (is_expanding or (use is not None and use >= 90)):
        return "expansion"
    return "value_realization" if is_reached and (use is None or use >= 10) else "adoption"


def _stories(tables: Tables, activity: pd.DataFrame) -> tuple[dict[str, Story], date]:
    ids = AccountIds(tables)
    stories: dict[str, Story] = defaultdict(Story)

    def story(account: object) -> Story | None:
        survivor, counts = ids.of(str(account))
        return stories[survivor] if counts and survivor != UNASSIGNED else None

    _add_contracts(tables, story)
    for row in tables["success", "onboarding_projects"].itertuples():
        if row.status != "canceled" and (of := story(row.account_id)):
            of.projects.append((_date(row.started_at), _date(row.completed_at) or FOREVER))
    for row in tables["crm", "opportunities"].itertuples():
        if row.type == "expansion" and (of := story(row.account_id)):
            of.expansions.append((_date(row.created_at), _date(row.closed_at) or FOREVER))
    return stories, _add_use(tables, activity, story)


def _add_contracts(tables: Tables, story) -> None:
    plans = tables["billing", "plans"].set_index("plan_id")
    limits = unpaid_limits(tables)
    customers = tables["billing", "customers"]
    account_of = dict(zip(customers.customer_id, customers.account_id, strict=True))
    charges_of = {
        key: list(rows.itertuples())
        for key, rows in tables["billing", "subscription_charges"].groupby("subscription_id")
    }
    for row in tables["billing", "subscriptions"].itertuples():
        of = story(account_of.get(row.customer_id))
        if of is None or row.status not in COUNTED:
            continue
        charges = [
            Charge(
                subscription=row.subscription_id,
                product=plans.at[charge.plan_id, "product"],
                quantity=int(charge.quantity),
                is_paid=charge.unit_price > 0 and not charge.discount_pct >= 100,
                signed=_date(row.signed_at),
                start=_date(charge.effective_from),
                end=_date(charge.effective_to) or FOREVER,
                suspended_after=limits.get(row.subscription_id, FOREVER),
            )
            for charge in charges_of.get(row.subscription_id, [])
            if charge.plan_id in plans.index
            and plans.at[charge.plan_id, "charge_type"] == "recurring"
        ]
        of.charges += charges
        paid = [charge for charge in charges if charge.is_paid]
        if paid and _date(row.term_end):
            of.terms += _terms(row, paid)


def _terms(subscription, charges: list[Charge]) -> Iterator[Term]:
    """The first term, and those after it while a subscription renews itself and is charged."""
    start, first_end = _date(subscription.term_start), _date(subscription.term_end)
    charged_to = max(charge.end for charge in charges)
    months = (first_end.year - start.year) * 12 + first_end.month - start.month
    cancelled_to = FOREVER
    if _date(subscription.canceled_at) and _date(subscription.canceled_at) <= LAST:
        cancelled_to = max(_date(subscription.cancel_effective_at) or date.min, charged_to)
    number, agreed = 1, first_end
    while number == 1 or (start <= LAST and start < charged_to):
        yield Term(start, min(agreed, cancelled_to), agreed)
        if not subscription.auto_renew or months <= 0:
            return
        start = agreed
        agreed = (pd.Timestamp(first_end) + pd.DateOffset(months=months * number)).date()
        number += 1


def _add_use(tables: Tables, activity: pd.DataFrame, story) -> date:
    """First value and active users of each month's last 28 days; returns the first day of use."""
    features = tables["usage", "features"]
    qualifying = set(features.feature_key[features.is_qualifying.astype(bool)])
    use = activity.astype({"account_id": str, "feature_key": str, "product_user_id": str})
    first_values = use[use.feature_key == "sharing"].groupby("account_id").activity_date.min()
    for account, day in first_values.items():
        if of := story(account):
            of.first_value = min(of.first_value, _date(day))
    use = use[use.feature_key.isin(qualifying)]
    month_end = use.activity_date + pd.offsets.MonthEnd(0)
    recent = use[(month_end - use.activity_date).dt.days < 28].assign(month_end=month_end)
    users: dict[tuple[int, date], set[str]] = defaultdict(set)
    stories: dict[int, Story] = {}
    columns = ["account_id", "month_end", "product_user_id"]
    for account, day, user in recent[columns].drop_duplicates().itertuples(index=False):
        if of := story(account):
            stories[id(of)] = of
            users[id(of), _date(day)].add(user)
    for (key, day), names in users.items():
        stories[key].active_users[day] = len(names)
    return _date(use.activity_date.min())


# What the CRM has on record

SLOPPY = 0.35  # share of changes that a sloppy CSM gets wrong; the others one in ten


def recorded_changes(
    settings: Settings, stages: list[StageMonth], crm_accounts: pd.DataFrame
) -> pd.DataFrame:
    """Rows of the CRM's history: most changes in the month itself, some late, wrong or never."""
    rng = settings.stream("recorded stages")
    csm_of = dict(zip(crm_accounts.account_id, crm_accounts.csm_id, strict=True))
    sloppy = sorted(set(csm_of.values()))[1]
    changes = []
    before: dict[str, str] = {}
    for month in stages:
        if before.get(month.account) != month.stage:
            before[month.account] = month.stage
            days_before = int(rng.integers(0, min(month.day.day, 20)))
            changes.append([month.account, month.day - timedelta(days_before), month.stage])
    kept: list[list] = []
    for number, (account, day, stage) in enumerate(changes):
        later = changes[number + 1] if number + 1 < len(changes) else [None, FOREVER, ""]
        next_day = later[1] if later[0] == account else FOREVER
        chance = SLOPPY if csm_of[account] == sloppy else 0.1
        kind = rng.choice(["late", "wrong", "never"], p=[0.5, 0.25, 0.25])
        if rng.random() < chance:
            if kind == "never":
                continue
            if kind == "wrong":
                stage = str(rng.choice([other for other in STAGES if other != stage]))
            if kind == "late":
                day += timedelta(int(rng.integers(25, 75)))
        if day < min(next_day, LAST + timedelta(1)):
            kept.append([account, day, stage])
    frame = pd.DataFrame(kept, columns=["account_id", "changed_at", "new_value"])
    frame["field"] = "lifecycle_stage"
    frame["old_value"] = frame.groupby("account_id").new_value.shift(1)
    frame = frame[frame.old_value.fillna("") != frame.new_value].reset_index(drop=True)
    frame["changed_at"] = at_time(rng, frame.changed_at.to_numpy().astype("M8[D]"))
    return frame


def with_recorded_stages(tables: Tables, stages: list[StageMonth], changes: pd.DataFrame) -> Tables:
    """The CRM's tables with these changes instead of those of the accounts concerned."""
    history, accounts = tables["crm", "account_history"], tables["crm", "accounts"].copy()
    concerned = {month.account for month in stages}
    others = (history.field != "lifecycle_stage") | ~history.account_id.isin(concerned)
    history = pd.concat([history[others], changes[history.columns]], ignore_index=True)
    history = history.sort_values(["account_id", "changed_at", "field"], kind="stable")
    now = changes.drop_duplicates("account_id", keep="last").set_index("account_id").new_value
    accounts["lifecycle_stage"] = np.where(
        accounts.account_id.isin(concerned),
        accounts.account_id.map(now),
        accounts.lifecycle_stage,
    )
    return {
        **tables,
        ("crm", "account_history"): history.reset_index(drop=True),
        ("crm", "accounts"): accounts,
    }


COLUMNS = ["account_id", "observation_date", "is_active_customer", "recorded_stage"]
COLUMNS += ["derived_stage", "is_matching"]


def truth_rows(stages: list[StageMonth], changes: pd.DataFrame) -> Iterator[tuple]:
    """Both stages at every month's end."""
    records: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for row in changes.itertuples():
        records[row.account_id].append((_date(row.changed_at), row.new_value))
    for month in stages:
        known = [stage for day, stage in records[month.account] if day <= month.day]
        recorded = known[-1] if known else ""
        is_matching = recorded == month.stage
        yield (month.account, month.day, month.is_active, recorded, month.stage, is_matching)
