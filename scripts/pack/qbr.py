"""Puts the facts of one account into the sections and sentences of its business review."""

from collections.abc import Iterator

from scripts.formats import day_text, month_text, value_text, words
from scripts.pack.account import EXPIRING, THEMES, AccountFacts
from scripts.pack.commentary import (
    Certainty,
    Sentence,
    certainty_of,
    is_notable,
    on_headline,
    on_targets,
)
from scripts.pack.document import Cell, Document, MetricName, Number, Section, Table
from scripts.pack.drafts import Commentary
from scripts.pack.facts import Headline, exact

SHOWN_QUARTERS = 4
SHOWN_EVENTS = 25
INTERNAL = (
    "From here on it is for the team: leave it out of what the customer gets. The profile, the "
    "calls to action and the renewals are as of {day}."
)


def sentences(facts: AccountFacts) -> list[Sentence]:
    """The commentary of a review: every quarter's first number, and what is out of the usual."""
    told = [
        each
        for index, each in enumerate(facts.headlines)
        if each.change and (index == 0 or is_notable(each))
    ]
    quiet = [each for each in facts.headlines if each not in told]
    return [
        *(on_headline(each, certainty_of(each, facts.sources), {}) for each in told),
        *on_targets(quiet, [certainty_of(each, facts.sources) for each in quiet]),
        *_on_segment(facts),
        *_on_renewals(facts),
        *_on_themes(facts),
    ]


def _on_segment(facts: AccountFacts) -> Iterator[Sentence]:
    """Where the account is worse than its segment."""
    worse = [each for each in facts.headlines if _is_worse(each, facts)]
    if worse:
        named = [
            f"{each.label} ({value_text(each.value, each.unit)}, the segment has "
            f"{value_text(facts.of_segment[each.metric], each.unit)})"
            for each in worse
        ]
        doubts = [certainty_of(each, facts.sources) for each in worse]
        yield Sentence(
            "segment",
            f"Worse than its segment, {words(facts.profile['segment'])}: {'; '.join(named)}.",
            min(certainty for certainty, _ in doubts),
            "; ".join(
                f"{each.label}, {because}"
                for each, (_, because) in zip(worse, doubts, strict=True)
                if because
            ),
            tuple(each.metric for each in worse),
        )


def _is_worse(headline: Headline, facts: AccountFacts) -> bool:
    of_segment = facts.of_segment.get(headline.metric)
    if headline.value is None or of_segment is None or headline.direction == "neutral":
        return False
    gap = exact(headline.value) - exact(of_segment)
    return gap < 0 if headline.direction == "higher" else gap > 0


def _on_renewals(facts: AccountFacts) -> Iterator[Sentence]:
    ends = [
        f"{value_text(amount, 'usd')} in {month_text(month, long=True)}"
        for month, amount in sorted(facts.renewals.items())
    ]
    text = (
        f"ARR of terms that end in the year to come: {', '.join(ends)}."
        if ends
        else "No term ends in the year to come."
    )
    yield Sentence("renewals", text, Certainty.SURE, "", (EXPIRING,))


def _on_themes(facts: AccountFacts) -> Iterator[Sentence]:
    if facts.themes:
        named = [f"{words(theme)} ({count})" for theme, count in facts.themes.items()]
        yield Sentence(
            "themes",
            f"What it spoke of in tickets and surveys: {', '.join(named)}.",
            Certainty.FAIRLY_SURE,
            "themes are found by their words",
            (THEMES,),
        )


def document(facts: AccountFacts, commentary: Commentary) -> Document:
    """The review of an account."""
    return Document(
        title=f"Business review: {facts.profile['account_name']}, {facts.period.label}",
        about=(
            f"Published numbers as of {day_text(facts.as_of)}. The commentary is drafted by rules: "
            "edit it in commentary.md beside this file, and make the review again."
        ),
        status=commentary.status,
        sections=[
            Section("Commentary", remarks=commentary.remarks),
            Section("In numbers", [_numbers(facts)]),
            Section("Said and done", [_themes(facts), _events(facts)]),
            Section("Renewals", [_renewals(facts)]),
            Section(
                "For the team",
                [
                    _profile(facts),
                    _calls("proposed", "Proposed calls to action", "rpt_cta_queue", facts.actions),
                    _calls("open", "Open calls to action", "fct_ctas", facts.open_ctas),
                ],
                [INTERNAL.format(day=day_text(facts.as_of))],
            ),
        ],
    )


