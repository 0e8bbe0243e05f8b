"""Tickets, what happened to them, and the service levels promised."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .accounts import Accounts
from .comments import subjects
from .contracts import Contracts
from .quality import Quality
from .settings import BURN_IN_MONTHS, LAST_DAY, Settings

PRIORITIES = np.array(["low", "normal", "high", "urgent"])
REPLY_HOURS = np.array([14.0, 6.0, 2.2, 0.7])
SOLVE_HOURS = np.array([90.0, 48.0, 26.0, 12.0])
TICKETS_PER_MONTH = np.array([0.32, 0.75, 1.6])
SEASON = np.array([1.1, 1.0, 1.05, 1.0, 1.0, 0.95, 0.85, 0.8, 1.1, 1.05, 1.0, 0.7])
TYPES = np.array(["question", "incident", "problem", "task"])
CHANNELS = np.array(["email", "web", "chat", "phone"])
ROOT_CAUSES = np.array(["bug", "configuration", "training", "outage", "data_quality"])
RESOLUTIONS = np.array(["fixed", "explained", "workaround", "configured", "no_action"])
TAGS = np.array(["billing", "import", "performance", "access", "api", "reporting"])
NOW = LAST_DAY.astype("M8[s]") + 86_399


def sla_policies() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "priority": PRIORITIES.astype(object),
            "first_reply_minutes": [1440, 480, 240, 60],
            "resolution_minutes": [14400, 5760, 2880, 1440],
            "business_hours_only": [True, True, True, False],
        }
    )


def tickets_table(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    quality: Quality,
    contact_emails: np.ndarray,
    agents: np.ndarray,
) -> pd.DataFrame:
    """More, graver and slower tickets where quality is low. ``contact_emails``: one per account."""
    rng = settings.stream("tickets")
    window = np.arange(BURN_IN_MONTHS, settings.periods)
    month = settings.month_starts[window].astype("M8[M]").astype(int) % 12
    mood_now = quality.level[:, window].clip(-3, 2.5)
    mean = TICKETS_PER_MONTH[accounts.segment][:, None] * np.exp(-0.38 * mood_now) * SEASON[month]
    count = rng.poisson(mean * contracts.active[:, window])
    account, column = np.nonzero(count)
    repeat = count[account, column]
    account, column = account.repeat(repeat), column.repeat(repeat)
    n = len(account)
    mood = mood_now[account, column]
    month_start = settings.month_starts[window[column]]
    created = month_start.astype("M8[s]") + rng.integers(0, 28 * 86_400, n)
    created += np.where(rng.random(n) < 0.8, 0, 86_400).astype("m8[s]")
    order = np.lexsort((account, created))
    account, mood, created = account[order], mood[order], created[order]

    gravity = rng.normal(0, 1, n) - 0.45 * mood
    priority = np.select([gravity > 2.0, gravity > 1.0, gravity > -0.5], [3, 2, 1], 0)
    slow = np.exp(-0.22 * mood)
    reply = created + _hours(REPLY_HOURS[priority] * slow * np.exp(rng.normal(-0.4, 0.8, n)))
    solve = reply + _hours(SOLVE_HOURS[priority] * slow * np.exp(rng.normal(-0.6, 0.9, n)))
    escalated = rng.random(n) < 1 / (1 + np.exp(3.4 + 0.75 * mood - 0.5 * priority))
    escalated_at = created + _hours(rng.uniform(1, 40, n))
    escalated &= escalated_at <= NOW
    solve += np.where(escalated, 2 * 86_400, 0).astype("m8[s]")
    tagged = ~escalated | (rng.random(n) < 0.88)
    reopened = np.where(rng.random(n) < 0.06 * np.exp(-0.4 * mood).clip(0, 4), 1, 0)
    solved_hours = (solve - created).astype(int) / 3600
    satisfaction = 4.45 + 0.55 * mood - 0.25 * np.log(solved_hours / 30) - 0.9 * escalated
    csat = np.rint(satisfaction + rng.normal(0, 0.8, n)).clip(1, 5)
    is_solved = solve <= NOW
    is_replied = reply <= NOW
    answered = is_solved & (rng.random(n) < 0.35)
    kind = rng.random(n)
    status = np.where(is_solved, np.where(kind < 0.2, "solved", "closed"), "open")
    status = np.where(~is_replied, "new", status)
    nothing = np.datetime64("NaT", "s")
    return pd.DataFrame(
        {
            "ticket_id": np.char.mod("t%07d", 20_001 + np.arange(n)).astype(object),
            "account_id": accounts.ids[account],
            "requester_email": contact_emails[account],
            "assignee_id": np.where(is_replied, agents[rng.integers(0, len(agents), n)], None),
            "subject": subjects(rng, n),
            "type": TYPES[rng.choice(4, n, p=[0.5, 0.3, 0.1, 0.1])].astype(object),
            "channel": CHANNELS[rng.choice(4, n, p=[0.4, 0.35, 0.2, 0.05])].astype(object),
            "priority": PRIORITIES[priority].astype(object),
            "status": status.astype(object),
            "is_escalated": escalated,
            "escalated_at": np.where(escalated, escalated_at, nothing),
            "root_cause": np.where(
                is_solved & tagged & (escalated | (rng.random(n) < 0.4)),
                ROOT_CAUSES[rng.integers(0, len(ROOT_CAUSES), n)],
                None,
            ),
            "resolution_code": np.where(
                is_solved & tagged, RESOLUTIONS[rng.integers(0, len(RESOLUTIONS), n)], None
            ),
            "tags": np.select(
                [(chance := rng.random(n)) < 0.015, chance < 0.023, chance < 0.029],
                ["spam", "merged", "internal"],
                np.where(rng.random(n) < 0.6, TAGS[rng.integers(0, len(TAGS), n)], None),
            ),
            "csat_score": np.where(answered, csat, np.nan),
            "created_at": created,
            "first_replied_at": np.where(is_replied, reply, nothing),
            "solved_at": np.where(is_solved, solve, nothing),
            "reopened_count": np.where(is_solved, reopened, 0),
            "updated_at": np.where(is_solved, solve, np.where(is_replied, reply, created)),
        }
    )


def _hours(hours: np.ndarray) -> np.ndarray:
    return np.rint(hours * 3600).astype(np.int64).astype("m8[s]")


def ticket_events_table(
    settings: Settings, tickets: pd.DataFrame, instrumented: pd.DataFrame
) -> pd.DataFrame:
    """What happened to each ticket when, in agreement with the times on the ticket.

    Some get a note among colleagues before the customer hears anything; a reopened one is
    solved twice; one that was escalated had a lower priority until then, and a few came in with a
    higher one, or none, than they were given. ``instrumented`` are the events of instrument().
    """
    rng = settings.stream("ticket events")
    n = len(tickets)
    created, replied, escalated, solved = (
        tickets[name].to_numpy().astype("M8[s]")
        for name in ("created_at", "first_replied_at", "escalated_at", "solved_at")
    )
    nothing = np.datetime64("NaT", "s")
    note = np.where(rng.random(n) < 0.25, _between(created, replied, 0.5), nothing)
    reopened = tickets.reopened_count.to_numpy() > 0
    solved_first = np.where(reopened, _between(replied, solved, 0.5), nothing)
    opened_again = np.where(reopened, _between(replied, solved, 0.7), nothing)
    priority = tickets.priority.to_numpy()
    raised = np.where(np.isin(priority, ["high", "urgent"]), escalated, nothing)
    assigned = _between(created, replied, 0.2)
    triage = settings.stream("ticket triage")
    is_lowered = (triage.random(n) < 0.025) & np.isnat(escalated) & (priority != "urgent")
    lowered = np.where(is_lowered, _between(created, replied, 0.1), nothing)
    higher = triage.choice(np.array(["urgent", None], dtype=object), n, p=[0.8, 0.2])
    parts = [
        _events(tickets, assigned, "assignee", None, tickets.assignee_id.to_numpy()),
        _events(tickets, note, "reply", None, "internal"),
        _events(tickets, replied, "reply", None, "public"),
        _events(tickets, replied, "status", "new", "open"),
        _events(tickets, escalated, "escalation", None, "tier_2"),
        _events(tickets, raised, "priority", "normal", priority),
        _events(tickets, lowered, "priority", higher, priority),
        _events(tickets, solved_first, "status", "open", "solved"),
        _events(tickets, opened_again, "status", "solved", "open"),
        _events(tickets, solved, "status", "open", tickets.status.to_numpy()),
        instrumented,
    ]
    events = pd.concat(parts, ignore_index=True)
    return events.sort_values(["ticket_id", "event_at", "event_type"], kind="stable").reset_index(
        drop=True
    )


def instrument(settings: Settings, tickets: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """When escalated tickets got their root cause and resolution: the tickets, and the events.

    What would be recorded after the last day isn't recorded yet. A few tickets have no event, so
    that only their last update dates the two.
    """
    rng = settings.stream("escalation follow-up")
    n = len(tickets)
    escalated = tickets.escalated_at.to_numpy().astype("M8[s]")
    solved = tickets.solved_at.to_numpy().astype("M8[s]")
    week = np.timedelta64(7 * 86_400, "s")
    is_slow = rng.random(n) < 0.06
    is_logged = rng.random(n) >= 0.05
    cause = escalated + _hours(np.where(is_slow, rng.uniform(170, 400, n), rng.uniform(2, 96, n)))
    resolution = np.where(
        solved <= escalated + week,
        solved + _hours(rng.uniform(0, 5, n)),
        escalated + _hours(rng.uniform(90, 164, n)),
    )
    tickets, parts = tickets.copy(), []
    for column, moment in (("root_cause", cause), ("resolution_code", resolution)):
        value = tickets[column].to_numpy()
        is_set = ~np.isnat(escalated) & tickets[column].notna().to_numpy()
        tickets[column] = np.where(is_set & (moment > NOW), None, value)
        at = np.where(is_set & (moment <= NOW), moment, np.datetime64("NaT", "s"))
        updated = tickets.updated_at.to_numpy().astype("M8[s]")
        tickets["updated_at"] = np.fmax(updated, at)
        at = np.where(is_logged, at, np.datetime64("NaT", "s"))
        parts.append(_events(tickets, at, column, None, value))
    return tickets, pd.concat(parts, ignore_index=True)


def count_notes(settings: Settings, tickets: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The tickets as a help desk reports them that takes some notes for first replies."""
    rng = settings.stream("counted notes")
    notes = events[events.new_value.eq("internal") & events.event_type.eq("reply")]
    counted = notes[rng.random(len(notes)) < 0.05].set_index("ticket_id").event_at
    tickets = tickets.copy()
    noted_at = tickets.ticket_id.map(counted)
    tickets["first_replied_at"] = noted_at.fillna(tickets.first_replied_at)
    return tickets


def _between(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    """The moment after ``share`` of the time from ``start`` to ``end``; none if one is missing."""
    return start + ((end - start) / np.timedelta64(1, "s") * share).round().astype("m8[s]")


def _events(
    tickets: pd.DataFrame,
    at: np.ndarray,
    kind: str,
    old: str | np.ndarray | None,
    new: str | np.ndarray,
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "ticket_id": tickets.ticket_id,
            "event_at": at,
            "event_type": kind,
            "old_value": old,
            "new_value": new,
        }
    )
    return frame[~np.isnat(at)]
