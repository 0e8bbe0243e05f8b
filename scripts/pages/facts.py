"""What the pages say, asked of the metrics of one published file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

from scripts.metrics_engine import Metric, MetricsEngine
from scripts.pages.parts import ALL, Cube, Row, label
from scripts.project import CATALOG, UserError

FILTERS = {"segment": "Segment", "region": "Region", "team": "CSM team"}
# How the dimension of a filter ends; a metric that has none is not told by that filter.
ENDINGS = {"segment": "__segment", "region": "__region", "team": "__csm_manager_id"}
UNASSIGNED = "unassigned"
PERIODS = {"month": 1, "quarter": 3}


class Facts:
    """Metric answers and governed rows of a published file."""

    def __init__(self, published_file: Path) -> None:
        """Raises a UserError if the file or its metric definitions are missing."""
        self.published_file = published_file
        self.engine = MetricsEngine(published_file)
        self.tables: set[str] = set()  # whose rows were read
        self._cubes: dict[Any, Cube] = {}

    def close(self) -> None:
        self.engine.close()

    def metric(self, name: str) -> Metric:
        """Definition of a metric; a UserError if the file is of an older version without it."""
        try:
            return self.engine.metrics[name]
        except KeyError:
            raise UserError(
                f"{self.published_file} is of another version: it has no metric {name}. "
                "Run `make build` first."
            ) from None

    @cached_property
    def as_of(self) -> date:
        """The day that the published file stands at."""
        rows = self.rows("metadata.fct_runs", ["started_at", "as_of_date"])
        if not rows:
            raise UserError(f"{self.published_file} says of no run as of when it is: build again.")
        return max(rows, key=lambda row: row["started_at"])["as_of_date"]

    @cached_property
    def first_month(self) -> date:
        """The first month with customers."""
        answer = self.engine.query(
            ["active_customers"], ["metric_time__month"], order_by=["metric_time__month"], limit=1
        ).to_pylist()
        if not answer:
            raise UserError(f"{self.published_file} has no month with customers to show.")
        return answer[0]["metric_time__month"]

    def number(self, day: date) -> int:
        """The number of a day's month, counted from the first."""
        first = self.first_month
        return (day.year - first.year) * 12 + day.month - first.month

    @cached_property
    def last_month(self) -> date:
        """First day of the last month that is over on the as-of date."""
        following = self.as_of + timedelta(days=1)
        return (following.replace(day=1) - timedelta(days=1)).replace(day=1)

    @cached_property
    def last_number(self) -> int:
        """The number of the last month that is over on the as-of date."""
        return self.number(self.last_month)

    @cached_property
    def filter_values(self) -> dict[str, list[str]]:
        """What each filter can be set to: what customers ever were."""
        return {
            name: sorted(
                {
                    _value(row[dimension])
                    for row in self.engine.query(["active_customers"], [dimension]).to_pylist()
                }
            )
            for name, dimension in self.filter_dimensions("active_customers").items()
        }

    def filter_dimensions(self, metric: str) -> dict[str, str]:
        """The dimension of each filter that the metric is told by; as held then, not today's."""
        found = {}
        for name, ending in ENDINGS.items():
            for dimension in self.metric(metric).dimensions:
                if dimension.endswith(ending) and not dimension.startswith("current_"):
                    found.setdefault(name, dimension)
        return found

    def cube(
        self,
        metrics: Sequence[str],
        extra: Sequence[str] = (),
        where: Sequence[str] = (),
        period: str = "month",
        none: str = "unassigned",
    ) -> Cube:
        """The metrics for every selection of the filters that they all have, by month or quarter.

        `extra` names further dimensions to group by, e.g. mrr_movement_reason__reason; their
        short names are what stands after the last `__`, and `none` is what they are called where
        there is no value. Each selection is a query of its own, so
        a ratio is the ratio of that selection. The same question is asked once.
        """
        question = tuple(metrics), tuple(extra), tuple(where), period, none
        if question not in self._cubes:
            self._cubes[question] = self._ask(*question)
        return self._cubes[question]

    def _ask(
        self,
        metrics: tuple[str, ...],
        extra: tuple[str, ...],
        where: tuple[str, ...],
        period: str,
        none: str,
    ) -> Cube:
        known = [self.filter_dimensions(metric) for metric in metrics]
        filters = {
            name: dimension
            for name, dimension in known[0].items()
            if all(each.get(name) == dimension for each in known)
        }
        extras = {dimension.rpartition("__")[2]: dimension for dimension in extra}
        dimensions = filters | extras
        time = f"metric_time__{period}"
        columns: dict[str, list[Any]] = {name: [] for name in ("month", *dimensions, *metrics)}
        for size in range(len(filters) + 1):
            for chosen in combinations(filters, size):
                asked = [dimensions[name] for name in (*chosen, *extras)]
                table = self.engine.query(metrics, [time, *asked], where)
                for row in table.to_pylist():
                    if row[time] is None or all(row[metric] is None for metric in metrics):
                        continue
                    columns["month"].append(self.number(row[time]) + PERIODS[period] - 1)
                    for name, dimension in dimensions.items():
                        is_all = name in filters and name not in chosen
                        absent = none if name in extras else UNASSIGNED
                        value = absent if row.get(dimension) is None else str(row[dimension])
                        columns[name].append(ALL if is_all else value)
                    for metric in metrics:
                        columns[metric].append(_number(row[metric]))
        values = {name: _in_order(columns[name]) for name in dimensions}
        places = {name: {each: at for at, each in enumerate(values[name])} for name in dimensions}
        return Cube(
            metrics=metrics,
            dimensions=dimensions,
            filters=tuple(filters),
            extra=tuple(extras),
            where=where,
            period=period,
            none=none,
            values=values,
            columns=columns
            | {name: [places[name][each] for each in columns[name]] for name in dimensions},
        )

    def rows(self, table: str, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Columns of a governed table, named <schema>.<table>, as they are."""
        self.tables.add(table)
        return self.engine.rows(f"select {', '.join(columns)} from {CATALOG}.{table}")

    def filter_label(self, name: str, value: str) -> str:
        """A value of a filter as people read it."""
        return label(self.filter_dimensions("active_customers")[name], value)

    def row(self, cells: Sequence[str], **belongs_to: str | None) -> Row:
        """A row of a table with what it belongs to of the filters: segment="smb"."""
        return Row(cells, {name: _value(value) for name, value in belongs_to.items()})


def _value(value: Any) -> str:
    """A value of a dimension; what has none is unassigned."""
    return UNASSIGNED if value is None else str(value)


def _in_order(found: Sequence[str]) -> list[str]:
    """Values of a dimension: all first, then numbers by size, then texts."""

    def place(value: str) -> tuple[bool, bool, float, str]:
        is_number = value.lstrip("-").isdigit()
        return value != ALL, not is_number, float(value) if is_number else 0, value

    return sorted({*found}, key=place)


def _number(value: Any) -> float | int | None:
    """As short as it can be without a visible difference: nine decimals, whole numbers whole."""
    if value is None:
        return None
    number = round(float(value), 9)
    return int(number) if number.is_integer() else number
