"""Puts the facts of a week or month into the sections and tables of its pack."""

from collections.abc import Sequence
from fractions import Fraction

from scripts.formats import day_text, words
from scripts.pack.commentary import is_notable
from scripts.pack.decomposition import Part, rounded
from scripts.pack.document import (
    PART_DECIMALS,
    Cell,
    Document,
    MetricName,
    Number,
    Rounded,
    Section,
    Table,
    Trend,
)
from scripts.pack.drafts import Commentary
from scripts.pack.facts import SEVERAL, Event, Headline, PeriodFacts, exact

SHOWN_ACCOUNTS = 6  # of each change; the workbook has all
METHOD = (
    "A part of a sum is the change of its own value. A part of a ratio is what its own rate "
    "changed, weighted by its mean share of the whole, plus what the change of its share brought. "
    "The parts of a line add up to its change; what is printed of them is rounded so that it "
    "adds up too. An account that changed its segment leaves one and enters the other."
)


def document(facts: PeriodFacts, commentary: Commentary) -> Document:
    """The pack of a period."""
    grain = facts.period.grain
    changed = [headline for headline in facts.headlines if headline.change]
    return Document(
        title=f"Customer success, {facts.period.label}",
        about=(
            f"Published numbers as of {day_text(facts.as_of)}, compared with the {grain} before. "
            "The commentary is drafted by rules: edit it in commentary.md beside this file, and "
            "make the pack again. It names accounts, so it is for those who may see them."
        ),
        status=commentary.status,
        sections=[
            Section("Commentary", remarks=commentary.remarks),
            Section("Numbers", [_headlines("numbers", facts.headlines, grain)]),
            *(
                [
                    Section(
                        "By month only",
                        [_headlines("monthly", facts.monthly, "month")],
                        [
                            "These have no weekly value. They are those of "
                            f"{facts.period.last_month.label}, the last month that was over; "
                            "what moved them is in that month's pack."
                        ],
                    )
                ]
                if facts.monthly
                else []
            ),
            Section(
                "What moved, and why",
                [
                    *([_bridge(facts)] if facts.bridge else []),
                    _by_segment(changed),
                    _rates(changed),
                    _by_account(changed, facts),
                ],
                [METHOD],
            ),
            Section(
                "New risks and wins",
                [
                    _events("risks", "New risks", facts.risks, facts),
                    _events("wins", "New wins", facts.wins, facts),
                    _actions(facts),
                ],
            ),
            Section("Anomalies", [_anomalies(facts)]),
            Section("Restated since last time", [_restatements(facts)]),
            Section(
                "Data quality",
                [
                    _headlines("quality", facts.quality.metrics, "month"),
                    _sources(facts),
                    _build(facts),
                    _issues(facts),
                ],
            ),
        ],
    )


def _headlines(key: str, headlines: Sequence[Headline], grain: str) -> Table:
    return Table(
        key,
        {"numbers": "Headline numbers", "quality": "Measured quality"}.get(key, "Monthly numbers"),
        [
            "Metric",
            "Value",
            f"{grain.capitalize()} before",
            "Change",
            "For",
            "Target",
            "Reached",
            "Trend",
        ],
        [
            [
                MetricName(each.metric, each.label),
                Number(each.value, each.unit),
                Number(each.previous, each.unit),
                Number(each.change, each.unit, is_change=True),
                {True: "better", False: "worse", None: ""}[each.is_better],
                Number(each.target, each.unit),
                {True: "no", False: "yes", None: ""}[each.misses_target],
                Trend(each.series),
            ]
            for each in headlines
        ],
        [each.metric for each in headlines],
    )


def _bridge(facts: PeriodFacts) -> Table:
    changes = [exact(each) for each in facts.bridge.values()]
    shown = [Rounded(each, "usd") for each in rounded(changes, PART_DECIMALS["usd"])]
    rows: list[list[Cell]] = [
        [words(name), change] for name, change in zip(facts.bridge, shown, strict=True)
    ]
    whole = Rounded(rounded([sum(changes, Fraction(0))], PART_DECIMALS["usd"])[0], "usd")
    return Table(
        "bridge",
        "The movements that changed MRR",
        ["Movement", "Change"],
        [*rows, ["Together", whole]],
        ["mrr_change"],
    )


