"""What is true of the demo company's use of the product, worked out from the clean tables.

Rules (metrics.md): a month's users are those with an event in its last 28 days; a milestone is
reached on the day of the last different user or feature that it takes; a plan contains what it
lists. Independent of the dbt models: nothing here reads them.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, timedelta

import pandas as pd

from .catalogue import FEATURES
from .contract import PROJECT
from .settings import LAST_DAY
from .truth import (
    COUNTED,
    UNASSIGNED,
    accounts_of_subscriptions,
    charge_months,
    next_month,
    resolve_accounts,
    unpaid_limits,
)

Tables = dict[tuple[str, str], pd.DataFrame]
Truth = dict[str, tuple[list[str], list[tuple]]]
STAGE = {feature[0]: feature[3] for feature in FEATURES}
CORE = {feature[0] for feature in FEATURES if feature[4]}
QUALIFYING = {feature[0] for feature in FEATURES if feature[5]}
LAST = pd.Timestamp(LAST_DAY).date()
# Stands for all accounts but the company's own.
EVERYBODY = "everybody"


def truth_tables(tables: Tables) -> Truth:
    """Header and rows of each file of truth, by its name.

    Of the activity, ``tables`` holds the odd rows too.
    """
    used = _resolved(tables, tables["usage", "activity"])
    return {
        "stage_users": (
            ["account_id", "month_start", "product_stage", "users"],
            stage_users(tables, used),
        ),
        "core_features": (
            ["account_id", "month_start", "contained", "used"],
            core_features(tables, used),
        ),
        "milestones": (
            [
                "account_id",
                "milestone",
                "started_date",
                "reached_date",
                "is_reached_within_target",
            ],
            milestones(tables, used),
        ),
    }


def _resolved(tables: Tables, activity: pd.DataFrame) -> pd.DataFrame:
    """The kept rows up to the last day, under the accounts that survived."""
    accounts = resolve_accounts(tables["crm", "accounts"])
    days = pd.to_datetime(activity.activity_date)
    return pd.DataFrame(
        {
            "user": activity.product_user_id,
            "account": [
                accounts.get(account, UNASSIGNED) or account for account in activity.account_id
            ],
            "feature": activity.feature_key,
            "day": days.dt.date,
            "month": days.dt.to_period("M").dt.start_time.dt.date,
            "is_recent": (days + pd.offsets.MonthEnd(0) - days).dt.days < 28,
        }
    )[days.dt.date <= LAST]


def stage_users(tables: Tables, used: pd.DataFrame) -> list[tuple]:
    """Distinct users by account, month and stage, and of everybody."""
    internal = {a for a, stays in resolve_accounts(tables["crm", "accounts"]).items() if not stays}
    users: dict[tuple, set[str]] = defaultdict(set)
    for row in used[used.is_recent].itertuples():
        users[row.account, row.month, STAGE[row.feature]].add(row.user)
        if row.account not in internal:
            users[EVERYBODY, row.month, STAGE[row.feature]].add(row.user)
    return [(*key, len(found)) for key, found in sorted(users.items())]


def core_features(tables: Tables, used: pd.DataFrame) -> list[tuple]:
    """Core features that each customer's plans contain at a month's end, and those it used."""
    plans = tables["billing", "plans"].set_index("plan_id")
    listed = {
        plan: CORE & set(features.split(";"))
        for plan, features in plans.included_features.fillna("").items()
    }
    status = tables["billing", "subscriptions"].set_index("subscription_id").status
    accounts, limits = accounts_of_subscriptions(tables), unpaid_limits(tables)
    pays = {(row.account, row.month) for row in charge_months(tables) if row.cents}
    months = [(month, next_month(month) - timedelta(days=1)) for month in used.month.unique()]
    recent = used[used.is_recent]
    seen = set(zip(recent.account, recent.month, recent.feature, strict=True))
    contained: dict[tuple, set[str]] = defaultdict(set)
    for charge in tables["billing", "subscription_charges"].itertuples():
        account = accounts.get(charge.subscription_id, UNASSIGNED)
        if charge.plan_id not in plans.index or account in (None, UNASSIGNED):
            continue
        plan = plans.loc[charge.plan_id]
        if plan.charge_type != "recurring" or status.get(charge.subscription_id) not in COUNTED:
            continue
        for month, last in months:
            in_force = charge.effective_from.date() <= last and (
                pd.isna(charge.effective_to) or last < charge.effective_to.date()
            )
            if in_force and last <= limits.get(charge.subscription_id, last):
                contained[account, month] |= listed[charge.plan_id]
    return [
        (
            account,
            month,
            len(features),
            sum((account, month, feature) in seen for feature in features),
        )
        for (account, month), features in sorted(contained.items())
        if features and (account, month) in pays
    ]


def contract_starts(tables: Tables) -> dict[str, date]:
    """Day of each account's first signature or first day of service that is paid for."""
    plans = tables["billing", "plans"].set_index("plan_id")
    subscriptions = tables["billing", "subscriptions"].set_index("subscription_id")
    accounts = accounts_of_subscriptions(tables)
    starts: dict[str, date] = {}
    for charge in tables["billing", "subscription_charges"].itertuples():
        account = accounts.get(charge.subscription_id, UNASSIGNED)
        if account in (None, UNASSIGNED) or charge.plan_id not in plans.index:
            continue
        subscription = subscriptions.loc[charge.subscription_id]
        is_recurring = plans.at[charge.plan_id, "charge_type"] == "recurring"
        is_free = not charge.unit_price or charge.discount_pct == 100
        if not is_recurring or subscription.status not in COUNTED or is_free:
            continue
        days = [charge.effective_from.date()]
        if not pd.isna(subscription.signed_at):
            days.append(pd.Timestamp(subscription.signed_at).date())
        starts[account] = min([*days, starts.get(account, LAST)])
    return {account: start for account, start in starts.items() if start <= LAST}


def milestones(tables: Tables, used: pd.DataFrame) -> list[tuple]:
    """When each account reached each milestone; in time or not only where usage tells."""
    with (PROJECT / "seeds/reference/adoption_milestones.csv").open(encoding="utf-8") as lines:
        listed = list(csv.DictReader(lines))
    scopes = {"qualifying": QUALIFYING, "core": CORE}
    by_account = dict(list(used.sort_values("day").groupby("account")))
    measured_from = used.day.min()
    found = []
    for account, start in sorted(contract_starts(tables).items()):
        rows = by_account.get(account, used.iloc[:0])
        for milestone in listed:
            scope = scopes.get(milestone["scope"], {milestone["feature_key"]})
            column = {"users": "user", "features": "feature"}[milestone["counted"]]
            first = rows[rows.feature.isin(scope)].drop_duplicates(column).day
            threshold = int(milestone["threshold"])
            reached = first.iloc[threshold - 1] if len(first) >= threshold else None
            target = start + timedelta(days=int(milestone["target_days"]))
            in_time: object = ""
            if start >= measured_from and (reached is not None or target <= LAST):
                in_time = "true" if reached is not None and reached <= target else "false"
            found.append((account, milestone["milestone"], start, reached or "", in_time))
    return found
