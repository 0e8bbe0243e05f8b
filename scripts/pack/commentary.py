"""Sentences about a period, made by rules from its facts, each with how sure it is and why.

A sentence is sure if it only says what was counted. It is less sure if the ratio it tells of rests
on few, if the value is one that the data checks call an anomaly or that was told otherwise
before, if a source of it is late, and if it puts two changes side by side, which proves nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Any

from scripts.formats import change_text, value_text, words
from scripts.pack.decomposition import Part
from scripts.pack.document import decimal_of
from scripts.pack.facts import Event, Headline, PeriodFacts, Restatement

FEW, VERY_FEW = 30, 10  # that a ratio rests on
NOTABLE = Fraction(3, 4)  # of the changes before are smaller
MOST = Fraction(1, 2)  # of the change
SHOWN_NAMES = 5
# Pairs of which the first may move the second.
LINKED = (
    ("sla_attainment", "csat"),
    ("escalation_rate", "csat"),
    ("csat", "nps"),
    ("seat_utilization", "average_health_score_by_mrr"),
    ("seat_utilization", "gross_revenue_retention"),
    ("average_health_score_by_mrr", "arr_at_risk"),
    ("playbook_execution_rate", "arr_at_risk"),
)


class Certainty(IntEnum):
    """How sure a sentence is; the lowest of its reasons counts."""

    UNSURE = 0
    FAIRLY_SURE = 1
    SURE = 2

    @property
    def words(self) -> str:
        return self.name.lower().replace("_", " ")


Doubt = tuple[Certainty, str]  # how sure, and why not more


@dataclass(frozen=True)
class Sentence:
    """A draft of the commentary; `key` stays the same when it is drafted anew."""

    key: str
    text: str
    certainty: Certainty
    because: str
    sources: tuple[str, ...]

    @property
    def basis(self) -> str:
        reason = f": {self.because}" if self.because else ""
        return f"{self.certainty.words.capitalize()}{reason}. From {', '.join(self.sources)}."


def sentences(facts: PeriodFacts) -> list[Sentence]:
    """The commentary, in the order of the pack."""
    first = [each for each in facts.headlines[:1] if each.change]
    notable = [each for each in facts.headlines[1:] if is_notable(each)]
    quiet = [each for each in facts.headlines if each not in first + notable]
    return [
        *(on_headline(each, _doubt(each, facts), facts.account_names) for each in first),
        *_on_bridge(facts),
        *(on_headline(each, _doubt(each, facts), facts.account_names) for each in notable),
        *on_targets(quiet, [_doubt(each, facts) for each in quiet]),
        *_on_links(facts),
        *_on_events("risks", facts.risks),
        *_on_events("wins", facts.wins),
        *_on_anomalies(facts),
        *_on_restatements(facts),
        _on_data(facts),
    ]


def is_notable(headline: Headline) -> bool:
    """Whether a change is larger than most of the changes before it, or has none to compare."""
    if not headline.change:
        return False
    if headline.unusual is None:
        return True
    smaller, known = headline.unusual
    return Fraction(smaller, known) >= NOTABLE


def certainty_of(
    headline: Headline,
    sources: Iterable[Mapping[str, Any]],
    anomalies: Iterable[Mapping[str, Any]] = (),
    restatements: Iterable[Restatement] = (),
) -> Doubt:
    """How sure a number is, and why not more."""
    reasons = []
    if headline.base is not None and headline.base < VERY_FEW:
        reasons.append((Certainty.UNSURE, f"it rests on {headline.base:g} only"))
    elif headline.base is not None and headline.base < FEW:
        reasons.append((Certainty.FAIRLY_SURE, f"it rests on {headline.base:g}"))
    late = [
        source["system"]
        for source in sources
        if source["freshness"] != "fresh" and source["system"] in headline.source_systems
    ]
    if late:
        reasons.append((Certainty.UNSURE, f"{' and '.join(late)} is late"))
    if any(row["field"] == headline.metric for row in anomalies):
        reasons.append((Certainty.FAIRLY_SURE, "the value is an anomaly"))
    if any(row.metric == headline.metric for row in restatements):
        reasons.append((Certainty.FAIRLY_SURE, "earlier values were restated"))
    if not reasons:
        return Certainty.SURE, ""
    return min(each for each, _ in reasons), ", ".join(reason for _, reason in reasons)


def _doubt(headline: Headline, facts: PeriodFacts) -> Doubt:
    return certainty_of(headline, facts.quality.sources, facts.anomalies, facts.restatements)


def on_headline(headline: Headline, doubt: Doubt, account_names: Mapping[str, str]) -> Sentence:
    """What changed, whether that is usual, the target, and where most of it is."""
    rose = "rose" if headline.change > 0 else "fell"
    change = change_text(abs(decimal_of(headline.change)), headline.unit).lstrip("+")
    text = f"{headline.label} {rose} by {change} to {value_text(headline.value, headline.unit)}"
    if headline.unusual:
        smaller, known = headline.unusual
        if not is_notable(headline):
            text += ", a change within the usual"
        elif smaller == known:
            text += f", a larger change than in any of the last {known} {headline.grain}s"
        else:
            text += f", a larger change than in {smaller} of the last {known} {headline.grain}s"
    text += "."
    if headline.misses_target is not None:
        verb = "misses" if headline.misses_target else "meets"
        text += f" It {verb} its target of {value_text(headline.target, headline.unit)}."
    text += _where(headline, account_names)
    return Sentence(f"headline-{headline.metric}", text, *doubt, (headline.metric,))


def _where(headline: Headline, account_names: Mapping[str, str]) -> str:
    """Which segment and account has most of the change, if one has."""
    text = ""
    main = _main(headline.segments, headline.change)
    if main:
        text += f" {_most(f'in {words(main.key)}', main, headline)}"
        if main.rate is not None:
            is_rate = main.rate / main.change >= MOST
            text += f", {'its own rate' if is_rate else 'its share of the whole'} having changed"
        text += "."
    elif headline.segments:
        text += " No segment has most of it."
    account = _main(headline.accounts, headline.change)
    if account:
        name = account_names.get(account.key or "", words(account.key))
        text += f" {_most(f'the account {name}', account, headline)}."
    return text


def _most(name: str, part: Part, headline: Headline) -> str:
    change = change_text(decimal_of(part.change), headline.unit)
    if part.change / headline.change > 1:
        return f"More than all of it is {name}, {change}, and others went the other way"
    return f"Most of it is {name}, {change}"


def _main(parts: tuple[Part, ...], change: Fraction) -> Part | None:
    """The only part that has more than half of the change, in its direction."""
    large = [part for part in parts if part.change / change > MOST]
    return large[0] if len(large) == 1 else None


def _on_bridge(facts: PeriodFacts) -> Iterator[Sentence]:
    """The movements that the change of MRR consists of."""
    moved = [f"{words(name)} {change_text(each, 'usd')}" for name, each in facts.bridge.items()]
    if moved:
        text = f"MRR moved by {', '.join(moved)}; together that is its change."
        yield Sentence("bridge", text, Certainty.SURE, "", ("mrr_change",))


def on_targets(headlines: list[Headline], doubts: list[Doubt]) -> Iterator[Sentence]:
    """Targets that are missed, in one sentence; the least sure of the numbers counts."""
    missed = [
        (each, doubt) for each, doubt in zip(headlines, doubts, strict=True) if each.misses_target
    ]
    if missed:
        named = [
            f"{each.label} ({value_text(each.value, each.unit)}, the target is "
            f"{value_text(each.target, each.unit)})"
            for each, _ in missed
        ]
        yield Sentence(
            "targets",
            f"Without a change out of the usual, these miss their target: {'; '.join(named)}.",
            min(certainty for _, (certainty, _) in missed),
            "; ".join(f"{each.label}, {because}" for each, (_, because) in missed if because),
            tuple(each.metric for each, _ in missed),
        )


def _on_links(facts: PeriodFacts) -> Iterator[Sentence]:
    """Two changes of which one may explain the other, both for the worse in the same segment."""
    known = {headline.metric: headline for headline in facts.headlines}
    for cause, effect in LINKED:
        if cause not in known or effect not in known:
            continue
        first, second = known[cause], known[effect]
        if first.is_better is not False or second.is_better is not False:
            continue
        segments = [_main(each.segments, each.change) for each in (first, second)]
        if all(segments) and segments[0].key == segments[1].key:
            yield Sentence(
                f"link-{cause}-{effect}",
                f"{first.label} and {second.label} both became worse, mostly in "
                f"{words(segments[0].key)}: the one may have to do with the other.",
                Certainty.UNSURE,
                "two changes side by side prove nothing",
                (cause, effect),
            )


def _on_events(kind: str, events: list[Event]) -> Iterator[Sentence]:
    """Who is behind each kind of risk or win."""
    for title in dict.fromkeys(event.title for event in events):
        own = [event for event in events if event.title == title]
        names = list(dict.fromkeys(event.account_name for event in own))
        told = ", ".join(names[:SHOWN_NAMES])
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        yield Sentence(
            f"{kind}-{title.lower().replace(' ', '-')}",
            f"{title}: {told}{more}.",
            Certainty.SURE,
            "",
            tuple(dict.fromkeys(event.metric for event in own)),
        )


def _on_anomalies(facts: PeriodFacts) -> Iterator[Sentence]:
    if facts.anomalies:
        named = list(
            dict.fromkeys(words(row["field"] or row["table_name"]) for row in facts.anomalies)
        )
        yield Sentence(
            "anomalies",
            f"Far from what is usual: {', '.join(named)}. Whether the business or the data did "
            "that, a person has to say.",
            Certainty.UNSURE,
            "a rule found them, nobody has looked yet",
            ("fct_data_anomalies",),
        )


def _on_restatements(facts: PeriodFacts) -> Iterator[Sentence]:
    if facts.restatements:
        named = list(dict.fromkeys(row.label for row in facts.restatements))
        yield Sentence(
            "restatements",
            f"Numbers told before are others today: {', '.join(named)}.",
            Certainty.SURE,
            "",
            ("earlier packs", "rpt_restatements"),
        )


def _on_data(facts: PeriodFacts) -> Sentence:
    late = [row["system"] for row in facts.quality.sources if row["freshness"] != "fresh"]
    warned = facts.quality.run["tests_warned"] or 0
    sources = f"Late sources: {', '.join(late)}." if late else "Every source delivered in its time."
    tests = (
        f" {warned} tests of the build warned."
        if warned
        else " No test of the build failed or warned."
    )
    return Sentence(
        "data", sources + tests, Certainty.SURE, "", ("fct_source_freshness", "fct_runs")
    )
