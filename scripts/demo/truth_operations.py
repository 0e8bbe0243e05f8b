"""What is true of how the demo company's customer success works, from the clean tables.

Rules (metrics.md): ages are calendar days, times to delivery business days; from the first record
of a kind on, a month without any is 0. Independent of the dbt models: nothing here reads them.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd

from .contract import PROJECT
from .settings import LAST_DAY
from .truth import UNASSIGNED, _date, next_month, resolve_accounts

Tables = dict[tuple[str, str], pd.DataFrame]
Truth = tuple[list[str], list[tuple]]
Mrr = dict[tuple[str, date], tuple[int, int]]
Gaps = Iterable[tuple[str, str, str, str]]
LAST = pd.Timestamp(LAST_DAY).date()
LAST_MONTH = LAST.replace(day=1)
LIMITS = {"p1": 5, "p2": 15}
CURRENT_DAYS = 365
CRITICAL_FIELDS = ("renewal_date", "arr", "lifecycle_stage", "segment", "product_tier", "owner_id")


def truth_tables(tables: Tables, mrr: Mrr, gaps: Gaps) -> dict[str, Truth]:
    """File name → header and rows."""
    requests = list(_requests(tables))
    return {
        "operations_requests": (REQUEST_COLUMNS, requests),
        "operations_backlog": (
            ["month_start", "priority", "open_requests", "over_limit_requests"],
            list(_backlog(requests)),
        ),
        "operations_dashboard_usage": (
            ["month_start", "viewer_id", "dashboard_key", "views"],
            list(_leaders_views(tables)),
        ),
        "operations_incidents": (
            ["month_start", "incidents", "critical_incidents"],
            list(_incidents(tables)),
        ),
        "operations_automation": (
            ["automation_key", "run_date", "minutes_saved"],
            list(_automation(tables)),
        ),
        "operations_dependencies": (
            ["dependency_id", "providing_team", "due_date", "is_due", "is_delivered_on_time"],
            list(_dependencies(tables)),
        ),
        "operations_stakeholders": (
            ["month_start", "survey_month", "responses", "total_score"],
            list(_stakeholders(tables)),
        ),
        "operations_csm_accounts": (
            ["account_id", "month_start", "csm_id", "segment", "arr"],
            list(_csm_accounts(tables, mrr)),
        ),
        "operations_reconciliation": (
            ["account_id", "crm_arr", "billing_arr", "is_within_tolerance"],
            list(_reconciliation(tables, mrr)),
        ),
        "operations_field_completeness": (
            ["field", "segment", "filled", "expected"],
            list(_completeness(tables, mrr, gaps)),
        ),
        "operations_dashboards": (["dashboard_key", "is_documented"], list(_dashboards(tables))),
    }


def months_since(first: date) -> Iterator[tuple[date, date]]:
    """First and last day of every month from that of the date to the last closed one."""
    month = first.replace(day=1)
    while month <= LAST_MONTH:
        yield month, next_month(month) - timedelta(days=1)
        month = next_month(month)


def business_days(start: date, end: date) -> int:
    """Business days after the first day, up to and with the second."""
    with (PROJECT / "seeds" / "reference" / "holidays.csv").open() as file:
        holidays = [row["holiday_date"] for row in csv.DictReader(file)]
    day = timedelta(days=1)
    return int(np.busday_count(start + day, end + day, holidays=np.array(holidays, "M8[D]")))


REQUEST_COLUMNS = [
    "request_id",
    "priority",
    "kind",
    "created_date",
    "delivered_date",
    "business_days_to_delivery",
    "is_counted",
    "is_open",
    "is_over_limit",
]


def _requests(tables: Tables) -> Iterator[tuple]:
    for row in tables["ops", "requests"].itertuples():
        created, delivered = _date(row.created_at), _date(row.delivered_at)
        priority = row.priority.lower()
        is_open = row.status == "open"
        is_over = is_open and (LAST - created).days > LIMITS.get(priority, 10**6)
        days = "" if delivered is None else business_days(created, delivered)
        counts = row.status in ("open", "delivered")
        yield (
            *(row.request_id, priority, row.kind, created, delivered or "", days),
            *(counts, is_open, is_over),
        )


def _backlog(requests: list[tuple]) -> Iterator[tuple]:
    counted = [row[1:5] for row in requests if row[6]]
    for month, end in months_since(min(row[3] for row in requests)):
        for priority in ("p1", "p2", "p3", "p4"):
            ages = [
                (end - created).days
                for its, _, created, delivered in counted
                if its == priority and created <= end and not (delivered and delivered <= end)
            ]
            breaches = sum(age > LIMITS.get(priority, 10**6) for age in ages)
            yield month, priority, len(ages), breaches


def _leaders_views(tables: Tables) -> Iterator[tuple]:
    """Views of the core dashboards in use by each leader, months without any included."""
    views, dashboards = tables["ops", "dashboard_views"], tables["ops", "dashboards"]
    staff = tables["crm", "users"]
    counted = Counter(
        (row.viewer_email, row.dashboard_key, _date(row.viewed_at).replace(day=1))
        for row in views.itertuples()
    )
    for month, _ in months_since(min(month for *_, month in counted)):
        for leader in staff[staff.role == "cs_leader"].itertuples():
            for dashboard in dashboards[dashboards.tier == "core"].itertuples():
                retired = _date(dashboard.retired_at)
                if retired is None or retired > month:
                    key = dashboard.dashboard_key
                    yield month, leader.user_id, key, counted[leader.email, key, month]


def _incidents(tables: Tables) -> Iterator[tuple]:
    started = [
        (_date(row.started_at), row.severity) for row in tables["ops", "incidents"].itertuples()
    ]
    for month, end in months_since(min(started)[0]):
        severities = [severity for day, severity in started if month <= day <= end]
        yield month, len(severities), severities.count("critical")


def _automation(tables: Tables) -> Iterator[tuple]:
    for row in tables["ops", "automation_runs"].itertuples():
        tenths = int(row.runs) * round(row.minutes_saved_per_run * 10)
        yield row.automation_key, _date(row.run_date), f"{tenths // 10}.{tenths % 10}"


def _dependencies(tables: Tables) -> Iterator[tuple]:
    for row in tables["ops", "dependencies"].itertuples():
        due, delivered = _date(row.due_at), _date(row.delivered_at)
        is_due = due <= LAST
        on_time = (delivered is not None and delivered <= due) if is_due else ""
        yield row.dependency_id, row.providing_team, due, is_due, on_time


def _stakeholders(tables: Tables) -> Iterator[tuple]:
    """The latest survey at each month's end: all that was sent on one day."""
    responses = tables["surveys", "responses"]
    answered = responses[(responses.survey_type == "stakeholder") & responses.score.notna()]
    surveys = defaultdict(list)
    for row in answered.itertuples():
        surveys[_date(row.sent_at)].append((_date(row.responded_at), int(row.score)))
    for month, end in months_since(min(surveys)):
        known = {
            sent: scores
            for sent, answers in surveys.items()
            if (scores := [score for day, score in answers if day <= end])
        }
        if known:
            sent = max(known)
            yield month, sent.replace(day=1), len(known[sent]), sum(known[sent])


