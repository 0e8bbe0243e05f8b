"""Answers metric queries inside this process; the one file that knows MetricFlow's internals.

Written for metricflow 0.213.0, which requirements.txt pins: what is imported from it here is not a
stable interface, so read this file again when the pin changes (tests/python/test_metrics_engine.py
compares it with `mf query`). Starting takes about a second, a query 10 to 80 ms.
"""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property, wraps
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from metricflow.engine.metricflow_engine import (
    MetricFlowEngine,
    MetricFlowQueryRequest,
    OutputColumnOrderMode,
)
from metricflow.engine.models import Dimension
from metricflow.execution.execution_plan import SqlStatement
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
from metricflow_semantics.errors.error_classes import InvalidQueryException
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from scripts.compiled_queries import CompiledQueries
from scripts.project import CATALOG, UsageError, UserError, sibling, suggestion

DATE_GRAINS = ("day", "week", "month", "quarter", "year")
CONDITION = re.compile(
    r"\s*(?P<name>\w+)\s*"
    r"(?P<operator>=|!=|<>|<=|>=|<|>|\bnot\s+in\b|\bin\b|\bis\s+not\s+null\b|\bis\s+null\b)"
    r"\s*(?P<value>.*?)\s*",
    re.IGNORECASE,
)
# MetricFlow indents the SQL it writes, also a text that has a line break: none may have one.
VALUE = re.compile(
    r"'(?:[^'\x00-\x1f\x7f-\x9f\u2028\u2029]|'')*'|-?\d+(?:\.\d+)?|true|false", re.IGNORECASE
)


class QueryTimeoutError(UserError):
    """A query took longer than it may."""


@dataclass(frozen=True)
class Metric:
    """A metric as a reader needs it; `meta` is its config.meta, `formula` its short form.

    `schemas` are those it is computed from. `personal_data` are the names it can be grouped by that
    hold personal data, each with the schema of the column.
    """

    name: str
    label: str
    description: str
    type: str
    formula: str
    meta: dict[str, Any]
    dimensions: list[str]
    schemas: frozenset[str] = frozenset()
    personal_data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricDimension:
    """What a metric can be grouped by; `ask_for` are the names to do so, of a date by grain."""

    name: str
    type: str
    description: str
    ask_for: tuple[str, ...]


@dataclass(frozen=True)
class SavedQuery:
    """A saved query and the tables of schema `metrics` that its exports write."""

    name: str
    description: str
    exports: tuple[str, ...]


RENDERERS = {"DuckDB": DuckDbSqlPlanRenderer(), "Postgres": PostgresSQLSqlPlanRenderer()}


