"""What a page is made of; the template and the page's script know how each part looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from scripts.formats import words

ALL = "all"  # what a filter says that is not set

MONTHS = {
    "period": "the months of the period",
    "before": "the months of the period and the one before it",
    "end": "the period's last month",
    "ahead": "the months after the last closed one, whatever the period",
    "always": "every month there is, whatever the period",
}


def label(dimension: str, value: str) -> str:
    """A value of a dimension in words: mid_market is "mid market"; a key stays as it is."""
    return value if dimension.endswith("_id") else words(value)


@dataclass(frozen=True, eq=False)
class Cube:
    """Answers of metric queries for every selection of the filters, column by column.

    Each row is one month (its number counted from the site's first month; of a quarter the last)
    for one selection of `filters` and one combination of `extra`, the short names of further
    dimensions. A column of a dimension holds places in `values`; a metric's holds its values as
    MetricFlow computed them for that selection, none where there is nothing to measure.
    """

    metrics: tuple[str, ...]
    dimensions: dict[str, str]  # filter or extra, by its short name → dimension of the metrics
    filters: tuple[str, ...]
    extra: tuple[str, ...]
    where: tuple[str, ...]
    period: str
    none: str  # the value of an extra where there is none
    values: dict[str, list[str]]
    columns: dict[str, list[Any]]

    def labels(self, name: str) -> list[str]:
        """The values of a dimension as people read them."""
        return [label(self.dimensions[name], value) for value in self.values[name]]

    def as_json(self) -> dict[str, Any]:
        return {
            "filters": self.filters,
            "extra": self.extra,
            "step": {"month": 1, "quarter": 3}[self.period],
            "values": self.values,
            "labels": {name: self.labels(name) for name in self.values},
            "columns": self.columns,
        }


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart of the metrics in `series` (metric → the name it has here).

    The page's script gives the specification its rows as data `rows`, one per row of the cube and
    metric: month, filters, extras, metric (its name here), value and text. `split` names filters
    whose values stand beside each other; `months` is a key of MONTHS. Owner, unit and definition
    come from the metrics' meta.
    """

    kind: ClassVar[str] = "chart"
    key: str
    title: str
    cube: Cube
    series: Mapping[str, str]
    specification: Mapping[str, Any]
    split: tuple[str, ...] = ()
    months: str = "period"
    note: str = ""

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(self.series)

    def as_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "series": self.series,
            "split": self.split,
            "months": self.months,
            "specification": self.specification,
        }


@dataclass(frozen=True, eq=False)
class Kpi:
    """A metric's latest value, its change and its trend; with targets, how it stands to them.

    `targets` has, by segment, the target and status of each month's number (see Cube) for which
    the scorecard has one. `before` is how many months back the change looks. With `latest`, for
    an outcome that takes its time, it is of the last month of the period that has one.
    """

    metric: str
    name: str
    cube: Cube
    before: int = 12
    latest: bool = False
    targets: Mapping[str, Mapping[int, tuple[float | None, str]]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "metric": self.metric,
            "name": self.name,
            "before": self.before,
            "latest": self.latest,
            "targets": self.targets,
        }


@dataclass(frozen=True, eq=False)
class Kpis:
    """KPIs as tiles, or with `as_table` as a scorecard, one row each."""

    kind: ClassVar[str] = "kpis"
    key: str
    kpis: Sequence[Kpi]
    title: str = ""
    as_table: bool = False
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """The answer of one metric query, as text, whatever the page's filters say."""

    metric: str
    name: str
    text: str
    notes: Sequence[str]


@dataclass(frozen=True, eq=False)
class Figures:
    """Answers as tiles."""

    kind: ClassVar[str] = "figures"
    key: str
    figures: Sequence[Figure]

    @property
    def metrics(self) -> set[str]:
        return {figure.metric for figure in self.figures}


@dataclass(frozen=True)
class Named:
    """A metric by the name it has here; leads to its definition."""

    metric: str
    name: str


@dataclass(frozen=True, eq=False)
class Row:
    """Cells of a table, and what of the filters the row belongs to."""

    cells: Sequence[str | Named]
    belongs_to: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Table:
    """Facts read from a governed table as they are; rows that a filter excludes are hidden.

    Numbers stand in it with the metric that they are the answer of.
    """

    kind: ClassVar[str] = "table"
    key: str
    title: str
    source: str  # the governed table, or what was asked
    columns: Sequence[str]
    rows: Sequence[Row]
    numeric: frozenset[str] = frozenset()  # columns that stand to the right
    note: str = ""
    is_wide: bool = True

    @property
    def metrics(self) -> set[str]:
        cells = (cell for row in self.rows for cell in row.cells)
        return {cell.metric for cell in cells if isinstance(cell, Named)}


Part = Chart | Figures | Kpis | Table


@dataclass(frozen=True, eq=False)
class Section:
    """A heading, one or two sentences, and what they introduce."""

    key: str
    title: str
    text: str
    parts: Sequence[Part]


@dataclass(frozen=True, eq=False)
class Page:
    """One page of the site; `key` is its file's name without .html."""

    key: str
    title: str
    text: str
    sections: Sequence[Section]

    @property
    def parts(self) -> list[Part]:
        return [part for section in self.sections for part in section.parts]

    @property
    def charts(self) -> list[Chart]:
        return [part for part in self.parts if isinstance(part, Chart)]

    @property
    def kpis(self) -> list[Kpi]:
        return [kpi for part in self.parts if isinstance(part, Kpis) for kpi in part.kpis]

    @property
    def cubes(self) -> list[Cube]:
        """The cubes of its charts and KPIs, each once."""
        shown: list[Chart | Kpi] = [*self.charts, *self.kpis]
        return list({id(each.cube): each.cube for each in shown}.values())

    @property
    def metrics(self) -> set[str]:
        """Every metric that the page shows."""
        shown = [part for part in self.parts if not isinstance(part, Kpis)]
        return {metric for part in shown for metric in part.metrics} | {
            kpi.metric for kpi in self.kpis
        }
