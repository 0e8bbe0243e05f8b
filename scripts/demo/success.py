"""The success platform's tables: playbooks and what was done because of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .accounts import Accounts
from .billing import at_time
from .contracts import Contracts
from .crm import csm_ids
from .quality import Quality
from .settings import BURN_IN_MONTHS, LAST_DAY, Settings

PLAYBOOKS = [
    ("usage_drop", "Usage dropped", "risk", 14),
    ("champion_left", "Champion left", "risk", 10),
    ("renewal_prep", "Prepare the renewal", "lifecycle", 30),
    ("seat_expansion", "Offer more seats", "expansion", 21),
    ("kickoff", "Kick-off", "onboarding", 7),
    ("health_recovery", "Recover a red account", "risk", 14),
    ("escalation_follow_up", "Follow up an escalation", "risk", 5),
    ("detractor_follow_up", "Answer a detractor", "risk", 5),
    ("onboarding_rescue", "Rescue an onboarding", "onboarding", 10),
]
REASONS = {
    "usage_drop": "active users fell by a third",
    "champion_left": "champion left the company",
    "renewal_prep": "term ends in 90 days",
    "seat_expansion": "nearly all seats in use",
    "kickoff": "new contract signed",
}
TARGET_DAYS = {"self_serve": 21, "guided": 45, "enterprise": 90}
PATHS = np.array(list(TARGET_DAYS))
OBJECTIVES = np.array(
    [
        "Replace spreadsheets",
        "Shorten month-end close",
        "Roll out to a second team",
        "Cut manual work",
    ]
)


def playbooks_table() -> pd.DataFrame:
    columns = ["playbook_key", "playbook_name", "category", "sla_days"]
    return pd.DataFrame(PLAYBOOKS, columns=columns)


def ctas_table(
    settings: Settings, accounts: Accounts, contracts: Contracts, quality: Quality
) -> pd.DataFrame:
    """Calls to action: each playbook has a trigger; CSMs act mostly in time."""
    rng = settings.stream("ctas")
    c, level = contracts, quality.level
    fell = np.zeros(level.shape, dtype=bool)
    fell[:, 3:] = (level[:, 3:] < -0.9) & (level[:, :-3] > level[:, 3:] + 0.8)
    periods = np.arange(settings.periods)
    first = np.where(c.active.any(axis=1), c.active.argmax(axis=1), settings.periods)
    to_go = accounts.term_months[:, None] - (periods - c.term_start)
    triggers = {
        "usage_drop": fell & (rng.random(level.shape) < 0.35),
        "champion_left": quality.champion_left,
        "renewal_prep": (accounts.term_months[:, None] > 0) & (to_go == 3),
        "seat_expansion": (level > 1.3) & (rng.random(level.shape) < 0.12),
        "kickoff": periods == first[:, None],
    }
    frames = []
    for key, _, category, sla_days in PLAYBOOKS:
        if key not in triggers:
            continue
        fires = triggers[key] & c.active
        fires[:, :BURN_IN_MONTHS] = False
        account, period = np.nonzero(fires)
        created = settings.date(period, accounts.billing_day[account]) + rng.integers(
            0, 3, len(account)
        )
        known = created <= LAST_DAY
        frames.append(_ctas(rng, accounts, key, category, sla_days, account[known], created[known]))
    frame = pd.concat(frames, ignore_index=True)
    frame = frame.sort_values(["created_at", "account_id"], kind="stable").reset_index(drop=True)
    ids = np.char.mod("cta_%07d", 90_001 + np.arange(len(frame))).astype(object)
    frame.insert(0, "cta_id", ids)
    return _with_odd_ctas(settings, frame)


def _with_odd_ctas(settings: Settings, frame: pd.DataFrame) -> pd.DataFrame:
    """Some calls without a due date of their own, and a few that are odd but right."""
    rng = settings.stream("odd ctas")
    undated = rng.choice(len(frame), len(frame) // 40, replace=False)
    frame.loc[undated, "due_at"] = np.datetime64("NaT")
    changes: list[dict[str, object]] = [
        # of an account that nobody knows; of a playbook that nobody knows
        {"account_id": "a999906"},
        {"playbook_key": "annual_review", "due_at": np.datetime64("NaT")},
        # closed, and created, after the last day
        {
            "created_at": np.datetime64("2026-06-20T09:00:00"),
            "due_at": np.datetime64("2026-07-04T00:00:00"),
            "closed_at": np.datetime64("2026-07-02T10:00:00"),
            "status": "closed",
            "outcome": "success",
        },
        {
            "created_at": np.datetime64("2026-07-06T09:00:00"),
            "due_at": np.datetime64("2026-07-20T00:00:00"),
            "closed_at": np.datetime64("NaT"),
            "status": "open",
            "outcome": None,
        },
    ]
    odd = frame.iloc[rng.choice(len(frame), len(changes), replace=False)].reset_index(drop=True)
    for number, values in enumerate(changes):
        odd.loc[number, "cta_id"] = f"cta_odd{number + 1}"
        for column, value in values.items():
            odd.loc[number, column] = value
    return pd.concat([frame, odd], ignore_index=True)


def _ctas(
    rng: np.random.Generator,
    accounts: Accounts,
    key: str,
    category: str,
    sla_days: int,
    account: np.ndarray,
    created: np.ndarray,
) -> pd.DataFrame:
    n = len(account)
    due = created + sla_days
    closed = created + np.rint(sla_days * rng.gamma(2.2, 0.30, n)).astype(int).clip(1)
    is_closed = (closed <= LAST_DAY) & (rng.random(n) < 0.94)
    closed_at = at_time(rng, closed)
    closed_at[~is_closed] = np.datetime64("NaT")
    outcome = rng.choice(["success", "no_effect", "no_response"], n, p=[0.55, 0.25, 0.20])
    priority = "high" if category == "risk" else "medium"
    return pd.DataFrame(
        {
            "account_id": accounts.ids[account],
            "playbook_key": key,
            "reason": REASONS[key],
            "priority": priority,
            "owner_id": csm_ids(accounts)[account],
            "created_at": at_time(rng, created),
            "due_at": due,
            "closed_at": closed_at,
            "status": np.where(is_closed, "closed", "open").astype(object),
            "outcome": np.where(is_closed, outcome, None),
        }
    )


RULES = np.array(
    [
        "usage_drop",
        "red_health",
        "renewal_without_plan",
        "escalation",
        "detractor",
        "seats_nearly_full",
        "champion_left",
        "onboarding_overdue",
    ]
)


def pushes_table(settings: Settings, accounts: Accounts, contracts: Contracts) -> pd.DataFrame:
    """What the queue proposed and pushed in the last 150 days, and one push after the last day."""
    rng = settings.stream("pushes")
    account = rng.choice(np.flatnonzero(contracts.active[:, -1]), len(accounts))
    day = LAST_DAY - rng.integers(1, 150, len(account))
    day[-1] = LAST_DAY + 3
    frame = pd.DataFrame(
        {
            "rule_key": RULES[rng.integers(0, len(RULES), len(account))].astype(object),
            "account_id": accounts.ids[account],
            "pushed_at": at_time(rng, day),
        }
    ).sort_values(["pushed_at", "account_id"], kind="stable", ignore_index=True)
    number = frame.groupby(["rule_key", "account_id"]).cumcount() + 1
    key = frame.rule_key + "|" + frame.account_id + "|" + number.astype(str)
    frame.insert(0, "action_key", key)
    return frame


def onboarding_table(
    settings: Settings, accounts: Accounts, contracts: Contracts, quality: Quality
) -> pd.DataFrame:
    """One project per new customer of the months with data; slower where quality is low."""
    rng = settings.stream("onboarding")
    first = contracts.active.argmax(axis=1)
    account = np.flatnonzero(contracts.active.any(axis=1) & (first >= BURN_IN_MONTHS))
    start = settings.date(first[account], accounts.billing_day[account])
    account, start = account[start <= LAST_DAY], start[start <= LAST_DAY]
    n = len(account)
    path = PATHS[accounts.segment[account]]
    target = np.array([TARGET_DAYS[name] for name in path])
    mood = quality.level[account, first[account]]
    days = np.rint(target * 0.85 * np.exp(rng.normal(0, 0.35, n) - 0.18 * mood)).astype(int)
    done = start + days
    stopped = rng.random(n) < 0.04
    is_done = (done <= LAST_DAY) & ~stopped
    completed = at_time(rng, done)
    completed[~is_done] = np.datetime64("NaT")
    projects = pd.DataFrame(
        {
            "project_id": np.char.mod("onb_%06d", 5_001 + np.arange(n)).astype(object),
            "account_id": accounts.ids[account],
            "path": path.astype(object),
            "started_at": at_time(rng, start),
            "target_at": start + target,
            "completed_at": completed,
            "status": np.select([is_done, stopped], ["completed", "canceled"], "open").astype(
                object
            ),
        }
    )
    return _with_other_ends(settings, projects)


def _with_other_ends(settings: Settings, projects: pd.DataFrame) -> pd.DataFrame:
    """Some projects take another path than their segment's, hang past their target or stop."""
    rng = settings.stream("onboarding ends")
    n = len(projects)
    others = rng.choice(n, n // 8, replace=False)
    projects.loc[others, "path"] = PATHS[rng.integers(0, 3, len(others))]
    started = projects.started_at.to_numpy().astype("M8[D]")
    projects["target_at"] = started + projects.path.map(TARGET_DAYS).to_numpy()
    age = (LAST_DAY - started).astype(int)
    for low, high, status in ((100, 330, "open"), (330, 9999, "canceled")):
        able = np.flatnonzero((age >= low) & (age < high))
        ended = rng.choice(able, max(1, len(able) // 15 + 3) if len(able) > 4 else 0, replace=False)
        projects.loc[ended, "completed_at"] = np.datetime64("NaT")
        projects.loc[ended, "status"] = status
    return projects


def success_plans_table(
    settings: Settings, accounts: Accounts, contracts: Contracts, quality: Quality
) -> pd.DataFrame:
    """A yearly objective with the larger accounts."""
    rng = settings.stream("success plans")
    ages = np.arange(settings.periods) - np.where(
        contracts.active.any(axis=1), contracts.active.argmax(axis=1), settings.periods
    ).reshape(-1, 1)
    yearly = contracts.active & (ages % 12 == 2) & (ages > 0) & (accounts.segment > 0)[:, None]
    yearly[:, :BURN_IN_MONTHS] = False
    account, period = np.nonzero(yearly & (rng.random(yearly.shape) < 0.7))
    n = len(account)
    due = settings.date(period, accounts.billing_day[account]) + 180
    mood = quality.level[account, period]
    done = due + np.rint(rng.normal(-10, 35, n) - 20 * mood).astype(int)
    reached = (done <= LAST_DAY) & (rng.random(n) < 0.75)
    completed = at_time(rng, done)
    completed[~reached] = np.datetime64("NaT")
    missed = ~reached & (due + 60 < LAST_DAY)
    return pd.DataFrame(
        {
            "plan_id": np.char.mod("sp_%06d", 7_001 + np.arange(n)).astype(object),
            "account_id": accounts.ids[account],
            "objective": OBJECTIVES[rng.integers(0, len(OBJECTIVES), n)].astype(object),
            "status": np.select([reached, missed], ["completed", "missed"], "active").astype(
                object
            ),
            "due_at": due,
            "completed_at": completed,
        }
    )


def overrides_table(
    settings: Settings, accounts: Accounts, contracts: Contracts, quality: Quality
) -> pd.DataFrame:
    """A CSM knows better than the score, for a while: one account in ten of late, and some in
    each month before, who are not always right."""
    rng = settings.stream("overrides")
    candidates = np.flatnonzero(contracts.active[:, -6])
    account = np.sort(rng.choice(candidates, max(len(candidates) // 10, 1), replace=False))
    start = settings.month_starts[-8] + rng.integers(0, 220, len(account))
    late = _overrides(rng, accounts, account, start, quality.level[account, -4])

    rng = settings.stream("earlier overrides")
    months = np.arange(BURN_IN_MONTHS, settings.periods - 8)
    active = contracts.active[:, months]
    account, column = np.nonzero(active & (rng.random(active.shape) < 0.02))
    start = settings.date(months[column], rng.integers(1, 28, len(account)))
    seen = quality.level[account, months[column]] + rng.normal(0, 0.8, len(account))
    early = _overrides(rng, accounts, account, start, seen)

    # A second opinion while the first still holds.
    again = early.iloc[:: max(len(early) // 3, 1)].copy()
    again["band"] = again.band.map({"red": "yellow", "yellow": "green", "green": "yellow"})
    again["reason"] = "new information from the sponsor"
    again[["valid_from", "valid_to"]] += np.timedelta64(10, "D")

    frame = pd.concat([late, early, again], ignore_index=True)
    ids = np.char.mod("ovr_%05d", 301 + np.arange(len(frame))).astype(object)
    frame.insert(0, "override_id", ids)
    return _entered(settings, frame)


def _overrides(
    rng: np.random.Generator,
    accounts: Accounts,
    account: np.ndarray,
    start: np.ndarray,
    mood: np.ndarray,
) -> pd.DataFrame:
    bands = np.select([mood < -0.3, mood < 0.5], ["red", "yellow"], "green")
    reasons = np.select(
        [mood < -0.3, mood < 0.5],
        ["budget freeze announced", "reorganisation at the customer"],
        "signed a reference agreement",
    )
    return pd.DataFrame(
        {
            "account_id": accounts.ids[account],
            "band": bands.astype(object),
            "reason": reasons.astype(object),
            "set_by": csm_ids(accounts)[account],
            "valid_from": start,
            "valid_to": start + rng.choice([30, 60, 90], len(account)),
        }
    )


def _entered(settings: Settings, overrides: pd.DataFrame) -> pd.DataFrame:
    """When each was entered: mostly on its first day, some weeks later, some nobody knows when."""
    rng = settings.stream("overrides entered")
    n = len(overrides)
    first_day = overrides.valid_from.to_numpy().astype("M8[D]")
    late = np.where(rng.random(n) < 0.1, rng.integers(15, 45, n), 0)
    created = at_time(rng, first_day + late)
    created[rng.random(n) < 0.1] = np.datetime64("NaT")
    overrides["created_at"] = created
    return overrides