class _SqlClient:
    """What MetricFlow wants of one; it runs no query, and its plans are the same for RENDERERS."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = RENDERERS["DuckDB"]


def _compiled_once(compile_query: Callable[..., dict[str, str]]) -> Callable[..., str]:
    """Compile a query, for all dialects, only if no process has before, and one at a time."""

    @wraps(compile_query)
    def look_up(self: "MetricDefinitions", *arguments: Any, **options: Any) -> str:
        def compile_it() -> dict[str, str]:
            with self._lock:
                return compile_query(self, *arguments, **options)

        question = compile_query.__name__, arguments, options
        return self._compiled.sql(question, compile_it)[self._dialect]

    return look_up


class MetricDefinitions:
    """The metrics of a semantic manifest, and the SQL of queries for them.

    Several threads may ask. MetricFlow doesn't say that it may be asked so and spends its time in
    Python, where threads wait for each other anyway: it is asked by one at a time.
    """

    def __init__(self, semantic_manifest: Path, dialect: str = "DuckDB") -> None:
        """Read `semantic_manifest`, the file that dbt writes into its target folder.

        `dialect`, of the SQL that is written, is DuckDB or Postgres.
        """
        text = semantic_manifest.read_text()
        self._dialect = dialect
        self._lock = threading.RLock()
        self._known_group_bys: dict[tuple[tuple[str, ...], bool], dict[str, Dimension]] = {}
        self._lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(text))
        self._metricflow = MetricFlowEngine(self._lookup, _SqlClient())
        # This file decides, too, what a question is compiled to.
        self._compiled = CompiledQueries(f"{Path(__file__).read_text()} {text}")

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """The public metrics by name, in alphabetical order."""
        with self._lock:
            return {
                metric.name: self._metric(metric)
                for metric in sorted(
                    self._lookup.semantic_manifest.metrics, key=lambda metric: metric.name
                )
                if not metric.type_params.is_private
            }

    def _metric(self, metric: Any) -> Metric:
        dimensions = self._group_bys([metric.name])
        return Metric(
            name=metric.name,
            label=metric.label or metric.name,
            description=(metric.description or "").strip(),
            type=metric.type.value,
            formula=_formula(metric),
            meta=dict(metric.config.meta) if metric.config else {},
            dimensions=sorted(
                name
                for name, item in dimensions.items()
                if len(item.entity_links) <= 1  # by way of one entity, not of two
            ),
            schemas=frozenset(self._schemas_below(metric)),
            personal_data={
                name: self._schemas[item.semantic_model_reference.semantic_model_name]
                for name, item in dimensions.items()
                if item.config and item.config.meta.get("personal_data")
            },
        )

    @cached_property
    def _schemas(self) -> dict[str, str]:
        """The schema that a semantic model reads, by its name."""
        return {
            model.name: model.node_relation.schema_name
            for model in self._lookup.semantic_manifest.semantic_models
        }

    def _schemas_below(self, metric: Any) -> set[str]:
        """The schemas that a metric and those it is made of are computed from."""
        parameters = metric.type_params
        if parameters.metric_aggregation_params:
            return {self._schemas[parameters.metric_aggregation_params.semantic_model]}
        cumulative, conversion = (
            parameters.cumulative_type_params,
            parameters.conversion_type_params,
        )
        inputs = [
            *metric.input_metrics,
            *([cumulative.metric] if cumulative else []),
            *([conversion.base_metric, conversion.conversion_metric] if conversion else []),
        ]
        by_name = {each.name: each for each in self._lookup.semantic_manifest.metrics}
        return {schema for each in inputs for schema in self._schemas_below(by_name[each.name])}

    def dimensions(self, metric: str) -> list[MetricDimension]:
        """What a metric can be grouped by, by way of one entity at most."""
        with self._lock:
            items = self._group_bys([metric])
        return [
            MetricDimension(
                name=name,
                type=items[name].type.value,
                description=" ".join((items[name].description or "").split()),
                ask_for=tuple(f"{name.removesuffix('__' + grains[0])}__{grain}" for grain in grains)
                or (name,),
            )
            for name in self.metrics[metric].dimensions
            for grains in [_grains(items[name])]
        ]

    def list_metrics(self) -> list[Metric]:
        """The public metrics, in alphabetical order."""
        return list(self.metrics.values())

    @property
    def saved_queries(self) -> list[SavedQuery]:
        """The saved queries with the tables they are exported to."""
        return [
            SavedQuery(
                name=query.name,
                description=(query.description or "").strip(),
                exports=tuple(export.config.alias or export.name for export in query.exports),
            )
            for query in self._lookup.semantic_manifest.saved_queries
        ]

    @_compiled_once
    def explain(
        self,
        metrics: Sequence[str],
        group_by: Sequence[str] = (),
        where: Sequence[str] = (),
        order_by: Sequence[str] = (),
        limit: int | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> dict[str, str]:
        """The SQL of a query; the arguments are those of `query`."""
        metrics, group_by = list(dict.fromkeys(metrics)), list(dict.fromkeys(group_by))
        self._check_metrics(metrics)
        self._check_group_by(metrics, group_by)
        if start and end and start > end:
            raise UsageError(f"The start, {start}, is after the end, {end}.")
        self._check_order_by(order_by, [*metrics, *group_by])
        return self._sql(
            MetricFlowQueryRequest.create(
                metric_names=metrics,
                group_by_names=group_by or None,
                where_constraints=[self._filter(text, metrics) for text in where] or None,
                order_by_names=list(order_by) or group_by or None,
                limit=limit,
                time_constraint_start=_midnight(start),
                time_constraint_end=_midnight(end),
                output_column_order_mode=OutputColumnOrderMode.INPUT_ORDER,
            )
        )

    @_compiled_once
    def explain_inputs(self, ratio: str, group_by: Sequence[str] = ()) -> dict[str, str]:
        """The SQL of a ratio's two inputs; the arguments are those of `query_inputs`."""
        self._check_metrics([ratio])
        self._check_group_by([ratio], group_by)
        metric = next(m for m in self._lookup.semantic_manifest.metrics if m.name == ratio)
        if metric.type.value != "ratio":
            raise UsageError(f"{ratio} is no ratio, so it has no numerator and no denominator.")
        inputs = [metric.type_params.numerator.name, metric.type_params.denominator.name]
        filters = metric.filter.where_filters if metric.filter else []
        return self._sql(
            MetricFlowQueryRequest.create(
                metric_names=inputs,
                group_by_names=list(group_by) or None,
                where_constraints=[each.where_sql_template for each in filters] or None,
                order_by_names=list(group_by) or None,
                output_column_order_mode=OutputColumnOrderMode.INPUT_ORDER,
            )
        )

    @_compiled_once
    def explain_saved(self, name: str) -> dict[str, str]:
        """The SQL of a saved query."""
        known = [query.name for query in self.saved_queries]
        if name not in known:
            raise UsageError(f"There is no saved query {name!r}.{suggestion(name, known)}")
        return self._sql(
            MetricFlowQueryRequest.create(
                saved_query_name=name, output_column_order_mode=OutputColumnOrderMode.INPUT_ORDER
            )
        )

    def _sql(self, request: MetricFlowQueryRequest) -> dict[str, str]:
        try:
            explained = self._metricflow.explain(request).convert_to_execution_plan_result
        except InvalidQueryException as error:
            raise UsageError(f"This query can't be answered. {_first_message(error)}") from None
        plan = explained.convert_to_sql_plan_result.sql_plan
        rendered = {dialect: each.render_sql_plan(plan) for dialect, each in RENDERERS.items()}
        return {
            dialect: SqlStatement(sql.sql, sql.bind_parameter_set).without_descriptions.sql
            for dialect, sql in rendered.items()
        }

    def _group_bys(self, metrics: Sequence[str], all_grains: bool = False) -> dict[str, Dimension]:
        """What all of the metrics can be grouped by, with every grain of time if asked for."""
        question = tuple(metrics), all_grains
        if question not in self._known_group_bys:  # it takes MetricFlow 30 ms
            items = self._metricflow.list_group_bys(
                metric_names=list(metrics), include_derived_time_granularities=all_grains
            )
            self._known_group_bys[question] = {
                item.dunder_name: item for item in items if isinstance(item, Dimension)
            }
        return self._known_group_bys[question]

    def _entities(self, metrics: Sequence[str]) -> set[str]:
        return {entity.name for entity in self._metricflow.entities_for_metrics(list(metrics))}

    def _check_metrics(self, metrics: Sequence[str]) -> None:
        if not metrics:
            raise UsageError("Name at least one metric.")
        for name in metrics:
            if name not in self.metrics:
                raise UsageError(
                    f"There is no metric {name!r}.{suggestion(name, self.metrics)} "
                    "`python -m scripts metrics list` shows them all."
                )

    def _check_group_by(self, metrics: Sequence[str], group_by: Sequence[str]) -> None:
        for name in group_by:
            for metric in metrics:
                allowed = self._allowed([metric])
                if name not in allowed:
                    instead = suggestion(name, allowed) or (
                        f" It can be by {', '.join(self.metrics[metric].dimensions)}."
                    )
                    raise UsageError(f"{metric} can't be grouped by {name!r}.{instead}")

    def _allowed(self, metrics: Sequence[str]) -> dict[str, Dimension | None]:
        """Every name a group-by or a condition may use: dimensions at each grain, entities."""
        allowed: dict[str, Dimension | None] = dict.fromkeys(self._entities(metrics))
        for name, item in self._group_bys(metrics, all_grains=True).items():
            allowed[name] = item
            if item.entity_links:
                # A time dimension of a model may be asked for at each coarser grain, too.
                allowed |= {f"{name}__{grain}": item for grain in _grains(item)}
        if any(name.startswith("metric_time__") for name in allowed):
            allowed["metric_time"] = None
        return allowed

    def _check_order_by(self, order_by: Sequence[str], columns: Sequence[str]) -> None:
        for name in order_by:
            if name.removeprefix("-") not in columns:
                raise UsageError(
                    f"The result can't be ordered by {name!r}, which is not in the query."
                    f"{suggestion(name.removeprefix('-'), columns)}"
                )

    def _filter(self, text: str, metrics: Sequence[str]) -> str:
        """MetricFlow's form of a condition; its values can only be literals."""
        condition = CONDITION.fullmatch(text)
        if not condition:
            raise UsageError(
                f"The condition {text!r} is not understood; write <dimension> <operator> <value>, "
                "e.g. \"account__segment = 'smb'\" or \"account__region in ('emea', 'apac')\"."
            )
        name, value = condition["name"], condition["value"]
        operator = " ".join(condition["operator"].lower().split())
        allowed = self._allowed(metrics)
        if name not in allowed:
            raise UsageError(
                f"{', '.join(metrics)} can't be filtered by {name!r}.{suggestion(name, allowed)}"
            )
        if not _is_literal(operator, value):
            raise UsageError(
                f"The value in {text!r} is not understood: texts and dates stand in single quotes "
                "('smb', '2026-01-01'), numbers don't, lists in brackets ('emea', 'apac')."
            )
        # MetricFlow reads all of a condition as a template, so each brace is put as a text in one.
        value = value.replace("{", "{{ '{' }}")
        return f"{{{{ {_reference(name, allowed[name])} }}}} {operator} {value}".rstrip()