def _numbers(facts: AccountFacts) -> Table:
    quarters = [facts.period.back(count) for count in range(SHOWN_QUARTERS - 1, -1, -1)]
    return Table(
        "numbers",
        f"{SHOWN_QUARTERS} quarters",
        ["Metric", *(each.label for each in quarters), "Change", "For", "Its segment", "Target"],
        [
            [
                MetricName(each.metric, each.label),
                *(Number(value, each.unit) for value in each.series[-SHOWN_QUARTERS:]),
                Number(each.change, each.unit, is_change=True),
                {True: "better", False: "worse", None: ""}[each.is_better],
                Number(facts.of_segment.get(each.metric), each.unit),
                Number(each.target, each.unit),
            ]
            for each in facts.headlines
        ],
        [each.metric for each in facts.headlines],
        note=f"Its segment, {words(facts.profile['segment'])}, is that of {facts.period.label}; "
        "targets are the company's.",
    )


def _themes(facts: AccountFacts) -> Table:
    return Table(
        "themes",
        "Themes",
        ["Theme", "Mentions"],
        [[words(theme), count] for theme, count in facts.themes.items()],
        [THEMES],
    )


def _events(facts: AccountFacts) -> Table:
    rows: list[list[Cell]] = [
        [row["event_date"], words(row["event_type"]), words(row["summary"]), row["source_system"]]
        for row in facts.events
    ]
    return Table(
        "events",
        f"What happened in {facts.period.label}",
        ["Day", "What", "Detail", "Source"],
        rows[-SHOWN_EVENTS:],
        ["rpt_account_timeline"],
        note=f"The last {SHOWN_EVENTS} of {len(rows)}; the workbook has all."
        if len(rows) > SHOWN_EVENTS
        else "",
        all_rows=rows,
    )


def _renewals(facts: AccountFacts) -> Table:
    return Table(
        "renewals",
        "ARR of terms that end in the year to come",
        ["Month", "ARR"],
        [
            [month_text(month, long=True), Number(amount, "usd")]
            for month, amount in sorted(facts.renewals.items())
        ],
        [EXPIRING],
    )


def _profile(facts: AccountFacts) -> Table:
    profile = facts.profile
    plan = profile["next_renewal_has_close_plan"]
    labels: dict[str, Cell] = {
        "Account": profile["account_id"],
        "Segment": words(profile["segment"]),
        "Region": words(profile["region"]),
        "Plan": words(profile["product_tier"]),
        "Customer success manager": profile["csm_id"],
        "Customer since": profile["customer_since_date"],
        "Stage": words(profile["recorded_stage"]),
        "Next renewal": profile["next_renewal_date"],
        "Risk of it": profile["next_renewal_risk_status"],
        "Close plan": None if plan is None else "yes" if plan else "no",
        "Last touch": profile["last_touch_date"],
        "Health, first reason": profile["reason_1"],
        "Health, second reason": profile["reason_2"],
        "Health, third reason": profile["reason_3"],
    }
    return Table(
        "profile",
        "Profile",
        ["What", "Value"],
        [[label, value] for label, value in labels.items()],
        ["rpt_account_overview"],
    )


def _calls(key: str, title: str, source: str, rows: list[dict]) -> Table:
    return Table(
        f"{key}_calls",
        title,
        ["Playbook", "Why", "Priority", "Owner", "Due"],
        [
            [
                row.get("playbook_name") or words(row.get("playbook_key")),
                row["reason"],
                row["priority"],
                row["owner_id"],
                row["due_date"],
            ]
            for row in rows
        ],
        [source],
    )
