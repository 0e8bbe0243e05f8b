"""What a pack and a digest tell of a period: the numbers, what moved them, risks, wins, the data.

Every number is the answer of a metric query; what is no number (which table failed which check)
is read from the published tables as it stands. Nothing here depends on the clock.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from scripts.formats import words
from scripts.pack.decomposition import NOTHING, Inputs, Part, of_ratio, of_sum
from scripts.pack.period import Period, require_over
from scripts.project import CATALOG, UsageError, UserError, sibling

if TYPE_CHECKING:
    import pyarrow as pa

    from scripts.metrics_engine import MetricsEngine

Value = Decimal | float | int

# The first numbers of the pack, in its order. A week tells what is counted by day.
HEADLINES = {
    "month": (
        *("mrr", "net_new_mrr", "new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"),
        *("net_revenue_retention", "gross_revenue_retention", "active_customers"),
        *("churned_customers", "renewal_rate_gross", "expiring_arr"),
        *("arr_at_risk", "average_health_score_by_mrr", "health_score_coverage"),
        *("monthly_active_users", "seat_utilization", "adoption_milestone_rate"),
        *("tickets_opened", "sla_attainment", "escalation_rate", "csat", "nps"),
        "playbook_execution_rate",
    ),
    "week": (
        *("tickets_opened", "tickets_solved", "sla_attainment", "escalation_rate", "csat"),
        *("nps", "nps_responses", "survey_response_rate", "expiring_arr"),
        *("ctas_due", "playbook_execution_rate", "onboarding_projects_started"),
        "cs_qualified_leads",
    ),
}
# Of these the numerator is the value times the denominator, which is a metric itself.
DENOMINATORS = {"nps": "nps_responses"}
QUALITY = ("data_completeness", "data_accuracy")
SEGMENT, ACCOUNT = "account__segment", "account__account_id"
HISTORY = 12  # changes before, with which a change is compared
SEVERAL = "counted in several"  # a user of two accounts is one user of the company


@dataclass(frozen=True)
class Headline:
    """A metric in a period and before it, with the parts of its change.

    `series` are the values of the last periods, oldest first, this one last. `change` is none if
    there is no value before or now; the parts of `segments`, and those of `accounts`, add up to it.
    `base` is on how many a ratio rests, what it is divided by, before or in this period, whichever
    is less; none of what is no ratio or is divided by money.
    """

    metric: str
    label: str
    unit: str
    direction: str
    target: Value | None
    owner: str
    source_systems: tuple[str, ...]
    grain: str
    period: Period
    value: Value | None
    previous: Value | None
    change: Fraction | None
    series: tuple[Value | None, ...]
    segments: tuple[Part, ...]
    accounts: tuple[Part, ...]
    base: float | None

    @property
    def is_better(self) -> bool | None:
        """Whether the change is in the direction that is wanted; none if neither is."""
        if not self.change or self.direction == "neutral":
            return None
        return (self.change > 0) == (self.direction == "higher")

    @property
    def misses_target(self) -> bool | None:
        """Whether the value is on the wrong side of the target; none without either."""
        if self.value is None or self.target is None or self.direction == "neutral":
            return None
        gap = exact(self.value) - exact(self.target)
        return gap < 0 if self.direction == "higher" else gap > 0

    @property
    def unusual(self) -> tuple[int, int] | None:
        """How many of the last changes were smaller, and of how many; none with too few."""
        if self.change is None:
            return None
        known = [exact(value) if value is not None else None for value in self.series[:-1]]
        changes = [
            abs(new - old) for old, new in pairwise(known) if old is not None and new is not None
        ]
        if len(changes) < HISTORY // 2:
            return None
        return sum(each < abs(self.change) for each in changes), len(changes)


@dataclass(frozen=True)
class Event:
    """A risk or a win of one account in the period; `value` is that of `metric`."""

    kind: Literal["risk", "win"]
    title: str
    account_id: str | None
    account_name: str
    segment: str | None
    detail: str
    metric: str
    value: Value
    unit: str


@dataclass(frozen=True)
class Restatement:
    """A value that was told or closed once and is another one today."""

    metric: str
    label: str
    unit: str
    period: str
    segment: str
    value_then: Value | None
    value_today: Value | None
    because: str


@dataclass(frozen=True)
class Quality:
    """How good the data were: the last build, its sources, what is open, what is measured."""

    run: dict[str, Any]
    sources: list[dict[str, Any]]
    issues: list[dict[str, Any]]
    metrics: list[Headline]


@dataclass(frozen=True)
class PeriodFacts:
    """All that is told of a period, and the day that the published numbers are of.

    `headlines` have the period's grain. `monthly` are, in a weekly pack, those of the last month
    that was over, which have no weekly value. `bridge` are the movements that together are a
    month's change of MRR, by their type. `actions` are the proposed calls to action; they
    and the open issues are as of `as_of`, so they are empty for a period that is not the last.
    """

    period: Period
    as_of: date
    run_id: str
    headlines: list[Headline]
    monthly: list[Headline]
    bridge: dict[str, Value]
    risks: list[Event]
    wins: list[Event]
    anomalies: list[dict[str, Any]]
    restatements: list[Restatement]
    actions: list[dict[str, Any]]
    quality: Quality
    is_latest: bool
    account_names: dict[str, str]


@dataclass(frozen=True)
class Signal:
    """A kind of risk or win: the accounts for which a metric, so filtered, has a value."""

    kind: Literal["risk", "win"]
    title: str
    metric: str
    where: tuple[str, ...]
    details: tuple[str, ...]
    grains: tuple[str, ...] = ("month", "week")


MOVEMENT, REASON = "mrr_movement_reason__movement_type", "mrr_movement_reason__reason"
BANDS = ("health_band_movement__from_band", "health_band_movement__to_band")
SIGNALS = (
    Signal("risk", "Left", "mrr_change", (f"{MOVEMENT} = 'churn'",), (REASON,), ("month",)),
    Signal("risk", "Shrank", "mrr_change", (f"{MOVEMENT} = 'contraction'",), (REASON,), ("month",)),
    Signal(
        *("risk", "Not renewed", "expiring_arr"),
        ("renewal__outcome = 'not_renewed'",),
        ("renewal__forecast_category",),
    ),
    Signal(
        *("risk", "Health fell", "health_band_movements"),
        ("health_band_movement__is_downgrade = true",),
        BANDS,
        ("month",),
    ),
    Signal(
        *("risk", "Escalated tickets", "tickets_opened"),
        ("ticket__is_escalated = true",),
        ("ticket__priority",),
    ),
    Signal(
        *("risk", "Detractors", "nps_responses"),
        ("response__category = 'detractor'",),
        ("response__category",),
    ),
    Signal("win", "New customer", "mrr_change", (f"{MOVEMENT} = 'new'",), (), ("month",)),
    Signal("win", "Came back", "mrr_change", (f"{MOVEMENT} = 'reactivation'",), (), ("month",)),
    Signal("win", "Grew", "mrr_change", (f"{MOVEMENT} = 'expansion'",), (REASON,), ("month",)),
    Signal(
        *("win", "Renewed", "expiring_arr"), ("renewal__is_renewed = true",), ("renewal__outcome",)
    ),
    Signal(
        *("win", "Health rose", "health_band_movements"),
        ("health_band_movement__is_upgrade = true",),
        BANDS,
        ("month",),
    ),
    Signal(
        *("win", "Promoters", "nps_responses"),
        ("response__category = 'promoter'",),
        ("response__category",),
    ),
    Signal("win", "Expansion lead", "cs_qualified_leads", (), ()),
)


def asked_metrics(grain: str) -> set[str]:
    """The metrics that a pack of the grain asks for, those of its signals and quality too."""
    of_months = set(HEADLINES["month"]) | set(QUALITY)
    of_signals = {signal.metric for signal in SIGNALS if grain in signal.grains}
    return of_months | set(HEADLINES[grain]) | of_signals | set(DENOMINATORS.values())


def period_facts(engine: MetricsEngine, published_file: Path, period: Period) -> PeriodFacts:
    """The facts of a period that is over.

    Earlier packs beside `published_file` tell what was said before. Raises a UsageError for a
    period that isn't over or has no data, a UserError for a file of another version.
    """
    needed = asked_metrics("month") | asked_metrics("week")
    return Reader(engine, published_file, needed).facts(period)


def packs_folder(published_file: Path) -> Path:
    """Where the packs of a published file are: bellwether.packs beside bellwether.duckdb."""
    return sibling(published_file, "packs")


def told_file(published_file: Path, period: Period) -> Path:
    """What the packs of a period told, by build: {run: {metric: value}}."""
    return packs_folder(published_file) / period.name / "told.json"


def exact(value: Value) -> Fraction:
    """A value as a fraction; ratios to twelve decimals."""
    return Fraction(Decimal(str(value)).quantize(Decimal("1e-12")))


class Reader:
    """Asks one engine what the facts need, of the company or of one account."""

    def __init__(
        self,
        engine: MetricsEngine,
        published_file: Path,
        needed: Collection[str],
        account_id: str | None = None,
    ) -> None:
        """Raises a UserError if the published file lacks one of the metrics needed."""
        self._engine = engine
        self._published_file = published_file
        self._account_id = account_id
        if missing := sorted(set(needed) - set(engine.metrics)):
            raise UserError(
                f"{published_file} was published by another version and has no metric "
                f"{missing[0]}, which the pack shows. Build again."
            )
        accounts = self.rows("marts.dim_accounts", columns="account_id, account_name")
        self._account_names = {row["account_id"]: row["account_name"] for row in accounts}

    def facts(self, period: Period) -> PeriodFacts:
        run = self.last_run()
        require_over(period, run["as_of_date"])
        headlines = [self.headline(name, period) for name in HEADLINES[period.grain]]
        if all(headline.value is None for headline in headlines):
            raise UsageError(f"There are no data of {period.label} in {self._published_file}.")
        last_month = period.last_month
        is_latest = not _is_over(period.back(-1), run["as_of_date"])
        return PeriodFacts(
            period=period,
            as_of=run["as_of_date"],
            run_id=run["run_id"],
            headlines=headlines,
            monthly=[self.headline(name, last_month, parts=False) for name in HEADLINES["month"]]
            if period.grain == "week"
            else [],
            bridge=self._bridge(period),
            risks=self._events("risk", period),
            wins=self._events("win", period),
            anomalies=self._anomalies(period),
            restatements=[*self._told_otherwise(period, headlines, run), *self._restated()],
            actions=self._actions() if is_latest else [],
            quality=Quality(
                run=run,
                sources=self.rows("metadata.fct_source_freshness", "order by system"),
                issues=self._issues() if is_latest else [],
                metrics=[self.headline(name, last_month, parts=False) for name in QUALITY],
            ),
            is_latest=is_latest,
            account_names=self._account_names,
        )

    def headline(self, name: str, period: Period, parts: bool = True) -> Headline:
        metric = self._engine.metrics[name]
        series = self._series(name, period)
        previous, value = series[-2], series[-1]
        segments: list[Part] = []
        accounts: list[Part] = []
        change = base = None
        if self._is_ratio(name):
            (n0, d0), (n1, d1) = (each.get(None, NOTHING) for each in self._inputs(name, period))
            if self._is_divided_by_number(name):
                base = float(min((each for each in (d0, d1) if each), default=0))
            change = n1 / d1 - n0 / d0 if d0 and d1 else None
        elif previous is not None and value is not None:
            change = exact(value) - exact(previous)
        if change is not None and parts:
            segments, accounts = (
                self._parts(name, period, dimension, change) for dimension in (SEGMENT, ACCOUNT)
            )
        return Headline(
            metric=name,
            label=metric.label,
            unit=metric.meta["unit"],
            direction=metric.meta["direction"],
            target=metric.meta["target"],
            owner=metric.meta["owner"],
            source_systems=tuple(metric.meta["source_systems"]),
            grain=period.grain,
            period=period,
            value=value,
            previous=previous,
            change=change,
            series=tuple(series),
            segments=tuple(segments),
            accounts=tuple(accounts),
            base=base,
        )

    def _series(self, name: str, period: Period) -> list[Value | None]:
        """The values of the period and those before it, oldest first.

        A flow that was counted before is nothing, not unknown, in a period without a row.
        """
        periods = [period.back(count) for count in range(HISTORY + 1, -1, -1)]
        time = f"metric_time__{period.grain}"
        values = {row[time]: row[name] for row in self.asked([name], periods)}
        series = [values.get(each.start) for each in periods]
        if not self._is_flow(name):
            return series
        first = next((i for i, value in enumerate(series) if value is not None), len(series))
        return [
            0 if value is None and index > first else value for index, value in enumerate(series)
        ]

    def asked(
        self,
        metrics: Sequence[str],
        periods: Sequence[Period],
        group_by: Sequence[str] = (),
        where: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        """A metric query's rows of some periods of one grain.

        The query is the same for whatever period, so that it is compiled once for all.
        """
        time = f"metric_time__{periods[0].grain}"
        return self._of(self._engine.query(metrics, self._by(time, group_by), where), periods)

    def _by(self, time: str, group_by: Sequence[str]) -> list[str]:
        return [time, *([ACCOUNT] if self._account_id else []), *group_by]

    def _of(self, table: pa.Table, periods: Sequence[Period]) -> list[dict[str, Any]]:
        """The rows of an answer that are of the account, if one was named, and of the periods."""
        import pyarrow as pa
        from pyarrow.compute import equal, is_in

        if self._account_id:
            table = table.filter(equal(table.column(ACCOUNT), self._account_id))
        starts = pa.array([each.start for each in periods], table.column(0).type)
        return table.filter(is_in(table.column(0), starts)).to_pylist()

    def _is_flow(self, name: str) -> bool:
        metric = self._engine.metrics[name]
        return metric.type == "simple" and "at the max of time" not in metric.formula

    def _is_ratio(self, name: str) -> bool:
        return name in DENOMINATORS or self._engine.metrics[name].type == "ratio"

    def _is_divided_by_number(self, name: str) -> bool:
        """Whether a ratio is divided by something that is counted, not by money."""
        import pyarrow as pa

        if name in DENOMINATORS:
            return True
        inputs = self._engine.query_inputs(name, ["metric_time__month"])
        return pa.types.is_integer(inputs.schema.field("denominator").type)

    def _parts(self, name: str, period: Period, dimension: str, change: Fraction) -> list[Part]:
        """The parts of the change, the largest first, and what is counted in several of them."""
        if self._is_ratio(name):
            parts = of_ratio(*self._inputs(name, period, dimension))
        else:
            parts = of_sum(*self._amounts(name, period, dimension))
        moved = [part for part in parts if part.change or dimension == SEGMENT]
        rest = change - sum((part.change for part in parts), Fraction(0))
        if rest:
            moved.append(Part(SEVERAL, None, None, rest))
        return sorted(moved, key=lambda part: -abs(part.change))

    def _amounts(
        self, name: str, period: Period, dimension: str
    ) -> tuple[dict[str | None, Fraction], dict[str | None, Fraction]]:
        """The value of each part, before and in a period."""
        time = f"metric_time__{period.grain}"
        rows = self.asked([name], [period.previous, period], [dimension])
        before, after = (
            {
                row[dimension]: exact(row[name])
                for row in rows
                if row[time] == each.start and row[name] is not None
            }
            for each in (period.previous, period)
        )
        return before, after

    def _inputs(
        self, name: str, period: Period, dimension: str | None = None
    ) -> tuple[dict[str | None, Inputs], dict[str | None, Inputs]]:
        """Numerator and denominator of each part or, under none, the whole: before and in it."""
        time = f"metric_time__{period.grain}"
        periods, group_by = [period.previous, period], [dimension] if dimension else []
        if name in DENOMINATORS:
            denominator = DENOMINATORS[name]
            # What is counted is whole: the product is it but for the division's last digits.
            found = [
                (row, round(row[name] * row[denominator], 6), row[denominator])
                for row in self.asked([name, denominator], periods, group_by)
                if row[denominator]
            ]
        else:
            table = self._engine.query_inputs(name, self._by(time, group_by))
            found = [
                (row, row["numerator"] or 0, row["denominator"] or 0)
                for row in self._of(table, periods)
            ]
        before, after = (
            {
                row[dimension] if dimension else None: (exact(n), exact(d))
                for row, n, d in found
                if row[time] == each.start
            }
            for each in (period.previous, period)
        )
        return before, after

    def _bridge(self, period: Period) -> dict[str, Value]:
        if period.grain != "month":
            return {}
        rows = self.asked(["mrr_change"], [period], [MOVEMENT])
        found = {row[MOVEMENT]: row["mrr_change"] for row in rows}
        return dict(sorted(found.items(), key=lambda movement: -movement[1]))

    def _events(self, kind: str, period: Period) -> list[Event]:
        found = []
        for signal in SIGNALS:
            if signal.kind != kind or period.grain not in signal.grains:
                continue
            rows = self.asked(
                [signal.metric], [period], [ACCOUNT, SEGMENT, *signal.details], signal.where
            )
            events = [
                Event(
                    kind=signal.kind,
                    title=signal.title,
                    account_id=row[ACCOUNT],
                    account_name=self._account_names.get(row[ACCOUNT], "unassigned"),
                    segment=row[SEGMENT],
                    detail=" → ".join(words(row[each]) for each in signal.details if row[each]),
                    metric=signal.metric,
                    value=row[signal.metric],
                    unit=self._engine.metrics[signal.metric].meta["unit"],
                )
                for row in rows
                if row[signal.metric]
            ]
            found += sorted(events, key=lambda event: (-abs(event.value), event.account_name))
        return found

    def _anomalies(self, period: Period) -> list[dict[str, Any]]:
        """What was far from usual in a time that ended within the period."""
        return self.rows(
            "metadata.fct_data_anomalies",
            "where period_end between ? and ? order by abs(score) desc, data_anomaly_id",
            [period.start, period.end],
        )

    def _issues(self) -> list[dict[str, Any]]:
        return self.rows(
            "metadata.fct_data_issues",
            "where status = 'open' order by severity desc, rule, system, table_name, record_key",
        )

    def _actions(self) -> list[dict[str, Any]]:
        return self.rows("marts.rpt_cta_queue", "order by due_date, action_key")

    def last_run(self) -> dict[str, Any]:
        """The record of the build that was published."""
        runs = self.rows("metadata.fct_runs", "order by started_at desc limit 1")
        if not runs:
            raise UserError(f"{self._published_file} has no record of a build. Build again.")
        return runs[0]

    def _restated(self) -> list[Restatement]:
        """Values of closed months that are others today."""
        rows = self.rows("metadata.rpt_restatements", "order by month_start, metric_name, segment")
        return [
            self._restatement(
                row["metric_name"],
                f"{row['month_start']:%Y-%m}",
                row["segment"],
                row["closed_value"],
                row["value_today"],
                row["causes"] or "not known",
            )
            for row in rows
            if row["metric_name"] in self._engine.metrics
        ]

    def _told_otherwise(
        self, period: Period, headlines: Sequence[Headline], run: Mapping[str, Any]
    ) -> list[Restatement]:
        """What the last packs of this period and the one before told otherwise than today."""
        today = {
            period.name: {each.metric: each.value for each in headlines},
            period.previous.name: {each.metric: each.previous for each in headlines},
        }
        found = []
        for each in (period.previous, period):
            told = self._told(told_file(self._published_file, each), run["run_id"])
            for metric, then in told.items():
                now = today[each.name].get(metric)
                if metric in today[each.name] and not _is_same(then, now):
                    because = "the data or the definition changed since that pack"
                    found.append(self._restatement(metric, each.name, "all", then, now, because))
        return found

    def _told(self, file: Path, run_id: str) -> dict[str, Decimal | None]:
        """What the last build before this one told."""
        if not file.exists():
            return {}
        try:
            by_run = json.loads(file.read_text(encoding="utf-8"))
            others = {run: values for run, values in by_run.items() if run != run_id}
            return {
                metric: None if value is None else Decimal(value)
                for metric, value in (others[max(others)] if others else {}).items()
            }
        except (ValueError, ArithmeticError, AttributeError):
            raise UserError(
                f"{file} can't be read, so what earlier packs told isn't known. Restore it, or "
                "delete it to begin anew."
            ) from None

    def _restatement(
        self,
        metric: str,
        period: str,
        segment: str,
        then: Value | None,
        today: Value | None,
        because: str,
    ) -> Restatement:
        defined = self._engine.metrics[metric]
        return Restatement(
            metric, defined.label, defined.meta["unit"], period, segment, then, today, because
        )

    def rows(
        self, table: str, rest: str = "", parameters: Sequence[Any] = (), columns: str = "*"
    ) -> list[dict[str, Any]]:
        return self._engine.rows(f"select {columns} from {CATALOG}.{table} {rest}", parameters)


def _is_over(period: Period, as_of: date) -> bool:
    return period.end <= as_of


def _is_same(then: Value | None, now: Value | None) -> bool:
    """The same to six decimals, as metric values are published."""
    if then is None or now is None:
        return then is now
    return round(exact(then) - exact(now), 6) == 0
