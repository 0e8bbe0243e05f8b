"""What a BI tool can be told of the metrics: measures of facts, and tables of metric values.

A tool adds up, counts and nothing else. So a metric is a measure of its fact if it is a sum or a
count of rows that may be added over time; any other (a ratio, a derived or cumulative metric, a
median, a stock) is a column of an exported table, where MetricFlow has computed it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from scripts.definitions import keys_of
from scripts.formats import words
from scripts.metrics_engine import Metric, MetricsEngine
from scripts.project import UserError, sibling

# MetricFlow's aggregations that every BI tool has, as it computes them in SQL.
AGGREGATIONS = {
    "sum": "sum({})",
    "count": "count({})",
    "count_distinct": "count(distinct {})",
}


KINDS = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "INTEGER": "whole number",
    "BIGINT": "whole number",
    "HUGEINT": "whole number",
}


def kind_of(data_type: str) -> str:
    """What a column of a type, as DuckDB names it, is to a tool."""
    return KINDS.get(data_type, "number")


def line(text: str) -> str:
    """A text of several lines in one."""
    return " ".join(text.split())


@dataclass(frozen=True)
class Column:
    """A column: its name there, its type as DuckDB names it, what it holds."""

    name: str
    type: str
    description: str

    @property
    def label(self) -> str:
        """Its name without its entity, in words: account__segment is "Segment"."""
        return words(self.name.rpartition("__")[2]).capitalize()

    @property
    def is_time(self) -> bool:
        return kind_of(self.type) in ("date", "timestamp")


@dataclass(frozen=True)
class Measure:
    """A metric that is an aggregation of one column of its fact, the column given in SQL.

    `value` is that SQL; rows that the metric doesn't count have no value. `time` is the column
    that says in which month a row counts.
    """

    metric: Metric
    aggregation: str
    value: str
    time: str

    @property
    def description(self) -> str:
        return f"{line(self.metric.description)} Counted by {self.time}."

    @property
    def sql(self) -> str:
        return AGGREGATIONS[self.aggregation].format(self.value)


@dataclass(frozen=True)
class Join:
    """A dimension table of which a fact's row has at most one: by `column` = the table's `key`."""

    entity: str
    table: str
    column: str
    key: str


@dataclass(frozen=True)
class Table:
    """A table of the published file. Of a metric table `metrics` are columns, its own else."""

    schema: str
    name: str
    key: str | None
    description: str
    columns: list[Column]
    measures: list[Measure] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)

    @property
    def relation(self) -> str:
        return f"{self.schema}.{self.name}"


# Metric values can't be added up, so a group of several has none.
ONE_VALUE = 'case when count(*) = 1 then max("{}") end'
TIMES = {
    "metric_time__month": "Month, by its first day; of each metric the month in which it counts.",
    "metric_time__day": "Day; of each metric the day on which it counts.",
}
COLUMNS = """
    select schema_name || '.' || table_name, column_name, data_type
    from duckdb_columns()
    where not internal
    order by schema_name, table_name, column_index
