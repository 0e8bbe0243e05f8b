"""What is true of the demo company's onboarding and calls to action, from the clean tables.

Rules (metrics.md): days are whole days, a target or due date is met until its day ends, and what
happened after the last day isn't known. Independent of the dbt models: nothing here reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from .settings import LAST_DAY
from .success import TARGET_DAYS
from .truth import COUNTED, UNASSIGNED, _date, resolve_accounts

Tables = dict[tuple[str, str], pd.DataFrame]
Truth = tuple[list[str], list[tuple]]
LAST = pd.Timestamp(LAST_DAY).date()


def truth_tables(tables: Tables) -> dict[str, Truth]:
    """File name → header and rows."""
    return {
        "onboarding_projects": (PROJECT_COLUMNS, list(_projects(tables))),
        "ctas": (CTA_COLUMNS, list(_ctas(tables))),
    }


class AccountIds:
    """Which account an id stands for, and whether it is the company's own."""

    def __init__(self, tables: Tables) -> None:
        crm = tables["crm", "accounts"]
        self.resolved = resolve_accounts(crm)

    def of(self, account: str) -> tuple[str, bool]:
        """The account and whether it counts. An internal account stays itself."""
        survivor = self.resolved.get(account, UNASSIGNED)
        return (account, False) if survivor is None else (survivor, True)


def known(value: object) -> date | None:
    """The day of something that happened by the last day."""
    day = _date(value)
    return day if day is not None and day <= LAST else None


def signatures(tables: Tables) -> dict[str, list[date]]:
    """Account that counts → days on which contracts for recurring revenue were signed."""
    accounts = AccountIds(tables)
    plans = tables["billing", "plans"]
    recurring = set(plans.plan_id[plans.charge_type == "recurring"])
    charges = tables["billing", "subscription_charges"]
    charges = charges[
        charges.plan_id.isin(recurring)
        & (charges.quantity > 0)
        & (charges.unit_price > 0)
        & ~(charges.discount_pct >= 100)
    ]
    charged = set(charges.subscription_id)
    subscriptions = tables["billing", "subscriptions"].merge(tables["billing", "customers"])
    found: dict[str, list[date]] = {}
    for row in subscriptions.itertuples():
        account, counts = accounts.of(row.account_id)
        if counts and row.status in COUNTED and row.subscription_id in charged:
            found.setdefault(account, []).append(_date(row.signed_at))
    return found


PROJECT_COLUMNS = [
    "project_id",
    "account_id",
    "path",
    "contract_closed_date",
    "started_date",
    "target_date",
    "completed_date",
    "cycle_time_days",
    "is_on_target",
    "is_open",
    "is_overdue",
    "is_counted",
]


def _projects(tables: Tables) -> Iterator[tuple]:
    accounts, signed = AccountIds(tables), signatures(tables)
    for row in tables["success", "onboarding_projects"].itertuples():
        account, counts = accounts.of(row.account_id)
        start, done = _date(row.started_at), known(row.completed_at)
        closed = max((day for day in signed.get(account, []) if day <= start), default=start)
        target = start + timedelta(TARGET_DAYS[row.path])
        is_open = done is None and row.status == "open"
        on_target: bool | str = done is not None and done <= target
        if is_open and target > LAST:
            on_target = ""
        yield (
            *(row.project_id, account, row.path, closed, start, target, done or ""),
            (done - closed).days if done else "",
            *(on_target, is_open, is_open and target <= LAST, counts),
        )


CTA_COLUMNS = [
    "cta_id",
    "account_id",
    "playbook_key",
    "created_date",
    "due_date",
    "closed_date",
    "outcome",
    "is_open",
    "is_due",
    "is_completed_within_sla",
    "is_counted",
]


def _ctas(tables: Tables) -> Iterator[tuple]:
    accounts = AccountIds(tables)
    sla_days = tables["success", "playbooks"].set_index("playbook_key").sla_days.to_dict()
    for row in tables["success", "ctas"].itertuples():
        created = known(row.created_at)
        if created is None:
            continue
        account, counts = accounts.of(row.account_id)
        due, closed = _date(row.due_at), known(row.closed_at)
        if due is None and row.playbook_key in sla_days:
            due = created + timedelta(int(sla_days[row.playbook_key]))
        is_due = due is not None and due <= LAST
        in_time: bool | str = ""
        if due is not None and (is_due or closed):
            in_time = closed is not None and closed <= due
        yield (
            *(row.cta_id, account, row.playbook_key, created, due or "", closed or ""),
            row.outcome if closed else "",
            *(closed is None, is_due, in_time, counts),
        )