def _decimals(headline: Headline) -> int:
    return PART_DECIMALS.get(headline.unit, 0)


def _shown(headline: Headline, parts: Sequence[Part]) -> list[Rounded]:
    """The parts as they are printed, in the same order."""
    changes = rounded([part.change for part in parts], _decimals(headline))
    return [Rounded(change, headline.unit) for change in changes]


def _whole(headline: Headline) -> Rounded:
    return Rounded(rounded([headline.change or Fraction(0)], _decimals(headline))[0], headline.unit)


def _by_segment(headlines: Sequence[Headline]) -> Table:
    """One row per metric: its change and the part of each segment."""
    keys = list(dict.fromkeys(part.key for each in headlines for part in each.segments))
    keys.sort(key=lambda key: (key == SEVERAL, key is None, key or ""))
    rows: list[list[Cell]] = []
    for each in headlines:
        shown = dict(
            zip([part.key for part in each.segments], _shown(each, each.segments), strict=True)
        )
        name = MetricName(each.metric, each.label)
        rows.append([name, _whole(each), *(shown.get(key, "") for key in keys)])
    return Table(
        "by_segment",
        "What each segment has in the change",
        ["Metric", "Change", *(_name(key) for key in keys)],
        rows,
        [each.metric for each in headlines],
        if_empty="Nothing changed.",
    )


def _rates(headlines: Sequence[Headline]) -> Table:
    """Of ratios, one row per segment: its rate, and whether that or its share did it."""
    rows: list[list[Cell]] = []
    for each in headlines:
        parts = [part for part in each.segments if part.rate is not None and part.change]
        pairs = [change for part in parts for change in (part.rate, part.mix)]
        shown = [Rounded(part, each.unit) for part in rounded(pairs, _decimals(each))]
        rows += [
            [
                MetricName(each.metric, each.label),
                _name(part.key),
                Number(part.before, each.unit),
                Number(part.after, each.unit),
                own,
                share,
            ]
            for part, own, share in zip(parts, shown[::2], shown[1::2], strict=True)
        ]
    return Table(
        "rates",
        "Ratios: by a segment's own rate, or by its share of the whole",
        ["Metric", "Segment", "Before", "Now", "Own rate", "Share"],
        rows,
        [each.metric for each in headlines if each.base is not None],
        if_empty="No ratio changed.",
    )


def _by_account(headlines: Sequence[Headline], facts: PeriodFacts) -> Table:
    """The accounts with the largest parts of each notable change, and the rest in one row."""
    rows: list[list[Cell]] = []
    every: list[list[Cell]] = []
    for each in headlines:
        name = MetricName(each.metric, each.label)
        lines = [
            [
                name,
                facts.account_names.get(part.key or "", _name(part.key)),
                Number(part.before, each.unit),
                Number(part.after, each.unit),
            ]
            for part in each.accounts
        ]
        every += [
            [*line, Number(part.change, each.unit, is_change=True)]
            for line, part in zip(lines, each.accounts, strict=True)
        ]
        if is_notable(each):
            main = each.accounts[:SHOWN_ACCOUNTS]
            rest = sum((part.change for part in each.accounts[SHOWN_ACCOUNTS:]), Fraction(0))
            others = len(each.accounts) - len(main)
            shown = _shown(each, [*main, Part(None, None, None, rest)])
            rows += [[*line, part] for line, part in zip(lines[: len(main)], shown, strict=False)]
            if others:
                rows.append([name, f"{others} others", "", "", shown[-1]])
            rows.append([name, "Together", "", "", _whole(each)])
    return Table(
        "by_account",
        "What accounts have in the change",
        ["Metric", "Account", "Before", "Now", "Part"],
        rows,
        [each.metric for each in headlines],
        note="Of the changes that are out of the usual; the workbook has every account.",
        all_rows=every,
        if_empty="No change is out of the usual.",
    )


def _events(key: str, title: str, events: Sequence[Event], facts: PeriodFacts) -> Table:
    note = "" if facts.period.grain == "month" else "Movements of MRR and health are monthly."
    return Table(
        key,
        title,
        ["What", "Account", "Segment", "Detail", "Value", "Metric"],
        [
            [
                event.title,
                event.account_name,
                words(event.segment),
                event.detail,
                Number(event.value, event.unit),
                event.metric,
            ]
            for event in events
        ],
        list(dict.fromkeys(event.metric for event in events)),
        note=note,
    )


