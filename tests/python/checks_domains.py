"""The adoption, support and health metrics, calculated a second time.

Usage and tickets come from the staged rows, one event at a time; MRR from the truth the demo was
made of, segments from the CRM history replayed in Python. The health score itself is worked out by
hand in its unit tests, so its metrics start from the scores of fct_health_scores.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import cached_property, partial
from statistics import median
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from checks_revenue import TRUTH, UNASSIGNED, Check, SegmentHistory, cents, last_day, ratio, share

from scripts.project import ROOT

Calculation = Callable[[pd.DataFrame, pd.Period], Any]


def tables(warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """What the checks calculate from, each row with the month and segment it counts under."""
    world = World(warehouse)
    tickets = world.tickets()
    return {
        "user_days": world.user_days(),
        "user_months": world.user_months(),
        "customer_months": world.customer_months(),
        "tickets_by_opening": tickets.assign(month=tickets.opened.dt.to_period("M")),
        "tickets_by_solution": tickets[tickets.solved.notna()].assign(
            month=lambda rows: rows.solved.dt.to_period("M")
        ),
        "open_tickets": world.open_tickets(tickets),
        "health_scores": world.health_scores(),
    }


class OpenHours:
    """The hours in which support is open, day by day."""

    def __init__(self) -> None:
        reference = ROOT / "seeds" / "reference"
        hours = pd.read_csv(reference / "business_hours.csv", dtype=str)
        holidays = pd.read_csv(reference / "holidays.csv", dtype=str)
        by_weekday = {
            int(row.weekday): (time.fromisoformat(row.opens), time.fromisoformat(row.closes))
            for row in hours.itertuples()
        }
        closed = {date.fromisoformat(day) for day in holidays.holiday_date}
        self.spans = {
            day: tuple(datetime.combine(day, at) for at in by_weekday[day.isoweekday()])
            for day in pd.date_range("2019-01-01", "2027-12-31").date
            if day.isoweekday() in by_weekday and day not in closed
        }

    def seconds(self, start: datetime, end: datetime) -> float:
        total, day, last = 0.0, start.date(), end.date()
        while day <= last:
            if day in self.spans:
                opens, closes = self.spans[day]
                total += max((min(end, closes) - max(start, opens)).total_seconds(), 0)
            day += timedelta(days=1)
        return total


class World:
    """Accounts, money and usage as the demo's raw data has them."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        self.warehouse = warehouse
        self.history = SegmentHistory(warehouse)
        self.survivors, self.internal = self._survivors()
        mrr = pd.read_csv(TRUTH / "monthly_mrr.csv", dtype=str)
        self.mrr = {
            (row.account_id, pd.Period(row.month_start, freq="M")): cents(row.mrr)
            for row in mrr.itertuples()
        }
        self.months = pd.period_range(
            min(month for _, month in self.mrr), max(month for _, month in self.mrr), freq="M"
        )
        self.usage = self._usage()

    def rows(self, sql: str) -> list[tuple]:
        return self.warehouse.execute(sql).fetchall()

    def _survivors(self) -> tuple[dict[str, str], set[str]]:
        accounts = {
            account: (parent, deleted, internal)
            for account, parent, deleted, internal in self.rows(
                "select account_id, parent_account_id, coalesce(is_deleted, false), "
                "coalesce(is_internal, false) from staging.stg_crm__accounts"
            )
        }

        def survivor(account: str | None) -> str:
            if account not in accounts:
                return UNASSIGNED
            parent, deleted, _ = accounts[account]
            return survivor(parent) if deleted else account

        survivors = {account: survivor(account) for account in accounts}
        return survivors, {
            account
            for account, stays in survivors.items()
            if stays in accounts and accounts[stays][2]
        }

    def resolve(self, account: str | None) -> str:
        return self.survivors.get(account, UNASSIGNED)

    def segment(self, account: str, day: date) -> str | None:
        return None if account == UNASSIGNED else self.history.segment(account, day)

    def pays(self, account: str, month: pd.Period) -> bool:
        return account != UNASSIGNED and self.mrr.get((account, month), 0) > 0

    def _usage(self) -> pd.DataFrame:
        """Users and the days on which they did something that qualifies."""
        usage = pd.DataFrame(
            self.rows(
                "select product_user_id, account_id, activity_date "
                "from staging.stg_usage__activity "
                "where event_count > 0 and activity_date <= date '2026-06-30' and feature_key in "
                "(select feature_key from staging.stg_usage__features where is_qualifying)"
            ),
            columns=["user", "account", "day"],
        )
        usage["account"] = usage.account.map(self.resolve)
        usage["day"] = pd.to_datetime(usage.day)
        usage["month"] = usage.day.dt.to_period("M")
        return usage.drop_duplicates()

    @cached_property
    def paid_spans(self) -> dict[str, list[tuple[date, date]]]:
        spans: dict[str, list[tuple[date, date]]] = {}
        for account, starts, ends, _ in self.paid_charges:
            spans.setdefault(account, []).append((starts, ends))
        return spans

    @cached_property
    def paid_charges(self) -> list[tuple[str, date, date, str]]:
        """Account, first day, day after the last and plan of each charge above zero.

        What is in arrears stops 90 days after its first invoice that is still unpaid was due.
        """
        stops = dict(
            self.rows(
                "select subscription_id, min(cast(due_at as date)) + 91 "
                "from staging.stg_billing__invoices "
                "join staging.stg_billing__subscriptions as subscriptions using (subscription_id) "
                "where subscriptions.status = 'past_due' and paid_at is null group by 1"
            )
        )
        charges = []
        for account, plan, subscription, starts, ends in self.rows(
            """
            select customers.account_id, plan_id, subscription_id, charges.effective_from,
                coalesce(
                    charges.effective_to,
                    case subscriptions.status
                        when 'canceled' then cast(subscriptions.cancel_effective_at as date)
                        when 'expired' then subscriptions.term_end
                    end,
                    date '9999-01-01'
                )
            from staging.stg_billing__subscription_charges as charges
            join staging.stg_billing__subscriptions as subscriptions using (subscription_id)
            join staging.stg_billing__customers as customers using (customer_id)
            join staging.stg_billing__plans as plans using (plan_id)
            where plans.charge_type = 'recurring'
                and subscriptions.status in ('active', 'past_due', 'canceled', 'expired')
                and quantity > 0 and unit_price > 0 and coalesce(discount_pct, 0) < 100
            """
        ):
            ends = min(ends, stops.get(subscription, ends))
            charges.append((self.resolve(account), starts, ends, plan))
        return charges

    def pays_on(self, account: str, day: date) -> bool:
        return (
            account != UNASSIGNED
            and account not in self.internal
            and any(starts <= day < ends for starts, ends in self.paid_spans.get(account, []))
        )

    def user_days(self) -> pd.DataFrame:
        """User days of paying accounts on the last day of each month that has any."""
        days = self.usage[["account", "day"]].drop_duplicates()
        paid = {
            (account, day)
            for account, day in days.itertuples(index=False)
            if self.pays_on(account, day.date())
        }
        usage = self.usage[
            [pair in paid for pair in zip(self.usage.account, self.usage.day, strict=True)]
        ]
        last = usage.groupby("month").day.transform("max")
        usage = usage[usage.day == last].copy()
        usage["segment"] = [
            self.segment(account, day.date())
            for account, day in zip(usage.account, usage.day, strict=True)
        ]
        return usage

    def user_months(self) -> pd.DataFrame:
        """Users of paying accounts with their active days among the month's last 28."""
        usage = self.usage
        days_left = (usage.month.dt.end_time.dt.normalize() - usage.day).dt.days
        recent = usage.assign(days_left=days_left)[days_left < 28]
        users = recent.groupby(["user", "account", "month"], as_index=False).agg(
            active_days=("day", "nunique"), days_left=("days_left", "min")
        )
        users["weekly"] = users.days_left < 7
        pays = [self.pays(a, m) for a, m in zip(users.account, users.month, strict=True)]
        users = users[pays].copy()
        users["segment"] = self.segments_at_month_end(users)
        return users

    def segments_at_month_end(self, rows: pd.DataFrame) -> list[str | None]:
        return [
            self.segment(account, last_day(month))
            for account, month in zip(rows.account, rows.month, strict=True)
        ]

    def customer_months(self) -> pd.DataFrame:
        """Active customers since usage is recorded: seats, users and weeks in use."""
        seats = {
            (account, pd.Period(month, freq="M")): paid
            for account, month, paid in self.rows(
                "select account_id, month_start, paid_seats from marts.fct_account_months"
            )
        }
        start = self.usage.month.min()
        rows = pd.DataFrame(
            [
                (account, month, seats[account, month])
                for account, month in self.mrr
                if self.pays(account, month)
            ],
            columns=["account", "month", "seats"],
        )
        days_left = (self.usage.month.dt.end_time.dt.normalize() - self.usage.day).dt.days
        recent = self.usage.assign(week=days_left // 7)[days_left < 28]
        by_account = recent.groupby(["account", "month"])
        users = by_account.user.nunique().rename("users")
        weeks = by_account.week.nunique().rename("weeks")
        rows = rows.join(users, on=["account", "month"]).join(weeks, on=["account", "month"])
        rows[["users", "weeks"]] = rows[["users", "weeks"]].fillna(0).astype(int)
        rows["measured"] = rows.month >= start
        rows["segment"] = self.segments_at_month_end(rows)
        return rows

    def counted_tickets(self) -> list[dict[str, Any]]:
        """Tickets created by the as-of date that are not spam, merged or internal."""
        exclusions = pd.read_csv(ROOT / "seeds" / "reference" / "ticket_exclusions.csv", dtype=str)
        excluded = set(zip(exclusions.field, exclusions.value, strict=True))
        tickets = self.warehouse.execute(
            "select * from staging.stg_tickets__tickets where created_at < timestamp '2026-07-01'"
        )
        names = [column[0] for column in tickets.description]
        counted = []
        for values in tickets.fetchall():
            row = dict(zip(names, values, strict=True))
            words = re.split(r"[,;| ]+", (row["tags"] or "").lower())
            fields = ("type", "status", "channel", "resolution_code")
            marks = {(field, row[field]) for field in fields} | {("tag", word) for word in words}
            if not marks & excluded and row["account_id"] not in self.internal:
                counted.append(row)
        return counted

    def tickets(self) -> pd.DataFrame:
        """Counted tickets as they stood on the as-of date."""
        policies = {
            priority: (60 * reply, 60 * solution, in_business_hours)
            for priority, reply, solution, in_business_hours in self.rows(
                "select priority, first_reply_minutes, resolution_minutes, business_hours_only "
                "from staging.stg_tickets__sla_policies"
            )
        }
        replies, first_priority = self.ticket_log()
        end = datetime(2026, 7, 1)
        open_hours = OpenHours()

        def known(moment: datetime | None) -> datetime | None:
            return moment if moment is not None and moment < end else None

        def taken(opened: datetime, moment: datetime | None, business: bool) -> float | None:
            if moment is None:
                return None
            if business:
                return open_hours.seconds(opened, moment)
            return (moment - opened).total_seconds()

        def hours(seconds: float | None) -> float | None:
            return None if seconds is None else seconds / 3600

        rows = []
        for row in self.counted_tickets():
            opened, solved = row["created_at"], known(row["solved_at"])
            reply = known(replies.get(row["ticket_id"], row["first_replied_at"]))

            met = None
            policy = policies.get(first_priority.get(row["ticket_id"], row["priority"]))
            if policy is not None:
                *limits, in_business_hours = policy
                waited = taken(opened, end, in_business_hours)
                verdicts = set()
                for moment, limit in zip((reply or solved, solved), limits, strict=True):
                    took = taken(opened, moment, in_business_hours)
                    late = (waited if took is None else took) > limit
                    verdicts.add(None if took is None and not late else not late)
                met = False if False in verdicts else None if None in verdicts else True
            account = self.resolve(row["account_id"])
            escalated = row["escalated_at"] or opened
            rows.append(
                {
                    "account": account,
                    "segment": self.segment_when_opened(account, opened.date()),
                    "opened": opened,
                    "solved": solved,
                    "reply_hours": hours(taken(opened, reply, False)),
                    "reply_business_hours": hours(taken(opened, reply, True)),
                    "solution_hours": hours(taken(opened, solved, False)),
                    "solution_business_hours": hours(taken(opened, solved, True)),
                    "sla_met": met,
                    "reopened": bool(row["reopened_count"]) and solved is not None,
                    "escalated": bool(row["is_escalated"]) and known(escalated) is not None,
                    "score": row["csat_score"] if solved else None,
                }
            )
        tickets = pd.DataFrame(rows)
        tickets["solved"] = pd.to_datetime(tickets.solved)
        return tickets

    def ticket_log(self) -> tuple[dict[str, datetime | None], dict[str, str | None]]:
        """First public reply of each ticket with logged replies; priority each came in with."""
        replies: dict[str, datetime | None] = {}
        priorities: dict[str, str | None] = {}
        for ticket, moment, kind, old, new in self.rows(
            "select ticket_id, event_at, event_type, old_value, new_value "
            "from staging.stg_tickets__ticket_events order by event_at, new_value"
        ):
            if kind == "priority":
                priorities.setdefault(ticket, old or new)
            elif kind == "reply":
                replies.setdefault(ticket, None)
                if new == "public" and replies[ticket] is None:
                    replies[ticket] = moment
        return replies, priorities

    def segment_when_opened(self, account: str, day: date) -> str | None:
        first = self.known_since().get(account)
        return self.segment(account, day) if first is not None and first <= day else None

    def known_since(self) -> dict[str, date]:
        if not hasattr(self, "_known_since"):
            self._known_since = dict(
                self.rows(
                    "select account_id, min(valid_from) from marts.dim_account_history group by 1"
                )
            )
        return self._known_since

    def open_tickets(self, tickets: pd.DataFrame) -> pd.DataFrame:
        """Tickets open at the end of each account-month; unknown before the first ticket of all."""
        spans: dict[str, list[tuple[pd.Timestamp, pd.Timestamp]]] = {}
        for ticket in tickets.itertuples():
            solved = pd.Timestamp.max if pd.isna(ticket.solved) else ticket.solved
            spans.setdefault(ticket.account, []).append((ticket.opened, solved))
        first = tickets.opened.min()
        rows = []
        for account, month in self.account_months():
            end = month.end_time
            count = None
            if end >= first:
                count = sum(opened <= end < solved for opened, solved in spans.get(account, []))
            rows.append((account, month, self.segment(account, end.date()), count))
        return pd.DataFrame(rows, columns=["account", "month", "segment", "open"]).astype(
            {"open": "Int64"}
        )

    def account_months(self) -> list[tuple[str, pd.Period]]:
        return [
            (account, pd.Period(month, freq="M"))
            for account, month in self.rows(
                "select account_id, month_start from marts.fct_account_months"
            )
        ]

    def health_scores(self) -> pd.DataFrame:
        """Champion scores at month ends, with MRR and segment from elsewhere."""
        scores = pd.DataFrame(
            self.rows(
                "select account_id, observation_date, score, final_band, has_required_inputs "
                "from marts.fct_health_scores where is_champion and period_type = 'month_end'"
            ),
            columns=["account", "day", "score", "band", "complete"],
        )
        scores["month"] = pd.to_datetime(scores.day).dt.to_period("M")
        scores["score"] = scores.score.astype(float)
        managed = dict(
            self.rows(
                "select account_id, coalesce(is_managed, csm_id is not null) "
                "from staging.stg_crm__accounts"
            )
        )
        scores["managed"] = [bool(managed[account]) for account in scores.account]
        scores["mrr"] = [
            self.mrr[account, month]
            for account, month in zip(scores.account, scores.month, strict=True)
        ]
        scores["segment"] = self.segments_at_month_end(scores)
        return scores


def distinct(column: str, rows: pd.DataFrame, month: pd.Period) -> int:
    return rows[rows.month == month][column].nunique()


def of_tickets(calculate: Callable[[list[float]], float], column: str) -> Calculation:
    """A statistic of one column over the month's tickets that have a value."""

    def calculation(rows: pd.DataFrame, month: pd.Period) -> float | None:
        values = rows[rows.month == month][column].dropna().round(4).tolist()
        return calculate(values) if values else None

    return calculation


def ninth_of_ten(values: list[float]) -> float:
    return float(np.percentile(values, 90))


def open_count(rows: pd.DataFrame, month: pd.Period) -> int | None:
    counts = rows[rows.month == month].open.dropna()
    return int(counts.sum()) if len(counts) else None


def average_users(rows: pd.DataFrame, month: pd.Period) -> float:
    return rows[rows.month == month].active_days.sum() / 28


def stickiness(rows: pd.DataFrame, month: pd.Period) -> float | None:
    return ratio(average_users(rows, month), distinct("user", rows, month))


def of_customers(column: Callable[[pd.DataFrame], float], base: Callable[[pd.DataFrame], float]):
    return share(lambda r: column(r[r.measured]), lambda r: base(r[r.measured]))


OPENING, SOLUTION, SCORES = "tickets_by_opening", "tickets_by_solution", "health_scores"

CHECKS: dict[str, Check] = {
    "daily_active_users": Check(partial(distinct, "user"), rows="user_days"),
    "weekly_active_users": Check(
        lambda rows, month: distinct("user", rows[rows.weekly], month), rows="user_months"
    ),
    "monthly_active_users": Check(partial(distinct, "user"), rows="user_months"),
    "average_daily_active_users": Check(average_users, rows="user_months"),
    "stickiness": Check(stickiness, rows="user_months"),
    "seat_utilization": Check(
        of_customers(lambda r: r.users.sum(), lambda r: r.seats.sum()), rows="customer_months"
    ),
    "active_account_rate": Check(
        of_customers(lambda r: (r.weeks == 4).sum(), len), rows="customer_months"
    ),
    "tickets_opened": Check(lambda rows, month: int((rows.month == month).sum()), rows=OPENING),
    "tickets_solved": Check(lambda rows, month: int((rows.month == month).sum()), rows=SOLUTION),
    "open_tickets": Check(open_count, rows="open_tickets"),
    "first_reply_time_hours": Check(of_tickets(median, "reply_hours"), rows=OPENING),
    "first_reply_time_hours_p90": Check(of_tickets(ninth_of_ten, "reply_hours"), rows=OPENING),
    "full_resolution_time_hours": Check(of_tickets(median, "solution_hours"), rows=SOLUTION),
    "full_resolution_time_hours_p90": Check(
        of_tickets(ninth_of_ten, "solution_hours"), rows=SOLUTION
    ),
    "first_reply_time_business_hours": Check(
        of_tickets(median, "reply_business_hours"), rows=OPENING
    ),
    "first_reply_time_business_hours_p90": Check(
        of_tickets(ninth_of_ten, "reply_business_hours"), rows=OPENING
    ),
    "full_resolution_time_business_hours": Check(
        of_tickets(median, "solution_business_hours"), rows=SOLUTION
    ),
    "full_resolution_time_business_hours_p90": Check(
        of_tickets(ninth_of_ten, "solution_business_hours"), rows=SOLUTION
    ),
    "sla_attainment": Check(
        share(lambda r: r.sla_met.eq(True).sum(), lambda r: r.sla_met.notna().sum()),
        rows=OPENING,
    ),
    "reopen_rate": Check(share(lambda r: r.reopened.sum(), len), rows=SOLUTION),
    "escalation_rate": Check(share(lambda r: r.escalated.sum(), len), rows=OPENING),
    "csat": Check(
        share(lambda r: (r.score >= 4).sum(), lambda r: r.score.notna().sum()), rows=SOLUTION
    ),
    "average_health_score": Check(
        share(lambda r: r.score.sum(), lambda r: r.score.notna().sum()), rows=SCORES
    ),
    "average_health_score_by_mrr": Check(
        share(lambda r: (r.score * r.mrr).sum(), lambda r: r.mrr[r.score.notna()].sum()),
        rows=SCORES,
    ),
    "health_score_coverage": Check(
        share(
            lambda r: (r.managed & r.complete & r.score.notna()).sum(), lambda r: r.managed.sum()
        ),
        rows=SCORES,
    ),
    "accounts_at_risk": Check(
        lambda rows, month: int(((rows.month == month) & (rows.band == "red")).sum()), rows=SCORES
    ),
}
