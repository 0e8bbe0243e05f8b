"""What is true of the demo company's tickets, worked out from the clean tables.

Rules (metrics.md): only public replies count; a service level is that of the priority a ticket came
in with, in business time where the policy says so; an escalation has seven days for its root cause
and resolution. Independent of the dbt models: nothing here reads them.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from functools import cache

import pandas as pd

from .contract import PROJECT
from .settings import LAST_DAY
from .support import sla_policies
from .truth import UNASSIGNED, resolve_accounts

Tables = dict[tuple[str, str], pd.DataFrame]
END = datetime.combine(pd.Timestamp(LAST_DAY).date() + timedelta(days=1), time())
EXCLUDED_TAGS = {"spam", "merged", "internal"}
SEVERE = {"high", "urgent"}
TICKETS = [
    "ticket_id",
    "account_id",
    "priority_at_creation",
    "first_replied_at",
    "first_reply_time_business_hours",
    "full_resolution_time_business_hours",
    "is_first_reply_sla_met",
    "is_resolution_sla_met",
]


def truth_tables(tables: Tables) -> dict[str, tuple[list[str], list[tuple]]]:
    """Header and rows of each file of truth, by its name."""
    tickets = tables["tickets", "tickets"].astype(object)
    tickets = tickets.where(tickets.notna(), None)
    accounts = resolve_accounts(tables["crm", "accounts"])
    # An internal account stays itself.
    tickets["account"] = [accounts.get(a, UNASSIGNED) or a for a in tickets.account_id]
    tickets["is_counted"] = [
        tags not in EXCLUDED_TAGS and accounts.get(account, UNASSIGNED) is not None
        for tags, account in zip(tickets.tags, tickets.account_id, strict=True)
    ]
    log = _log(tables["tickets", "ticket_events"])
    return {
        "tickets": (TICKETS, [_ticket(row, log[row.ticket_id]) for row in tickets.itertuples()]),
        "escalations": (
            ["ticket_id", "instrumented_at", "is_instrumented_within_7_days"],
            [
                _escalation(row, log[row.ticket_id])
                for row in tickets.itertuples()
                if row.is_escalated
            ],
        ),
        "ticket_backlog": (
            ["account_id", "observation_date", "open_tickets", "open_severe", "open_escalated"],
            _backlog(tickets, log),
        ),
    }


Log = dict[str, list[tuple[datetime, str | None, str | None]]]


def _log(events: pd.DataFrame) -> dict[str, Log]:
    """Ticket → kind of event → moment, old and new value, in order."""
    log: dict[str, Log] = defaultdict(lambda: defaultdict(list))
    for row in events.sort_values("event_at").itertuples():
        old = None if pd.isna(row.old_value) else row.old_value
        log[row.ticket_id][row.event_type].append((row.event_at, old, row.new_value))
    return log


@cache
def _opening_hours() -> tuple[dict[int, tuple[time, time]], set[date]]:
    folder = PROJECT / "seeds" / "reference"
    with (folder / "business_hours.csv").open(encoding="utf-8") as lines:
        hours = {
            int(row["weekday"]): (
                time.fromisoformat(row["opens"]),
                time.fromisoformat(row["closes"]),
            )
            for row in csv.DictReader(lines)
        }
    with (folder / "holidays.csv").open(encoding="utf-8") as lines:
        holidays = {date.fromisoformat(row["holiday_date"]) for row in csv.DictReader(lines)}
    return hours, holidays


@cache
def _policies() -> dict:
    return {row.priority: row for row in sla_policies().itertuples()}


def business_seconds(start: datetime, end: datetime) -> float:
    """Seconds between two moments in which support is open, added up day by day."""
    hours, holidays = _opening_hours()
    total, day = 0.0, start.date()
    while day <= end.date():
        if day.isoweekday() in hours and day not in holidays:
            opens, closes = (datetime.combine(day, at) for at in hours[day.isoweekday()])
            total += max((min(end, closes) - max(start, opens)).total_seconds(), 0)
        day += timedelta(days=1)
    return total


def _first_priority(row, log: Log) -> str | None:
    changes = log["priority"]
    return (changes[0][1] or changes[0][2]) if changes else row.priority


def _ticket(row, log: Log) -> tuple:
    reply = next((at for at, _, new in log["reply"] if new == "public"), None)
    priority = _first_priority(row, log)
    policy = _policies()[priority]

    def taken(moment: datetime | None, business: bool) -> float | None:
        if moment is None:
            return None
        if business:
            return business_seconds(row.created_at, moment)
        return (moment - row.created_at).total_seconds()

    def hours(moment: datetime | None) -> str:
        seconds = taken(moment, True)
        return "" if seconds is None else f"{seconds / 3600:.4f}"

    def verdict(moment: datetime | None, minutes: int) -> str:
        seconds = taken(moment or END, policy.business_hours_only)
        if seconds > 60 * minutes:
            return "false"
        return "" if moment is None else "true"

    return (
        row.ticket_id,
        row.account,
        priority,
        reply or "",
        hours(reply),
        hours(row.solved_at),
        verdict(reply or row.solved_at, policy.first_reply_minutes),
        verdict(row.solved_at, policy.resolution_minutes),
    )


def _escalation(row, log: Log) -> tuple:
    """What the log doesn't date was set by the ticket's last update."""
    moments = [
        (log[kind][0][0] if log[kind] else row.updated_at) if getattr(row, kind) else None
        for kind in ("root_cause", "resolution_code")
    ]
    done = None if None in moments else max(moments)
    due = row.escalated_at + timedelta(days=7)
    in_time = "true" if done is not None and done <= due else "false" if due <= END else ""
    return row.ticket_id, done or "", in_time


def _backlog(tickets: pd.DataFrame, log: dict[str, Log]) -> list[tuple]:
    """Open tickets of each account at each month's end that has any."""
    found = []
    ends = [month.end_time for month in pd.period_range("2024-01", LAST_DAY, freq="M")]
    for account, group in tickets[tickets.is_counted].groupby("account"):
        rows = list(group.itertuples())
        for end in ends:
            still = [
                row
                for row in rows
                if row.created_at <= end and (row.solved_at is None or row.solved_at > end)
            ]
            if still:
                severe = sum(_priority_on(row, log[row.ticket_id], end) in SEVERE for row in still)
                escalated = sum(row.is_escalated and row.escalated_at <= end for row in still)
                found.append((account, end.date(), len(still), severe, escalated))
    return found


def _priority_on(row, log: Log, moment: datetime) -> str | None:
    priority = _first_priority(row, log)
    for at, _, new in log["priority"]:
        priority = new if at <= moment else priority
    return priority
