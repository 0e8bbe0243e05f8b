"""What a digest tells of a period, in words: the same for every channel.

Values and changes are those of the period's facts; nothing is computed here. A channel shows the
first lines of each section and says how many more the pack has.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from scripts.formats import change_text, day_text, value_text, words
from scripts.pack.facts import Event, Headline, PeriodFacts, Restatement

LINES = 7  # of a section
LONGEST_LINE = 350  # characters
NAMED = 3  # accounts of one kind of risk or win
PARTS = 2  # segments that explain a change


@dataclass(frozen=True)
class Number:
    """A headline metric: its label, and its value with what is to be said of it."""

    label: str
    text: str


@dataclass(frozen=True)
class Section:
    """A heading and its lines; none of them means that there was nothing to tell."""

    title: str
    lines: list[str]

    def shown(self, most: int) -> list[str]:
        """The first lines, and how many there are besides."""
        left_out = len(self.lines) - most
        shown = [clipped(line, LONGEST_LINE) for line in self.lines[:most]] or ["None."]
        return [*shown, f"… and {left_out} more in the pack"] if left_out > 0 else shown


@dataclass(frozen=True)
class Digest:
    """What is told of a period."""

    title: str
    subtitle: str
    numbers: list[Number]
    sections: list[Section]


def digest_of(facts: PeriodFacts) -> Digest:
    """The digest of a period's facts."""
    sections = [
        Section("What moved more than usual", list(_moves(facts.headlines))),
        Section("Risks", list(_events(facts.risks))),
        Section("Wins", list(_events(facts.wins))),
        Section("Jumps in the data", [_anomaly(row) for row in facts.anomalies]),
        Section("Told otherwise before", [_restatement(each) for each in facts.restatements]),
        Section("Data quality", list(_quality(facts))),
    ]
    if facts.is_latest:  # of an earlier period nobody knows
        sections += [
            Section("Proposed calls to action", [_action(row) for row in facts.actions]),
            Section("Open data issues", list(dict.fromkeys(map(_issue, facts.quality.issues)))),
        ]
    return Digest(
        title=f"Customer success, {facts.period.label}",
        subtitle=(
            f"As of {day_text(facts.as_of)}. Each number is the metric of that name in the metric "
            f"dictionary; a change is that to the {facts.period.grain} before."
        ),
        numbers=[Number(each.label, _value(each)) for each in facts.headlines],
        sections=sections,
    )


def clipped(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _value(headline: Headline) -> str:
    value = value_text(headline.value, headline.unit, compact=True)
    if headline.change is None:
        return value
    change = change_text(float(headline.change), headline.unit, compact=True)
    judged = {True: ", better", False: ", worse", None: ""}[headline.is_better]
    target = ""
    if headline.misses_target:
        target = f"; misses its target {value_text(headline.target, headline.unit, compact=True)}"
    return f"{value} ({change}{judged}{target})"


def _moves(headlines: Iterable[Headline]) -> Iterable[str]:
    """Changes larger than each of the last ones, with the segments that have most of them."""
    for each in headlines:
        if not each.change or not each.unusual or each.unusual[0] < each.unusual[1]:
            continue
        parts = ", ".join(
            f"{words(part.key)} {change_text(float(part.change), each.unit, compact=True)}"
            for part in each.segments[:PARTS]
        )
        yield (
            f"{each.label} {change_text(float(each.change), each.unit, compact=True)}, more than "
            f"in any of the {each.unusual[1]} {each.grain}s before"
            + (f"; mostly {parts}" if parts else "")
        )


def _events(events: Iterable[Event]) -> Iterable[str]:
    """A line for each kind of risk or win, with the first accounts of it."""
    for title, group in groupby(events, key=lambda event: event.title):
        told = [_told(event) for event in group]
        more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
        yield f"{title}: {', '.join(told[:NAMED])}{more}"


def _told(event: Event) -> str:
    """An account, its money or, if it is more than one thing, how many, and the detail."""
    value = value_text(event.value, event.unit)
    said = [value] if event.unit == "usd" else [f"{value} {event.unit}"] if event.value != 1 else []
    said += [event.detail] if event.detail else []
    return f"{event.account_name} ({', '.join(said)})" if said else event.account_name


def _anomaly(row: dict[str, Any]) -> str:
    where = ", ".join(words(row[name]) for name in ("system", "group_name") if row[name])
    return (
        f"{words(row['field'] or row['table_name'])} ({where}): {value_text(row['value'], '')}, "
        f"usually {value_text(row['usual_value'], '')}, "
        f"in the {row['grain']} to {day_text(row['period_end'])}"
    )


def _restatement(each: Restatement) -> str:
    return (
        f"{each.label}, {each.period}: {value_text(each.value_today, each.unit)} today, "
        f"{value_text(each.value_then, each.unit)} then; {each.because}"
    )


def _quality(facts: PeriodFacts) -> Iterable[str]:
    run = facts.quality.run
    yield (
        f"Last build: {run['tests_passed']} tests passed, {run['tests_warned']} warned; "
        f"{run['rules_held']} audit rules held, {run['rules_warned']} warned"
    )
    for each in facts.quality.metrics:
        if each.value is not None:  # it may be known of the last month only
            yield f"{each.label}: {_value(each)}"
    for source in facts.quality.sources:
        if source["freshness"] != "fresh":
            yield f"{source['system']} is {source['freshness']}: {source['age_days']} days old"


def _action(row: dict[str, Any]) -> str:
    return (
        f"by {day_text(row['due_date'])}, {words(row['priority'])}: "
        f"{row['account_name']}. {row['reason']}"
    )


def _issue(row: dict[str, Any]) -> str:
    return f"{row['severity']}: {row['in_words']} ({row['system']}, {row['owner']})"