class History:
    """Attributes of accounts as they were on a day, replayed from the CRM's changes."""

    def __init__(self, tables: Tables) -> None:
        self.now = tables["crm", "accounts"].set_index("account_id")
        self.changes = defaultdict(list)
        for row in tables["crm", "account_history"].sort_values("changed_at").itertuples():
            self.changes[row.account_id, row.field].append(
                (_date(row.changed_at), row.old_value, row.new_value)
            )

    def on(self, account: str, field: str, day: date) -> str:
        changes = self.changes[account, field]
        if not changes:
            return self.now.at[account, field]
        past = [new for changed, _, new in changes if changed <= day]
        return past[-1] if past else changes[0][1]


def _csm_accounts(tables: Tables, mrr: Mrr) -> Iterator[tuple]:
    history = History(tables)
    for (account, month), (cents, _) in mrr.items():
        if account == UNASSIGNED or not cents:
            continue
        end = next_month(month) - timedelta(days=1)
        csm, segment = (history.on(account, field, end) for field in ("csm_id", "segment"))
        yield account, month, csm, segment, f"{12 * cents / 100:.2f}"


def _survivors(tables: Tables) -> pd.DataFrame:
    """The CRM's rows of customers: not merged away, deleted or the company's own."""
    crm = tables["crm", "accounts"]
    resolved = resolve_accounts(crm)
    return crm[[resolved[account] == account for account in crm.account_id]]


def _reconciliation(tables: Tables, mrr: Mrr) -> Iterator[tuple]:
    billed = {
        account: 12 * now for (account, month), (now, _) in mrr.items() if month == LAST_MONTH
    }
    recorded = {row.account_id: row.arr for row in _survivors(tables).itertuples()}
    for account in sorted(recorded.keys() | billed.keys()):
        arr, billing = recorded.get(account), billed.get(account, 0)
        crm = 0 if pd.isna(arr) else round(arr * 100)
        if crm or billing:
            agrees = 100 * abs(crm - billing) <= billing
            stated = "" if pd.isna(arr) else f"{crm / 100:.2f}"
            yield account, stated, f"{billing / 100:.2f}", agrees


def _completeness(tables: Tables, mrr: Mrr, gaps: Gaps) -> Iterator[tuple]:
    emptied = {(key, column) for *table, key, column in gaps if table == ["crm", "accounts"]}
    crm = _survivors(tables)
    pays = [mrr.get((account, LAST_MONTH), (0, 0))[0] > 0 for account in crm.account_id]
    for segment, rows in crm[pays].groupby("segment"):
        for field in CRITICAL_FIELDS:
            filled = [
                not pd.isna(row[field]) and (row.account_id, field) not in emptied
                for _, row in rows.iterrows()
            ]
            yield field, segment, sum(filled), len(rows)


def _dashboards(tables: Tables) -> Iterator[tuple]:
    for row in tables["ops", "dashboards"].itertuples():
        retired, documented = _date(row.retired_at), _date(row.documented_at)
        if row.tier == "core" and (retired is None or retired > LAST):
            yield (
                row.dashboard_key,
                documented is not None and (LAST - documented).days <= CURRENT_DAYS,
            )
