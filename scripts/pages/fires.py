"""The six questions a customer-success leader is asked, each answered by metric queries.

The functions that choose what explains an answer take the rows of a query, so that they can be
tried on rows written by hand; `six_fires.py` is how the answers look.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from scripts.formats import words

if TYPE_CHECKING:
    from scripts.metrics_engine import MetricsEngine

Row = Mapping[str, Any]

SHOWN_CAUSES = 3
YEAR = 12
ACCOUNT = "current_account__account_name"
ACCOUNT_ID = "current_account"  # two accounts may have one name
SEGMENT = "account__segment"
CSM = "account__csm_id"
PLAYBOOK, PLAYBOOK_NAME = "cta__playbook_key", "cta__playbook_name"
REASON = "mrr_movement_reason__reason"
# Whoever closed down could not have been kept.
AVOIDABLE_CHURN = (
    "mrr_movement_reason__movement_type = 'churn'",
    f"{REASON} != 'company_closed'",
)


@dataclass(frozen=True)
class Asked:
    """A metric over the last `months` months, under conditions; `note` says which part it is."""

    metric: str
    months: int = 1
    where: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Number:
    """What was asked, its value, and the value of the same months a year before."""

    asked: Asked
    value: Any
    year_before: Any


@dataclass(frozen=True)
class Cause:
    """A segment, account or person that explains a number, by a metric of its own."""

    label: str
    metric: str
    value: Any
    note: str = ""


@dataclass(frozen=True)
class Play:
    """What to do: a playbook with the accounts that the rules propose it for, soonest first."""

    key: str
    name: str
    proposed: list[Row]


@dataclass(frozen=True)
class Question:
    """What is asked, the metrics that answer it, who explains it and the playbook to run.

    The first of `asked` is the number whose trend is shown, with `by` of its parts by that
    dimension. `advice` stands where no playbook does.
    """

    key: str
    text: str
    says: str
    asked: tuple[Asked, ...]
    causes_are: str
    causes: Callable[[Ask], list[Cause]]
    by: str = ""
    playbook: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Fire:
    """A question and its answer."""

    question: Question
    numbers: list[Number]
    causes: list[Cause]
    play: Play | None


@dataclass(frozen=True)
class Ask:
    """Asks an engine about the months that end with `month`, a first day of a month."""

    engine: MetricsEngine
    month: date

    def rows(
        self,
        metrics: Sequence[str],
        group_by: Sequence[str] = (),
        months: int = 1,
        where: Sequence[str] = (),
        years_back: int = 0,
    ) -> list[dict[str, Any]]:
        """The metrics of the last `months` months together, or of those `years_back` before."""
        start, end = span(self.month, months, years_back)
        table = self.engine.query(metrics, group_by, where, start=start, end=end)
        return table.to_pylist()

    def number(self, asked: Asked) -> Number:
        """The value of what is asked, and that of a year before; none if there is none."""
        values = []
        for years_back in (0, 1):
            rows = self.rows([asked.metric], (), asked.months, asked.where, years_back)
            values.append(rows[0][asked.metric] if rows else None)
        return Number(asked, *values)


def span(month: date, months: int, years_back: int = 0) -> tuple[date, date]:
    """First and last day of the `months` months that end with `month`, or of those years before."""
    last = month.year * YEAR + month.month - 1 - years_back * YEAR
    year, number = divmod(last, YEAR)
    first_year, first_number = divmod(last - months + 1, YEAR)
    return (
        date(first_year, first_number + 1, 1),
        date(year, number + 1, monthrange(year, number + 1)[1]),
    )


def ranked(rows: Iterable[Row], by: str, label: str, lowest_first: bool = False) -> list[Row]:
    """The three rows with the highest (or lowest) values; those without label or value don't count.

    Equal values stand in the order of their labels.
    """
    known = [row for row in rows if row[label] is not None and row[by] is not None]
    sign = 1 if lowest_first else -1
    return sorted(known, key=lambda row: (sign * row[by], row[label]))[:SHOWN_CAUSES]


def without_use(rows: Iterable[Row]) -> list[Row]:
    """The accounts that are not in use every week, whatever they pay."""
    return [row for row in rows if row["active_account_rate"] == 0]


def without_lead(signals: Iterable[Row], leads: Iterable[Row]) -> list[Row]:
    """The accounts with an expansion signal for which nobody opened a lead."""
    pursued = {row[ACCOUNT_ID] for row in leads if row["cs_qualified_leads"]}
    return [
        row
        for row in signals
        if row["accounts_with_expansion_signal"] and row[ACCOUNT_ID] not in pursued
    ]


def proposals(queue: Iterable[Row], playbook: str) -> list[Row]:
    """The queue's rows of a playbook, soonest due first, then by account."""
    found = [row for row in queue if row["playbook_key"] == playbook]
    return sorted(found, key=lambda row: (row["due_date"], row["account_name"] or ""))


def _lost(ask: Ask) -> list[Cause]:
    rows = ask.rows(["mrr_change"], [ACCOUNT_ID, ACCOUNT, REASON], YEAR, AVOIDABLE_CHURN)
    return [
        Cause(row[ACCOUNT], "mrr_change", row["mrr_change"], words(row[REASON]))
        for row in ranked(rows, "mrr_change", ACCOUNT, lowest_first=True)
    ]


