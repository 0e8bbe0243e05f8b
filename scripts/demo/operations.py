"""What the operations team does: requests, dashboards and their use, incidents, automation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .settings import BURN_IN_MONTHS, LAST_DAY, Settings

DASHBOARDS = [
    ("portfolio_health", "Portfolio health", "core"),
    ("renewals", "Renewals", "core"),
    ("adoption", "Adoption", "core"),
    ("retention", "Retention", "core"),
    ("support_overview", "Support overview", "core"),
    ("csm_capacity", "CSM capacity", "core"),
    ("campaign_2024", "Campaign 2024", "other"),
    ("feature_launch", "Feature launch", "other"),
    ("partner_view", "Partner view", "other"),
]
AUTOMATIONS = [
    ("renewal_reminder", 9, 6.0),
    ("health_digest", 14, 4.5),
    ("ticket_routing", 30, 1.5),
    ("survey_sending", 12, 3.0),
]
TEAMS = np.array(["Customer Success", "Sales", "Product", "Finance"])
PROVIDERS = np.array(["Product", "Data Platform", "Finance", "Support"])


def requests_table(settings: Settings, staff: pd.DataFrame) -> pd.DataFrame:
    rng = settings.stream("requests")
    n = settings.months * 9
    days = (LAST_DAY - settings.first_day).astype(int)
    created = settings.first_day.astype("M8[s]") + np.sort(rng.integers(0, days * 86_400, n))
    priority = rng.choice(4, n, p=[0.1, 0.3, 0.4, 0.2])
    kind = rng.choice(["ad_hoc", "dashboard", "dashboard_served"], n, p=[0.32, 0.1, 0.58])
    first = created + np.rint(rng.exponential(8 * 3600, n)).astype("m8[s]")
    typical = np.array([1.6, 3.0, 7.0, 14.0])[priority] * 86_400
    done = first + np.rint(typical * np.exp(rng.normal(-0.3, 0.6, n))).astype("m8[s]")
    done = np.where(kind == "dashboard_served", first, done)
    now = LAST_DAY.astype("M8[s]") + 86_399
    nothing = np.datetime64("NaT", "s")
    delivered = np.where((done <= now) & (rng.random(n) < 0.985), done, nothing)
    people = staff[staff.team != "CS Operations"].email.to_numpy()
    return pd.DataFrame(
        {
            "request_id": np.char.mod("req_%05d", 1_001 + np.arange(n)).astype(object),
            "requester_email": people[rng.integers(0, len(people), n)],
            "team": TEAMS[rng.choice(4, n, p=[0.6, 0.2, 0.1, 0.1])].astype(object),
            "priority": np.array(["P1", "P2", "P3", "P4"])[priority].astype(object),
            "kind": kind.astype(object),
            "created_at": created,
            "first_response_at": np.where(first <= now, first, nothing),
            "delivered_at": delivered,
            "status": np.where(np.isnat(delivered), "open", "delivered").astype(object),
        }
    )


def dashboards_table(settings: Settings, staff: pd.DataFrame) -> pd.DataFrame:
    rng = settings.stream("dashboards")
    n = len(DASHBOARDS)
    documented = settings.first_day + rng.integers(0, 200, n)
    retired = np.full(n, np.datetime64("NaT"), dtype="M8[D]")
    retired[6] = settings.month_starts[-16]
    documented[8] = np.datetime64("NaT")
    owners = staff[staff.role == "ops"].email.to_numpy()
    return pd.DataFrame(
        {
            "dashboard_key": [row[0] for row in DASHBOARDS],
            "dashboard_name": [row[1] for row in DASHBOARDS],
            "owner_email": owners[np.arange(n) % len(owners)],
            "tier": [row[2] for row in DASHBOARDS],
            "documented_at": documented.astype("M8[s]") + 10 * 3600,
            "retired_at": retired.astype("M8[s]"),
        }
    )


def views_table(settings: Settings, staff: pd.DataFrame) -> pd.DataFrame:
    """Leaders look at core dashboards most months, the others sometimes."""
    rng = settings.stream("views")
    viewers = staff[staff.role.isin(["cs_leader", "cs_manager", "csm", "ops"])].head(24)
    eager = np.where(viewers.role.isin(["cs_leader", "cs_manager"]), 0.35, 0.22)
    months = settings.month_starts[BURN_IN_MONTHS:]
    chance = np.broadcast_to(
        eager[:, None, None], (len(viewers), len(months), len(DASHBOARDS))
    ) * np.where(np.arange(len(DASHBOARDS)) < 6, 1.0, 0.25)
    viewer, month, dashboard = np.nonzero(rng.random(chance.shape) < chance)
    at = months[month].astype("M8[s]") + rng.integers(0, 28 * 86_400, len(viewer))
    keys = np.array([row[0] for row in DASHBOARDS])
    frame = pd.DataFrame(
        {
            "dashboard_key": keys[dashboard].astype(object),
            "viewer_email": viewers.email.to_numpy()[viewer],
            "viewed_at": at,
        }
    )
    retired = (frame.dashboard_key == "campaign_2024") & (at >= settings.month_starts[-16])
    return frame[~retired].sort_values(["viewed_at", "viewer_email"]).reset_index(drop=True)


def incidents_table(settings: Settings) -> pd.DataFrame:
    rng = settings.stream("incidents")
    n = settings.months // 2
    days = (LAST_DAY - settings.first_day).astype(int) - 5
    started = settings.first_day.astype("M8[s]") + np.sort(rng.integers(0, days * 86_400, n))
    severity = rng.choice(["critical", "major", "minor"], n, p=[0.2, 0.35, 0.45])
    keys = np.array([row[0] for row in DASHBOARDS])
    return pd.DataFrame(
        {
            "incident_id": np.char.mod("inc_%04d", 101 + np.arange(n)).astype(object),
            "dashboard_key": keys[rng.integers(0, 6, n)].astype(object),
            "severity": severity.astype(object),
            "kind": rng.choice(["broken", "wrong", "late"], n).astype(object),
            "started_at": started,
            "resolved_at": started + rng.integers(1_800, 3 * 86_400, n),
        }
    )


def automation_table(settings: Settings) -> pd.DataFrame:
    """One row per automation and Monday; each began some months after the other."""
    rng = settings.stream("automation")
    frames = []
    for number, (key, usual, minutes) in enumerate(AUTOMATIONS):
        start = settings.month_starts[BURN_IN_MONTHS + number * 3]
        mondays = np.arange(start, LAST_DAY + 1)
        mondays = mondays[(mondays.astype(int) + 3) % 7 == 0]
        growth = np.linspace(0.7, 1.4, len(mondays))
        frames.append(
            pd.DataFrame(
                {
                    "automation_key": key,
                    "run_date": mondays,
                    "runs": rng.poisson(usual * growth),
                    "minutes_saved_per_run": minutes,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def dependencies_table(settings: Settings) -> pd.DataFrame:
    rng = settings.stream("dependencies")
    n = settings.months * 2
    days = (LAST_DAY - settings.first_day).astype(int) + 20
    due = settings.first_day + np.sort(rng.integers(20, days, n))
    delivered = due + np.rint(rng.normal(-4, 6, n)).astype(int)
    delivered = np.where(
        (delivered > LAST_DAY) | (rng.random(n) < 0.04), np.datetime64("NaT"), delivered
    )
    return pd.DataFrame(
        {
            "dependency_id": np.char.mod("dep_%04d", 201 + np.arange(n)).astype(object),
            "providing_team": PROVIDERS[rng.integers(0, 4, n)].astype(object),
            "description": rng.choice(
                ["new event tracking", "field in the CRM", "invoice export"], n
            ),
            "due_at": due.astype("M8[s]") + 17 * 3600,
            "delivered_at": delivered.astype("M8[s]") + 12 * 3600,
        }
    )
