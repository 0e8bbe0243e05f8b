"""What a digest tells of a period: the same for every channel, and the same as its pack.

The numbers are the headlines of the period's facts; the words are the pack's commentary, with what
a person made of it. Nothing is computed here.
"""

from dataclasses import dataclass
from typing import Any

from scripts.formats import change_text, day_text, value_text, words
from scripts.pack.document import decimal_of
from scripts.pack.drafts import Commentary
from scripts.pack.facts import Headline, PeriodFacts

LONGEST_LINE = 600  # characters


@dataclass(frozen=True)
class Number:
    """A metric's label, and its value with its change, judged, and its target if it is missed."""

    label: str
    text: str


@dataclass(frozen=True)
class Section:
    """A heading and its lines, of which the first `most` are shown."""

    title: str
    lines: list[str]
    most: int

    def shown(self, fewer: int = 0) -> list[str]:
        """The lines that there is room for, and how many there are besides."""
        most = max(1, self.most - fewer)
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


def digest_of(facts: PeriodFacts, commentary: Commentary) -> Digest:
    """The digest of a period's facts."""
    remarks = [f"{remark.text} [{remark.basis}]" for remark in commentary.remarks]
    sections = [Section(f"Commentary ({commentary.status})", remarks, most=25)]
    if facts.is_latest:  # of an earlier period nobody knows
        issues = dict.fromkeys(_issue(row) for row in facts.quality.issues)
        sections += [
            Section("Proposed calls to action", [_action(row) for row in facts.actions], most=7),
            Section("Open data issues", list(issues), most=5),
        ]
    return Digest(
        title=f"Customer success, {facts.period.label}",
        subtitle=(
            f"Published numbers as of {day_text(facts.as_of)}, compared with the "
            f"{facts.period.grain} before; each is the metric of that name in the dictionary."
        ),
        numbers=[
            Number(_label(each, facts), _value(each))
            for each in [*facts.headlines, *facts.quality.metrics]
            if each.value is not None
        ],
        sections=sections,
    )


def clipped(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _label(headline: Headline, facts: PeriodFacts) -> str:
    """The metric's label; what has no weekly value is of the month that it names."""
    is_of_period = headline.period == facts.period
    return headline.label if is_of_period else f"{headline.label}, {headline.period.label}"


def _value(headline: Headline) -> str:
    value = value_text(headline.value, headline.unit, compact=True)
    change = ""
    if headline.change is not None:
        change = change_text(decimal_of(headline.change), headline.unit, compact=True)
        change += {True: ", better", False: ", worse", None: ""}[headline.is_better]
    target = ""
    if headline.misses_target:
        target = f"misses its target {value_text(headline.target, headline.unit, compact=True)}"
    said = "; ".join(part for part in (change, target) if part)
    return f"{value} ({said})" if said else value


def _action(row: dict[str, Any]) -> str:
    return (
        f"By {day_text(row['due_date'])}, {words(row['priority'])}: "
        f"{row['account_name']}. {row['reason']}"
    )


def _issue(row: dict[str, Any]) -> str:
    who = f"{row['system']}, {words(row['owner'])}"
    return f"{row['severity'].capitalize()}: {row['in_words']} ({who})"