def _at_risk(ask: Ask) -> list[Cause]:
    rows = ask.rows(["arr_at_risk"], [ACCOUNT_ID, ACCOUNT])
    return [
        Cause(row[ACCOUNT], "arr_at_risk", row["arr_at_risk"])
        for row in ranked(rows, "arr_at_risk", ACCOUNT)
        if row["arr_at_risk"] > 0
    ]


def _unused(ask: Ask) -> list[Cause]:
    rows = ask.rows(["active_account_rate", "arr"], [ACCOUNT_ID, ACCOUNT])
    return [
        Cause(row[ACCOUNT], "arr", row["arr"]) for row in ranked(without_use(rows), "arr", ACCOUNT)
    ]


def _overloaded(ask: Ask) -> list[Cause]:
    rows = ask.rows(["csms_needed"], [CSM])
    return [
        Cause(row[CSM], "csms_needed", row["csms_needed"])
        for row in ranked(rows, "csms_needed", CSM)
    ]


def _slowest(ask: Ask) -> list[Cause]:
    """Of each hand-off the segment where it takes longest."""
    found = []
    for asked in HAND_OFFS:
        rows = ask.rows([asked.metric], [SEGMENT], asked.months)
        found += [
            Cause(words(row[SEGMENT]), asked.metric, row[asked.metric])
            for row in ranked(rows, asked.metric, SEGMENT)[:1]
        ]
    return found


def _unpursued(ask: Ask) -> list[Cause]:
    signals = ask.rows(["accounts_with_expansion_signal", "arr"], [ACCOUNT_ID, ACCOUNT])
    leads = ask.rows(["cs_qualified_leads"], [ACCOUNT_ID], YEAR)
    return [
        Cause(row[ACCOUNT], "arr", row["arr"])
        for row in ranked(without_lead(signals, leads), "arr", ACCOUNT)
    ]


HAND_OFFS = (
    Asked("onboarding_cycle_time_days", YEAR),
    Asked("time_to_first_value_days", YEAR),
    Asked("full_resolution_time_hours", YEAR),
)

QUESTIONS = (
    Question(
        key="churn",
        text="Why did customers churn that we could have kept?",
        says="MRR that churned for any reason but that the company closed.",
        asked=(
            Asked("mrr_change", YEAR, AVOIDABLE_CHURN, "Churned, but not closed down"),
            Asked("health_risk_capture", YEAR),
        ),
        causes_are="The three largest losses of the twelve months, with the reason given",
        causes=_lost,
        by=REASON,
        playbook="champion_left",
    ),
    Question(
        key="health",
        text="How healthy is the business?",
        says="The health score, by MRR, and the ARR that is at risk by it.",
        asked=(Asked("average_health_score_by_mrr"), Asked("arr_at_risk")),
        causes_are="The three accounts with the most ARR at risk",
        causes=_at_risk,
        playbook="health_recovery",
    ),
    Question(
        key="adoption",
        text="Who isn't adopting?",
        says="Customers who use the product every week, and how many of the seats they pay for.",
        asked=(Asked("active_account_rate"), Asked("seat_utilization")),
        causes_are="The three largest customers that don't use it every week",
        causes=_unused,
        playbook="usage_drop",
    ),
    Question(
        key="capacity",
        text="Where do we lack capacity?",
        says="The managers that the accounts need by the coverage model, beside those there are.",
        asked=(Asked("csms_needed"), Asked("csms_with_accounts"), Asked("accounts_per_csm")),
        causes_are="The three managers whose accounts need the most; above 1 is too much for one",
        causes=_overloaded,
        advice=(
            "Move accounts from whoever is above 1 to whoever is below. If nobody is below, "
            "compare the coverage models: rpt_csm_headcount says what each of them needs."
        ),
    ),
    Question(
        key="hand_offs",
        text="Where do hand-offs break?",
        says="Days from contract to onboarded and to first value, hours from ticket to solution.",
        asked=HAND_OFFS,
        causes_are="The segment in which each of them takes longest",
        causes=_slowest,
        playbook="onboarding_rescue",
    ),
    Question(
        key="expansion",
        text="Where are we missing expansion?",
        says="Customers that signal they could buy more, and the leads that came of it.",
        asked=(
            Asked("accounts_with_expansion_signal"),
            Asked("cs_qualified_leads", YEAR),
            Asked("cs_qualified_lead_win_rate", YEAR),
        ),
        causes_are="The three largest with a signal and no lead in twelve months",
        causes=_unpursued,
        playbook="seat_expansion",
    ),
)


def fires(engine: MetricsEngine, month: date, queue: Sequence[Row]) -> list[Fire]:
    """The answers as of `month`; `queue` holds rows of rpt_cta_queue."""
    ask = Ask(engine, month)
    names = {
        row[PLAYBOOK]: row[PLAYBOOK_NAME]
        for row in engine.query(["ctas_due"], [PLAYBOOK, PLAYBOOK_NAME]).to_pylist()
    }
    return [_answer(ask, question, names, queue) for question in QUESTIONS]


def _answer(ask: Ask, question: Question, names: Mapping[str, str], queue: Sequence[Row]) -> Fire:
    key, asked, play = question.playbook, question.asked, None
    if key:
        play = Play(key, names.get(key) or words(key).capitalize(), proposals(queue, key))
        of_playbook = (f"{PLAYBOOK} = '{key}'",)
        done = Asked("playbook_execution_rate", YEAR, of_playbook, f"“{play.name}” done in time")
        asked = (*asked, done)
    return Fire(question, [ask.number(each) for each in asked], question.causes(ask), play)
