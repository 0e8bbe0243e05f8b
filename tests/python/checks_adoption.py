"""Milestones, stages, features and escalations, calculated a second time from the staged rows.

Segments are the CRM history replayed in Python; contract starts, seats and MRR are those of the
revenue domain's own checks.
"""

from datetime import date, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

import duckdb
import pandas as pd
from checks_domains import World, distinct
from checks_revenue import UNASSIGNED, Check, last_day, share

from scripts.project import ROOT

AS_OF = date(2026, 6, 30)
END = datetime(2026, 7, 1)


def tables(warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    world = World(warehouse)
    milestones = milestone_rows(world)
    return {
        "milestones_by_target": milestones[milestones.target <= AS_OF].assign(
            month=lambda rows: pd.to_datetime(rows.target).dt.to_period("M")
        ),
        "first_values": milestones[milestones.is_first_value & milestones.reached.notna()].assign(
            month=lambda rows: pd.to_datetime(rows.reached).dt.to_period("M")
        ),
        "stage_users": stage_users(world),
        "core_features": core_features(world),
        "escalations": escalation_rows(world),
    }


def uses(world: World) -> pd.DataFrame:
    """Every user, resolved account, feature and day with events, up to the as-of date."""
    rows = pd.DataFrame(
        world.rows(
            "select product_user_id, account_id, feature_key, activity_date "
            "from staging.stg_usage__activity "
            "where event_count > 0 and activity_date <= date '2026-06-30'"
        ),
        columns=["user", "account", "feature", "day"],
    )
    rows["account"] = rows.account.map(world.resolve)
    rows["day"] = pd.to_datetime(rows.day)
    return rows


def features(world: World) -> pd.DataFrame:
    return pd.DataFrame(
        world.rows(
            "select feature_key, product_stage, is_core, is_qualifying "
            "from staging.stg_usage__features"
        ),
        columns=["feature", "stage", "is_core", "is_qualifying"],
    ).set_index("feature")


def milestone_rows(world: World) -> pd.DataFrame:
    """Each milestone of each account that started since usage is recorded, found day by day."""
    used, known = uses(world), features(world)
    listed = pd.read_csv(ROOT / "seeds" / "reference" / "adoption_milestones.csv")
    wanted = {
        "qualifying": set(known.index[known.is_qualifying]),
        "core": set(known.index[known.is_core]),
    }
    began = used.day.min().date()
    starts = world.rows("select account_id, start_date from intermediate.int_account_starts_found")
    by_account = dict(list(used.sort_values("day").groupby("account")))
    found = []
    for account, start in starts:
        if account == UNASSIGNED or start < began:
            continue
        for milestone in listed.itertuples():
            scope = wanted.get(milestone.scope, {milestone.feature_key})
            seen: set[str] = set()
            reached = None
            for use in by_account.get(account, used.iloc[:0]).itertuples():
                if use.feature in scope:
                    seen.add(use.user if milestone.counted == "users" else use.feature)
                if len(seen) == milestone.threshold:
                    reached = use.day.date()
                    break
            target = start + timedelta(days=milestone.target_days)
            found.append(
                {
                    "account": account,
                    "milestone": milestone.milestone,
                    "is_first_value": milestone.is_first_value,
                    "target": target,
                    "reached": reached,
                    "days": None if reached is None else max((reached - start).days, 0),
                    "in_time": reached is not None and reached <= target,
                    "segment": world.segment(account, start),
                }
            )
    return pd.DataFrame(found)


def last_28_days(rows: pd.DataFrame) -> pd.DataFrame:
    month = rows.day.dt.to_period("M")
    left = (month.dt.end_time.dt.normalize() - rows.day).dt.days
    return rows.assign(month=month)[left < 28]


def stage_users(world: World) -> pd.DataFrame:
    """Users, accounts and stages of each month, without those of internal accounts."""
    used = last_28_days(uses(world)).join(features(world).stage, on="feature")
    used = used[~used.account.isin(world.internal)].copy()
    known = world.known_since()
    used["segment"] = [
        world.segment(account, last_day(month))
        if known.get(account, date.max) <= last_day(month)
        else None
        for account, month in zip(used.account, used.month, strict=True)
    ]
    return used


def core_features(world: World) -> pd.DataFrame:
    """The core features that each active customer's plans contain, and whether it used them."""
    core = set(features(world).query("is_core").index)
    contained = {
        plan: core & set(listed.split(";"))
        for plan, listed in world.rows(
            "select plan_id, included_features from staging.stg_billing__plans "
            "where included_features is not null"
        )
    }
    plans: dict[str, list[tuple[date, date, str]]] = {}
    for account, starts, ends, plan in world.paid_charges:
        plans.setdefault(account, []).append((starts, ends, plan))
    used = set(
        last_28_days(uses(world))[["account", "month", "feature"]].itertuples(
            index=False, name=None
        )
    )
    rows = []
    for account, month in world.mrr:
        last = last_day(month)
        if not world.pays(account, month) or month < world.usage.month.min():
            continue
        held = [
            contained.get(plan, set())
            for starts, ends, plan in plans.get(account, [])
            if starts <= last < ends
        ]
        rows += [
            {
                "account": account,
                "month": month,
                "used": (account, month, feature) in used,
                "segment": world.segment(account, last),
            }
            for feature in set().union(*held)
        ]
    return pd.DataFrame(rows)


def escalation_rows(world: World) -> pd.DataFrame:
    """Counted escalations that are seven days old, and whether they were instrumented by then."""
    logged: dict[tuple[str, str], datetime] = {}
    for ticket, kind, moment in world.rows(
        "select ticket_id, event_type, event_at from staging.stg_tickets__ticket_events "
        "where event_type in ('root_cause', 'resolution_code') and new_value is not null "
        "order by event_at desc"
    ):
        logged[ticket, kind] = moment
    rows = []
    for row in world.counted_tickets():
        escalated = row["escalated_at"] or row["created_at"]
        due = escalated + timedelta(days=7)
        if not row["is_escalated"] or escalated >= END or due > END:
            continue
        moments = [
            logged.get((row["ticket_id"], kind), row["updated_at"]) if row[kind] else None
            for kind in ("root_cause", "resolution_code")
        ]
        account = world.resolve(row["account_id"])
        rows.append(
            {
                "month": pd.Period(escalated, freq="M"),
                "segment": world.segment_when_opened(account, escalated.date()),
                "in_time": all(moment is not None and moment <= due for moment in moments),
            }
        )
    return pd.DataFrame(rows)


def median_of(column: str):
    def calculation(rows: pd.DataFrame, month: pd.Period) -> Any:
        values = rows[rows.month == month][column].tolist()
        return float(median(values)) if values else None

    return calculation


CHECKS: dict[str, Check] = {
    "smau": Check(partial(distinct, "user"), rows="stage_users"),
    "feature_breadth": Check(share(lambda rows: rows.used.sum(), len), rows="core_features"),
    "adoption_milestone_rate": Check(
        share(lambda rows: rows.in_time.sum(), len), rows="milestones_by_target"
    ),
    "time_to_first_value_days": Check(median_of("days"), rows="first_values"),
    "escalation_instrumentation": Check(
        share(lambda rows: rows.in_time.sum(), len), rows="escalations"
    ),
}
