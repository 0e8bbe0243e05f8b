"""The metric dictionary: one page that says everything of every public metric, offline.

What it says comes from the manifests of a build, its work file and its test results; no word of a
definition stands here. `scripts/dictionary.html.j2` is how it looks.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from scripts.formats import value_text
from scripts.lineage import Lineage
from scripts.metrics_engine import Metric, MetricDefinitions
from scripts.parsed_project import read_manifest, read_rows
from scripts.project import ROOT, Places, sibling
from scripts.publish import put_text
from scripts.sql_columns import ROWS, Column, Kind

TEMPLATE = Path(__file__).with_name("dictionary.html.j2")
REFERENCE = ROOT / "seeds" / "reference"
SPARKLINE = (120, 28)  # width and height
SHOWN_MONTHS = 24
AGGREGATIONS = {
    "sum": "sum of {}",
    "sum_boolean": "number of rows where {}",
    "count": "number of rows with {}",
    "count_distinct": "number of different {}",
    "average": "mean of {}",
    "median": "median of {}",
    "percentile": "percentile of {}",
    "min": "least {}",
    "max": "greatest {}",
}


@dataclass(frozen=True)
class Step:
    """One line of a formula: what a metric, or an input of it, is."""

    name: str
    formula: str
    filters: list[str]
    model: str = ""
    time: str = ""


@dataclass(frozen=True)
class Series:
    """A metric's values of one segment; months without a value are left out."""

    segment: str
    months: list[date]
    values: list[Decimal]

    @property
    def latest(self) -> Decimal:
        return self.values[-1]

    def before(self, months: int) -> Decimal | None:
        """The value so many months before the latest."""
        last = self.months[-1].year * 12 + self.months[-1].month
        found = {m.year * 12 + m.month: v for m, v in zip(self.months, self.values, strict=True)}
        return found.get(last - months)

    @property
    def points(self) -> str:
        """The last months as the points of an SVG line."""
        return sparkline(self.values[-SHOWN_MONTHS:])


@dataclass(frozen=True)
class Test:
    """A data test of a model that the metric is computed from."""

    name: str
    model: str
    promise: str
    status: str
    at: str


@dataclass(frozen=True)
class Entry:
    """All that the page says of one metric."""

    metric: Metric
    domain: str
    file: str
    steps: list[Step]
    grains: dict[str, str]
    sql: str
    origins: dict[str, dict[str, list[str]]]
    read: dict[str, list[str]]
    series: list[Series]
    targets: list[dict[str, str]]
    tests: list[Test]
    exposures: list[tuple[str, str]]
    exports: list[str]
    versions: list[dict[str, str]]
    changes: list[str]

    @property
    def company(self) -> Series | None:
        return next((series for series in self.series if series.segment == "all"), None)

    @property
    def filters(self) -> list[str]:
        return list(dict.fromkeys(f for step in self.steps for f in step.filters))

    @property
    def words(self) -> str:
        """What the search looks in."""
        metric = self.metric
        texts = [metric.name, metric.label, metric.description, *(s.name for s in self.steps)]
        return " ".join([*texts, *metric.meta["source_systems"]]).lower()


def sparkline(values: list[Decimal]) -> str:
    """Points of a line through the values, the least at the bottom; what is level in the middle."""
    width, height = SPARKLINE
    low, high = min(values), max(values)
    step = Decimal(width - 4) / max(len(values) - 1, 1)
    parts = [(high - value) / (high - low) if high > low else Decimal("0.5") for value in values]
    return " ".join(
        f"{2 + index * step:.1f},{2 + (height - 4) * part:.1f}" for index, part in enumerate(parts)
    )


def without_braces(condition: str) -> str:
    """A filter as it is read: {{ Dimension('ticket__priority') }} is ticket__priority."""
    return re.sub(r"\{\{\s*\w+\('([^']+)'(?:,\s*'(\w+)')?\)\s*\}\}", _reference, condition)


def _reference(found: re.Match[str]) -> str:
    return f"{found[1]}__{found[2]}" if found[2] else found[1]


def conditions(filtered: Mapping[str, Any]) -> list[str]:
    """The filters of a metric, or of an input of one."""
    where = filtered["filter"] or {"where_filters": []}
    return [without_braces(each["where_sql_template"]) for each in where["where_filters"]]


def steps_of(manifest: Mapping[str, Any], name: str) -> list[Step]:
    """A metric's formula in words, then that of each of its inputs, hidden ones included."""
    by_name = {metric["name"]: metric for metric in manifest["metrics"].values()}
    models = {m["name"]: m for m in manifest["semantic_models"].values()}
    steps: dict[str, Step] = {}
    waiting = [name]
    while waiting:
        metric = by_name[waiting.pop(0)]
        if metric["name"] not in steps:
            steps[metric["name"]] = _step(metric, models)
            waiting += [each["name"] for each in _inputs(metric["type_params"])]
    return list(steps.values())