class MetricsEngine(MetricDefinitions):
    """Metrics of one built DuckDB file, opened read-only."""

    def __init__(self, database: Path, semantic_manifest: Path | None = None) -> None:
        """Open `database`, a work or published file, with the semantic manifest of its build.

        Raises a UserError if either is missing or the database is held by a writer.
        """
        if not database.exists():
            raise UserError(f"There is no file {database}: run `make build` first.")
        self.database = database
        manifest_file = semantic_manifest or _manifest_of(database)
        if not manifest_file.exists():
            raise UserError(
                f"The metric definitions of {database} are missing ({manifest_file}): "
                "run `make build` first."
            )
        super().__init__(manifest_file)
        self._connection = duckdb.connect()
        try:
            path = str(database).replace("'", "''")
            # Compiled SQL is fully qualified, so the file gets the name it was built under.
            self._connection.execute(f"attach '{path}' as {CATALOG} (read_only)")
            # Nothing else can be read, or written, from here on, whatever a query says.
            self._connection.execute("set enable_external_access = false")
        except duckdb.Error as error:
            raise UserError(f"{database} can't be read: {error}") from None

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def query(
        self,
        metrics: Sequence[str],
        group_by: Sequence[str] = (),
        where: Sequence[str] = (),
        order_by: Sequence[str] = (),
        limit: int | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> pa.Table:
        """Metric values, one row per combination of the group-by items.

        `where` holds conditions such as "account__segment = 'smb'", all of which must hold;
        `order_by` names metrics or group-by items, "-" before one for descending, and is the
        group-by items if not given; `start` and `end` bound metric_time, both inclusive. Columns
        are the group-by items, then the metrics, in the order asked for; dates are dates, money
        is decimal, ratios are double. Raises a UsageError for what doesn't exist.
        """
        return self.run(self.explain(metrics, group_by, where, order_by, limit, start, end))

    def query_inputs(self, ratio: str, group_by: Sequence[str] = ()) -> pa.Table:
        """What a ratio metric divides: the group-by items, then `numerator` and `denominator`.

        So a change of the ratio can be told by its parts. Raises a UsageError for other metrics.
        """
        table = self.run(self.explain_inputs(ratio, group_by))
        return table.rename_columns([*table.column_names[:-2], "numerator", "denominator"])

    def query_saved(self, name: str) -> pa.Table:
        """The result of a saved query."""
        return self.run(self.explain_saved(name))

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows of published tables as they are, from the same state of the file as the metrics.

        For what is told beside numbers: issues, anomalies, proposed actions. Tables are named
        bellwether.<schema>.<table>. Raises a UserError if the file lacks one of them.
        """
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(sql, list(parameters))
            except (duckdb.CatalogException, duckdb.BinderException) as error:
                raise UserError(
                    f"{self.database} was published by another version and lacks what is asked for "
                    f"({str(error).splitlines()[0]}). Build again."
                ) from None
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def run(
        self, sql: str, limit: int | None = None, offset: int = 0, seconds: float | None = None
    ) -> pa.Table:
        """The rows of a compiled query: after the first `offset`, `limit` at most.

        Raises a QueryTimeoutError when it takes longer than `seconds`.
        """
        with self._connection.cursor() as cursor:
            deadline = threading.Timer(seconds, cursor.interrupt) if seconds else None
            if deadline:
                deadline.start()
            try:
                relation = cursor.sql(sql)
                if limit is not None:
                    relation = relation.limit(limit, offset)
                return relation.project(
                    ", ".join(
                        f'{_as_shown(column, str(column_type))} as "{column}"'
                        for column, column_type in zip(
                            relation.columns, relation.types, strict=True
                        )
                    )
                ).to_arrow_table()
            except duckdb.InterruptException:
                raise QueryTimeoutError(
                    f"The query took longer than {seconds:g} seconds and was stopped: "
                    "ask for fewer metrics, fewer dimensions or a shorter time."
                ) from None
            except duckdb.CatalogException as error:
                raise UserError(
                    f"{self.database} lacks a table that the metric needs: {error}"
                ) from None
            except duckdb.Error as error:
                raise UsageError(f"The query failed: {str(error).splitlines()[0]}") from None
            finally:
                if deadline:
                    deadline.cancel()

    def schemas_read(self, sql: str) -> set[str]:
        """The schemas whose tables a compiled query reads."""
        with self._connection.cursor() as cursor:
            tables = cursor.get_table_names(sql, qualified=True)
        return {table.partition(" ")[0].split(".")[-2] for table in tables if "." in table}


def _grains(item: Dimension) -> tuple[str, ...]:
    """The grain of a time dimension and the coarser ones."""
    if not item.type_params:
        return ()
    return DATE_GRAINS[DATE_GRAINS.index(item.type_params.time_granularity.value) :]


def _first_message(error: InvalidQueryException) -> str:
    """What MetricFlow says first, without its layout: "Error #1: Message: ... Query Input: ..."."""
    words = " ".join(str(error).split())
    if "a cumulative metric" in words:
        return "It adds up over a stretch of time: group by metric_time, e.g. metric_time__month."
    message = re.search(r"Message: (.*?)(?: (?:Query Input|Issue Location|Error #\d+):|$)", words)
    return message[1] if message else words


def _manifest_of(database: Path) -> Path:
    """Where the semantic manifest of a build is: beside a published file, or in its target."""
    candidates = (
        sibling(database, "semantic_manifest.json"),
        database.parent / "target" / "semantic_manifest.json",
        database.parent.parent / "target" / "semantic_manifest.json",
    )
    return next((path for path in candidates if path.exists()), candidates[0])


def _reference(name: str, item: Dimension | None) -> str:
    """A name as MetricFlow's filters write it: metric_time__month is metric_time by month."""
    element, _, grain = name.rpartition("__")
    if grain in DATE_GRAINS:
        return f"TimeDimension('{element}', '{grain}')"
    if item is None:
        return f"TimeDimension('{name}')" if name == "metric_time" else f"Entity('{name}')"
    return f"Dimension('{name}')"


def _is_literal(operator: str, value: str) -> bool:
    if operator.startswith("is"):
        return value == ""
    if operator.endswith("in"):
        inside = re.fullmatch(r"\((.*)\)", value)
        literal = VALUE.pattern
        return bool(
            inside
            and re.fullmatch(
                rf"\s*(?:{literal})\s*(?:,\s*(?:{literal})\s*)*", inside[1], re.IGNORECASE
            )
        )
    return VALUE.fullmatch(value) is not None


def _as_shown(column: str, column_type: str) -> str:
    """A column as a reader expects it: days are dates, counts are 64-bit whole numbers."""
    if column_type == "TIMESTAMP" and column.rpartition("__")[2] in DATE_GRAINS:
        return f'cast("{column}" as date)'
    if column_type == "HUGEINT":
        return f'cast("{column}" as bigint)'
    return f'"{column}"'


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min) if day else None