"""


class Governed:
    """The measures and the metric tables of a published file."""

    def __init__(self, published_file: Path) -> None:
        """Read the file and the semantic manifest beside it.

        Raises a UserError if either is missing or the file isn't of that manifest.
        """
        engine = MetricsEngine(published_file)
        engine.close()
        self.published_file = published_file
        self.metrics = engine.metrics
        self._saved_queries = engine.saved_queries
        manifest = sibling(published_file, "semantic_manifest.json")
        self._manifest = json.loads(manifest.read_text(encoding="utf-8"))
        self._models = {each["name"]: each for each in self._manifest["semantic_models"]}
        self._types: dict[str, dict[str, str]] = {}
        self._connection = duckdb.connect(str(published_file), read_only=True)
        for relation, column, data_type in self._connection.execute(COLUMNS).fetchall():
            self._types.setdefault(relation, {})[column] = data_type

    @cached_property
    def metric_tables(self) -> list[Table]:
        """The exported tables; their columns are what they are grouped by."""
        return [
            Table(
                schema="metrics",
                name=table,
                key=None,
                description=line(query.description),
                columns=[each for each in columns if each.name not in self.metrics],
                metrics=[self.metrics[each.name] for each in columns if each.name in self.metrics],
            )
            for query in self._saved_queries
            for table in query.exports
            for columns in [self._columns("metrics", table, self._dimensions)]
        ]

    @cached_property
    def facts(self) -> list[Table]:
        """The tables that have measures."""
        return [table for name in self._models if (table := self._table(name)).measures]

    @cached_property
    def dimensions(self) -> list[Table]:
        """The tables that facts join."""
        names = {join.table for fact in self.facts for join in fact.joins}
        return [self._table(name) for name in sorted(names)]

    @cached_property
    def dates(self) -> Table:
        """The calendar, for tools that group and filter every table by the same dates."""
        description = "One row per day."
        columns = self._columns("marts", "dim_dates", {})
        return Table("marts", "dim_dates", "date_day", description, columns)

    def types_of(self, query: str) -> dict[str, str]:
        """The columns of a query of the published file with their types, as DuckDB names them."""
        described = self._connection.execute(f"describe {query}").fetchall()
        return {name: data_type for name, data_type, *_ in described}

    @cached_property
    def left_out(self) -> list[str]:
        """The metrics that no tool is told: neither a measure nor in an exported table."""
        told = {measure.metric.name for fact in self.facts for measure in fact.measures}
        told |= {metric.name for table in self.metric_tables for metric in table.metrics}
        return sorted(set(self.metrics) - told)

    def _table(self, name: str) -> Table:
        model = self._models[name]
        expressions = {each["name"]: each["expr"] or each["name"] for each in model["dimensions"]}
        keys = {each["name"]: each["expr"] or each["name"] for each in model["entities"]}
        described = {
            (each["expr"] or each["name"]): each["description"]
            for each in [*model["dimensions"], *model["entities"]]
        }
        own = [each for each in keys if each in keys_of(model)]
        return Table(
            schema=model["node_relation"]["schema_name"],
            name=model["node_relation"]["alias"],
            key=keys[own[0]] if own else None,
            description=line(model["description"]),
            columns=[
                each
                for each in self._columns(model["node_relation"]["schema_name"], name, described)
                if each.name in described
            ],
            measures=self._measures(model, expressions),
            joins=[
                Join(entity=each, table=target, column=keys[each], key=key)
                for each in keys
                if each not in own
                for target, key in self._holders(each)
            ],
        )

    @cached_property
    def _dimensions(self) -> dict[str, str]:
        """What the group-by items of the exported tables are, by their name there."""
        return TIMES | {
            f"{entity}__{each['name']}": each["description"]
            for model in self._models.values()
            for entity in keys_of(model)
            for each in model["dimensions"]
        }

    def _columns(self, schema: str, table: str, described: Mapping[str, str]) -> list[Column]:
        """The columns of a table of the file, those of its metrics included."""
        types = self._types.get(f"{schema}.{table}")
        if not types:
            raise UserError(
                f"{self.published_file} has no table {schema}.{table}, which the metrics beside it "
                "name: build and publish again."
            )
        return [
            Column(name, data_type, line(described.get(name) or ""))
            for name, data_type in types.items()
        ]

    def _holders(self, entity: str) -> list[tuple[str, str]]:
        """The dimension tables of which an entity is the key, and the column that is the key."""
        return [
            (model["name"], each["expr"] or each["name"])
            for model in self._models.values()
            for each in model["entities"]
            if each["name"] == entity and each["type"] == "primary"
            if model["name"].startswith("dim_")
        ]

    def _measures(self, model: Mapping[str, Any], expressions: Mapping[str, str]) -> list[Measure]:
        found = []
        for metric in self._manifest["metrics"]:
            parameters = metric["type_params"]
            aggregation = parameters["metric_aggregation_params"]
            if (
                metric["name"] not in self.metrics
                or not aggregation
                or aggregation["semantic_model"] != model["name"]
                or aggregation["non_additive_dimension"]
            ):
                continue
            value, kind = parameters["expr"] or metric["name"], aggregation["agg"]
            if kind == "sum_boolean":
                value, kind = f"case when {value} then 1 else 0 end", "sum"
            if kind not in AGGREGATIONS:
                continue
            conditions = [
                _rendered(each["where_sql_template"], keys_of(model), expressions)
                for each in (metric["filter"] or {"where_filters": []})["where_filters"]
            ]
            if None in conditions:
                continue
            if conditions:
                value = f"case when {' and '.join(map('({})'.format, conditions))} then {value} end"
            time = aggregation["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
            found.append(Measure(self.metrics[metric["name"]], kind, value, expressions[time]))
        return found


def _rendered(condition: str, keys: set[str], expressions: Mapping[str, str]) -> str | None:
    """A metric's filter as SQL over its own model's columns; None if it reads another model."""
    foreign = []

    def column(name: str, grain: str | None = None) -> str:
        entity, _, dimension = name.rpartition("__")
        if entity not in keys or dimension not in expressions:
            foreign.append(name)
        return expressions.get(dimension, "")

    text = jinja2.Template(condition).render(Dimension=column, TimeDimension=column)
    return None if foreign else " ".join(text.split())
