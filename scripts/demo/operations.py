"""What the operations team does: requests, dashboards and their use, incidents, automation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .settings import BURN_IN_MONTHS, LAST_DAY, Settings

# Key, name, tier, days since its documentation was last written (None: never), and months
# before the end in which it was retired (None: it is in use).
DASHBOARDS = [
    ("portfolio_health", "Portfolio health", "core", 41, None),
    ("renewals", "Renewals", "core", 364, None),
    ("adoption", "Adoption", "core", 365, None),
    ("retention", "Retention", "core", 366, None),
    ("support_overview", "Support overview", "core", 120, None),
    ("csm_capacity", "CSM capacity", "core", None, None),
    ("onboarding_2024", "Onboarding 2024", "core", 800, 10),
    ("campaign_2024", "Campaign 2024", "other", 790, 16),
    ("feature_launch", "Feature launch", "other", 743, None),
    ("partner_view", "Partner view", "other", None, None),
]
KEYS = np.array([row[0] for row in DASHBOARDS])
IS_CORE = np.array([row[2] == "core" for row in DASHBOARDS])
AUTOMATIONS = [
    ("renewal_reminder", 9, 6.0),
    ("health_digest", 14, 4.5),
    ("ticket_routing", 30, 1.5),
    ("survey_sending", 12, 3.0),
]
TEAMS = np.array(["Customer Success", "Sales", "Product", "Finance"])
PROVIDERS = np.array(["Product", "Data Platform", "Finance", "Support"])


def requests_table(settings: Settings, staff: pd.DataFrame) -> pd.DataFrame:
    """Most are answered in time; urgent ones get stuck at times, of late all; some withdrawn."""
    rng = settings.stream("requests")
    n = settings.months * 15
    days = (LAST_DAY - settings.first_day).astype(int)
    created = settings.first_day.astype("M8[s]") + np.sort(rng.integers(0, days * 86_400, n))
    priority = rng.choice(4, n, p=[0.1, 0.3, 0.4, 0.2])
    kind = rng.choice(["ad_hoc", "dashboard", "dashboard_served"], n, p=[0.32, 0.1, 0.58])
    is_served = kind == "dashboard_served"
    first = created + np.rint(rng.exponential(8 * 3600, n)).astype("m8[s]")
    typical = np.array([1.6, 3.0, 7.0, 14.0])[priority] * 86_400
    is_late = created > LAST_DAY.astype("M8[s]") - 60 * 86_400
    is_stuck = (priority <= 1) & ((rng.random(n) < 0.3) | is_late)
    typical = np.where(is_stuck, 6 * typical, typical)
    done = first + np.rint(typical * np.exp(rng.normal(-0.3, 0.6, n))).astype("m8[s]")
    done = np.where(is_served, first, done)
    now = LAST_DAY.astype("M8[s]") + 86_399
    nothing = np.datetime64("NaT", "s")
    is_withdrawn = ~is_served & (rng.random(n) < 0.05)
    delivered = np.where((done <= now) & ~is_withdrawn, done, nothing)
    status = np.where(np.isnat(delivered), "open", "delivered")
    status = np.where(is_withdrawn, rng.choice(["canceled", "declined"], n), status)
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
            "status": status.astype(object),
        }
    )


def dashboards_table(settings: Settings, staff: pd.DataFrame) -> pd.DataFrame:
    nothing = np.datetime64("NaT", "D")
    documented = [nothing if row[3] is None else LAST_DAY - row[3] for row in DASHBOARDS]
    owners = staff[staff.role == "ops"].email.to_numpy()
    return pd.DataFrame(
        {
            "dashboard_key": KEYS.astype(object),
            "dashboard_name": [row[1] for row in DASHBOARDS],
            "owner_email": owners[np.arange(len(DASHBOARDS)) % len(owners)],
            "tier": [row[2] for row in DASHBOARDS],
            "documented_at": np.array(documented, "M8[D]").astype("M8[s]") + 10 * 3600,
            "retired_at": _retired(settings).astype("M8[s]"),
        }
    )


def _retired(settings: Settings) -> np.ndarray:
    """First day without the dashboard, in the middle of a month; none for those in use."""
    months = settings.month_starts
    return np.array(
        [
            np.datetime64("NaT", "D") if row[4] is None else months[-row[4]] + 14
            for row in DASHBOARDS
        ]
    )


def views_table(settings: Settings, staff: pd.DataFrame) -> pd.DataFrame:
    """Everybody looks sometimes, leaders and managers more often.

    A leader has no time for the core dashboards in one month of five, and none has any while the
    company is on holiday.
    """
    rng = settings.stream("views")
    viewers = staff[staff.role.isin(["cs_leader", "cs_manager", "csm", "ops"])].head(24)
    eager = np.where(viewers.role.isin(["cs_leader", "cs_manager"]), 0.35, 0.22)
    months = settings.month_starts[BURN_IN_MONTHS:]
    chance = np.broadcast_to(
        eager[:, None, None], (len(viewers), len(months), len(DASHBOARDS))
    ) * np.where(IS_CORE, 1.0, 0.25)
    is_busy = rng.random((len(viewers), len(months))) < 0.2
    is_busy |= months == settings.month_starts[-11]
    is_busy &= (viewers.role == "cs_leader").to_numpy()[:, None]
    chance = np.where(is_busy[:, :, None] & IS_CORE, 0, chance)
    viewer, month, dashboard = np.nonzero(rng.random(chance.shape) < chance)
    at = months[month].astype("M8[s]") + rng.integers(0, 28 * 86_400, len(viewer))
    frame = pd.DataFrame(
        {
            "dashboard_key": KEYS[dashboard].astype(object),
            "viewer_email": viewers.email.to_numpy()[viewer],
            "viewed_at": at,
        }
    )
    is_gone = at >= _retired(settings)[dashboard]
    return frame[~is_gone].sort_values(["viewed_at", "viewer_email"]).reset_index(drop=True)


def incidents_table(settings: Settings) -> pd.DataFrame:
    """One a month on average, of the core dashboards; the last one goes on."""
    rng = settings.stream("incidents")
    n = settings.months
    days = (LAST_DAY - settings.first_day).astype(int) - 5
    started = settings.first_day.astype("M8[s]") + np.sort(rng.integers(0, days * 86_400, n))
    severity = rng.choice(["critical", "major", "minor"], n, p=[0.2, 0.35, 0.45])
    resolved = started + rng.integers(1_800, 3 * 86_400, n)
    resolved[-1] = np.datetime64("NaT")
    return pd.DataFrame(
        {
            "incident_id": np.char.mod("inc_%04d", 101 + np.arange(n)).astype(object),
            "dashboard_key": KEYS[IS_CORE][rng.integers(0, 6, n)].astype(object),
            "severity": severity.astype(object),
            "kind": rng.choice(["broken", "wrong", "late"], n).astype(object),
            "started_at": started,
            "resolved_at": resolved,
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
    n = settings.months * 3
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