def _span(window: Any) -> str:
    return f"{window.count} {window.granularity}s"


def _formula(metric: Any) -> str:
    """The formula in one line, e.g. "sum(mrr)" or "a / b"."""
    parameters = metric.type_params
    kind = metric.type.value
    if kind == "simple":
        aggregation = parameters.metric_aggregation_params
        text = f"{aggregation.agg.value}({parameters.expr or metric.name})"
        if aggregation.non_additive_dimension:
            text += f", at the {aggregation.non_additive_dimension.window_choice.value} of time"
    elif kind == "ratio":
        text = f"{parameters.numerator.name} / {parameters.denominator.name}"
    elif kind == "cumulative":
        cumulative = parameters.cumulative_type_params
        if cumulative.grain_to_date:
            text = f"{cumulative.metric.name}, {cumulative.grain_to_date} to date"
        elif cumulative.window:
            text = f"{cumulative.metric.name} over {_span(cumulative.window)}"
        else:
            text = f"{cumulative.metric.name} from the beginning"
    elif kind == "conversion":
        conversion = parameters.conversion_type_params
        text = (
            f"{conversion.conversion_metric.name} within {_span(conversion.window)} "
            f"of {conversion.base_metric.name}, per {conversion.entity}"
        )
    else:
        text = parameters.expr
    filters = metric.filter.where_filters if metric.filter else []
    if filters:
        text += " where " + " and ".join(f.where_sql_template for f in filters)
    return text