def _inputs(parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    cumulative = parameters["cumulative_type_params"] or {}
    conversion = parameters["conversion_type_params"] or {}
    return [
        each
        for each in (
            parameters["numerator"],
            parameters["denominator"],
            *parameters["metrics"],
            cumulative.get("metric"),
            conversion.get("conversion_metric"),
            conversion.get("base_metric"),
        )
        if each
    ]


def _step(metric: Mapping[str, Any], models: Mapping[str, Any]) -> Step:
    parameters = metric["type_params"]
    filters = conditions(metric)
    if aggregation := parameters["metric_aggregation_params"]:
        model = models[aggregation["semantic_model"]]
        time = aggregation["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
        text = AGGREGATIONS[aggregation["agg"]].format(parameters["expr"] or metric["name"])
        if stock := aggregation["non_additive_dimension"]:
            end = {"max": "last", "min": "first"}[stock["window_choice"]]
            text += f", at the {end} {stock['name']} of the period"
        if parameters["fill_nulls_with"] is not None:
            text += f"; {parameters['fill_nulls_with']} where there is none"
        relation = model["node_relation"]["alias"]
        return Step(metric["name"], text, filters, relation, time)
    return Step(metric["name"], _combined(metric), filters)


def _combined(metric: Mapping[str, Any]) -> str:
    """The formula of a metric that is made of others."""
    parameters = metric["type_params"]
    if cumulative := parameters["cumulative_type_params"]:
        what = _input(cumulative["metric"])
        if cumulative["grain_to_date"]:
            return f"{what}, {cumulative['grain_to_date']} to date"
        return f"{what}, " + (
            f"over {_span(cumulative['window'])}" if cumulative["window"] else "from the beginning"
        )
    if conversion := parameters["conversion_type_params"]:
        within = f" within {_span(conversion['window'])}" if conversion["window"] else ""
        return (
            f"share of {_input(conversion['base_metric'])} followed by "
            f"{_input(conversion['conversion_metric'])}{within}, per {conversion['entity']}"
        )
    if parameters["numerator"]:
        return f"{_input(parameters['numerator'])} ÷ {_input(parameters['denominator'])}"
    qualified = [
        f"{each['alias']} is {_input(each)}" if each["alias"] else _input(each)
        for each in parameters["metrics"]
        if each["alias"] or each["filter"] or each["offset_window"] or each["offset_to_grain"]
    ]
    return "; ".join([parameters["expr"], *qualified])


def _input(each: Mapping[str, Any]) -> str:
    text = each["name"]
    if each["offset_window"]:
        text += f", {_span(each['offset_window'])} before"
    if each["offset_to_grain"]:
        text += f", at the start of the {each['offset_to_grain']}"
    if filters := conditions(each):
        text += f" where {' and '.join(filters)}"
    return text


def _span(window: Mapping[str, Any]) -> str:
    plural = "" if window["count"] == 1 else "s"
    return f"{window['count']} {window['granularity']}{plural}"


def grain_of(description: str) -> str:
    """The sentence of a model's description that begins "One row per"."""
    found = re.search(r"One row per .*?\.(?=\s|$)", " ".join(description.split()))
    return found[0] if found else ""


def mentions(changelog: str, name: str) -> list[str]:
    """The entries of CHANGELOG.md that name something in backticks, each under its version."""
    found, version = [], ""
    for block in re.split(r"\n(?=- |#)", changelog):
        if heading := re.match(r"## \[?([^\]\n]+)", block):
            version = heading[1]
        elif block.startswith("- ") and re.search(rf"`{re.escape(name)}`", block):
            entry = " ".join(block.split("\n\n")[0].removeprefix("- ").split())
            found.append(f"{version}: {entry}")
    return found


class Dictionary:
    """Gathers what the page says, of one build."""

    def __init__(self, places: Places) -> None:
        """Read what the build left."""
        self._manifest = read_manifest(places.manifest)
        self._definitions = MetricDefinitions(places.semantic_manifest)
        self._lineage = Lineage.of(places, self._definitions)
        run = json.loads(places.run_results.read_text(encoding="utf-8"))
        self._results = {each["unique_id"]: each for each in run["results"]}
        self._series = _values(places.work_file)
        self._changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        self._versions = read_rows(REFERENCE / "metric_versions.csv")
        self._targets = read_rows(REFERENCE / "kpi_targets.csv")
        self._metrics = self._manifest["metrics"]
        self._data_tests = [
            # Of a column's or model's test the model itself, not what it is compared with.
            (node, {node["attached_node"]} if "attached_node" in node else set(_below(node)))
            for _, node in sorted(self._manifest["nodes"].items())
            if node["resource_type"] == "test"
        ]

    def entries(self) -> list[Entry]:
        """One entry for each public metric, by label."""
        found = [self._entry(metric) for metric in self._definitions.list_metrics()]
        return sorted(found, key=lambda entry: entry.metric.label.lower())

    def keep(self, places: Places) -> None:
        self._lineage.keep(places)

    def _entry(self, metric: Metric) -> Entry:
        unique_id = next(i for i, each in self._metrics.items() if each["name"] == metric.name)
        file = self._metrics[unique_id]["original_file_path"]
        relation = f"metric {metric.name}"
        models = self._models(unique_id)
        sources = self._lineage.sources_of(metric.name)
        return Entry(
            metric=metric,
            domain=Path(file).parent.name,
            file=file,
            steps=steps_of(self._manifest, metric.name),
            grains={
                self._manifest["nodes"][model]["name"]: grain_of(
                    self._manifest["nodes"][model]["description"]
                )
                for model in models
            },
            sql=self._definitions.explain([metric.name], ["metric_time__month"]),
            origins={
                kind.name: _by_relation(c for c, its_kind in sources.items() if its_kind == kind)
                for kind in Kind
            },
            read=_by_relation(self._lineage.read_by(relation)),
            series=self._series.get(metric.name, []),
            targets=[row for row in self._targets if row["metric"] == metric.name],
            tests=self._tests(models),
            exposures=self._exposures(unique_id),
            exports=[
                export["name"]
                for query in self._manifest["saved_queries"].values()
                if metric.name in query["query_params"]["metrics"]
                for export in query["exports"]
            ],
            versions=[row for row in self._versions if row["metric"] == metric.name],
            changes=mentions(self._changelog, metric.name),
        )

    def _models(self, unique_id: str) -> list[str]:
        """The models that a metric is computed from, by way of its inputs too."""
        if unique_id.startswith("model."):
            return [unique_id]
        kind = "metrics" if unique_id.startswith("metric.") else "semantic_models"
        below = _below(self._manifest[kind][unique_id])
        return list(dict.fromkeys(model for each in below for model in self._models(each)))

    def _tests(self, models: list[str]) -> list[Test]:
        return [
            Test(
                name=node["name"],
                model=", ".join(m.rpartition(".")[2] for m in models if m in looks_at),
                promise=" ".join(node["description"].split()),
                status=self._results.get(node["unique_id"], {}).get("status", "not run"),
                at=_completed(self._results.get(node["unique_id"])),
            )
            for node, looks_at in self._data_tests
            if looks_at & set(models)
        ]

    def _exposures(self, unique_id: str) -> list[tuple[str, str]]:
        """Label and description of each exposure that uses the metric, or one made of it."""
        users = {unique_id}
        grown = True
        while grown:
            more = {i for i, m in self._metrics.items() if users & {*_below(m)}}
            grown = not more <= users
            users |= more
        return [
            (each["label"] or each["name"], " ".join(each["description"].split()))
            for each in self._manifest["exposures"].values()
            if users & {*_below(each)}
        ]


def _below(node: Mapping[str, Any]) -> list[str]:
    return node["depends_on"]["nodes"]


def _by_relation(columns: Iterable[Column]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for column in sorted(columns):
        found.setdefault(column.relation, [])
        if column.name != ROWS:
            found[column.relation].append(column.name)
    return found


def _completed(result: Mapping[str, Any] | None) -> str:
    """When a test was done, to the minute, in UTC."""
    times = [t["completed_at"] for t in (result or {}).get("timing", []) if t["name"] == "execute"]
    return times[0][:16].replace("T", " ") if times else ""


def _values(work_file: Path) -> dict[str, list[Series]]:
    """Of each metric the company's values, then those of its segments."""
    import duckdb

    with duckdb.connect(str(work_file), read_only=True) as connection:
        rows = connection.execute(
            """
            select metric_name, segment, list(month_start order by month_start),
                list(value order by month_start)
            from metadata.fct_metric_values
            where value is not null
            group by metric_name, segment
            order by metric_name, segment <> 'all', segment
            """
        ).fetchall()
    series: dict[str, list[Series]] = {}
    for metric, segment, months, values in rows:
        series.setdefault(metric, []).append(Series(segment, months, values))
    return series


def page_of(entries: Iterable[Entry], published_file: Path) -> str:
    """The page. It may use its own style and script, and nothing else."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["value_text"] = value_text
    template = environment.get_template(TEMPLATE.name)
    style, script = (
        "".join(template.blocks[name](template.new_context())) for name in ("style", "script")
    )
    return template.render(
        entries=list(entries),
        docs=sibling(published_file, "docs.html").name,
        width=SPARKLINE[0],
        height=SPARKLINE[1],
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def write_dictionary(places: Places) -> Path:
    """Write the page of a build beside its published file and give its path."""
    page = sibling(places.published_file, "dictionary.html")
    dictionary = Dictionary(places)
    text = page_of(dictionary.entries(), places.published_file)
    dictionary.keep(places)
    put_text(text, page)
    return page


def _hash(text: str) -> str:
    """As a content security policy names a text that may be used."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