def _actions(facts: PeriodFacts) -> Table:
    return Table(
        "actions",
        "Proposed calls to action",
        ["Account", "Priority", "Why", "Playbook", "Owner", "Due"],
        [
            [
                row["account_name"],
                row["priority"],
                row["reason"],
                words(row["playbook_key"]),
                row["owner_id"],
                row["due_date"],
            ]
            for row in facts.actions
        ],
        ["rpt_cta_queue"],
        note=f"As of {day_text(facts.as_of)}.",
        if_empty=_only_latest(facts),
    )


def _anomalies(facts: PeriodFacts) -> Table:
    return Table(
        "anomalies",
        "Far from usual",
        ["What", "Where", "Of", "From", "To", "Value", "Usually", "Score"],
        [
            [
                words(row["kind"]),
                words(row["field"] or row["table_name"]),
                words(row["group_name"]) if row["group_name"] else "",
                row["period_start"],
                row["period_end"],
                Number(row["value"], ""),
                Number(row["usual_value"], ""),
                Number(row["score"], "score"),
            ]
            for row in facts.anomalies
        ],
        ["fct_data_anomalies"],
        note="The score is the distance from the usual value in usual spreads.",
    )


def _restatements(facts: PeriodFacts) -> Table:
    return Table(
        "restatements",
        "Told before, others today",
        ["Metric", "Period", "Segment", "Told", "Today", "Why"],
        [
            [
                MetricName(row.metric, row.label),
                row.period,
                words(row.segment),
                Number(row.value_then, row.unit),
                Number(row.value_today, row.unit),
                row.because,
            ]
            for row in facts.restatements
        ],
        ["earlier packs", "rpt_restatements"],
        note="Compared with the last pack of this period and of the one before, and with the "
        "values of closed months.",
    )


def _sources(facts: PeriodFacts) -> Table:
    return Table(
        "sources",
        "Sources",
        ["Source", "Owner", "Newest record", "Age in days", "At most", "Status"],
        [
            [
                row["system"],
                row["owner"],
                row["newest_record_date"],
                row["age_days"],
                row["max_age_days"],
                row["freshness"],
            ]
            for row in facts.quality.sources
        ],
        ["fct_source_freshness"],
    )


def _build(facts: PeriodFacts) -> Table:
    labels = {
        "started_at": "Built at (UTC)",
        "as_of_date": "As of",
        "revision": "Revision",
        "tests_passed": "Tests passed",
        "tests_warned": "Tests that warned",
        "rules_held": "Audit rules held",
        "rules_warned": "Audit rules that warned",
        "warned_rules": "Which",
        "rows_read": "Raw rows read",
        "rows_kept": "Raw rows kept",
        "rejected": "Raw rows rejected",
    }
    run = facts.quality.run | {"started_at": f"{facts.quality.run['started_at']:%Y-%m-%d %H:%M}"}
    return Table(
        "build",
        "The last build",
        ["What", "Value"],
        [[label, run[name]] for name, label in labels.items() if run[name] is not None],
        ["fct_runs"],
    )


def _issues(facts: PeriodFacts) -> Table:
    """The open issues by rule and table; the workbook has each."""
    kinds: dict[tuple[str, ...], int] = {}
    for row in facts.quality.issues:
        kind = (row["severity"], row["in_words"], row["system"], row["table_name"], row["owner"])
        kinds[kind] = kinds.get(kind, 0) + 1
    return Table(
        "issues",
        "Open issues",
        ["Severity", "What", "System", "Table", "Owner", "Open"],
        [[*kind, count] for kind, count in kinds.items()],
        ["fct_data_issues"],
        if_empty=_only_latest(facts),
    )


def _only_latest(facts: PeriodFacts) -> str:
    """What stands in place of a list that is as of the build's day and is empty."""
    if facts.is_latest:
        return "None."
    grain = facts.period.grain
    return f"Known as of {day_text(facts.as_of)} only, so in the pack of the last {grain}."


def _name(key: str | None) -> str:
    return words(key)
