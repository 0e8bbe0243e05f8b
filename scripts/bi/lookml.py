"""LookML for Looker: a view for each table, an explore for each with measures or metrics."""

from collections.abc import Mapping
from typing import Any

import lkml
import sqlglot
from sqlglot import exp

from scripts.bi.governed import ONE_VALUE, Column, Governed, Measure, Table, kind_of, line
from scripts.metrics_engine import Metric

TYPES = {"boolean": "yesno", "text": "string"}  # other columns that are no dates are numbers
FORMATS = {"usd": "$#,##0.00", "ratio": "0.0%", "score": "#,##0.0"}
TIMEFRAMES = ["raw", "date", "week", "month", "quarter", "year"]
CONNECTION = "bellwether"


def project(governed: Governed) -> dict[str, str]:
    """The files of the LookML project, by path: the model and one file for each view."""
    tables = [*governed.facts, *governed.metric_tables]
    files = {
        f"views/{table.name}.view.lkml": {"views": [_view(table)]}
        for table in [*tables, *governed.dimensions]
    }
    files["bellwether.model.lkml"] = {
        "connection": CONNECTION,
        "include": "/views/*.view.lkml",
        "explores": [_explore(table) for table in tables],
    }
    return {path: lkml.dump(content) for path, content in files.items()}


def _view(table: Table) -> dict[str, Any]:
    times = [column for column in table.columns if column.is_time]
    return {
        "name": table.name,
        "sql_table_name": table.relation,
        "dimensions": [
            _dimension(column, table.key) for column in table.columns if not column.is_time
        ],
        "dimension_groups": [_dimension_group(column) for column in times],
        "measures": [
            *(_measure(measure) for measure in table.measures),
            *(_one_value(metric) for metric in table.metrics),
        ],
    }


def _dimension(column: Column, key: str | None) -> dict[str, Any]:
    dimension = {"name": column.name, "type": TYPES.get(kind_of(column.type), "number")}
    if column.name == key:
        dimension["primary_key"] = "yes"
    return dimension | _described(column.label, column.description, _qualified(column.name))


def _dimension_group(column: Column) -> dict[str, Any]:
    return {
        "name": column.name.removesuffix("_date"),  # the timeframe is added to it
        "type": "time",
        "timeframes": TIMEFRAMES,
        "convert_tz": "no",
        "datatype": kind_of(column.type),
        **_described(column.label, column.description, _qualified(column.name)),
    }


def _measure(measure: Measure) -> dict[str, Any]:
    """Looker's own count has no SQL, so rows are counted by adding one for each."""
    value, kind = measure.value, measure.aggregation
    if kind == "count":
        value, kind = f"case when ({value}) is not null then 1 else 0 end", "sum"
    return {
        "name": measure.metric.name,
        "type": kind,
        **_described(measure.metric.label, measure.description, _qualified(value)),
        **_format(measure.metric),
    }


def _one_value(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "type": "number",
        **_described(metric.label, metric.description, _qualified(ONE_VALUE.format(metric.name))),
        **_format(metric),
    }


def _explore(table: Table) -> dict[str, Any]:
    explore: dict[str, Any] = {"name": table.name, "description": table.description}
    if table.joins:
        explore["joins"] = [
            {
                "name": join.entity,
                "from": join.table,
                "type": "left_outer",
                "relationship": "many_to_one",
                "sql_on": f"${{{table.name}.{join.column}}} = ${{{join.entity}.{join.key}}}",
            }
            for join in table.joins
        ]
    return explore


def _described(label: str, description: str, sql: str) -> dict[str, str]:
    return {"label": label, "description": line(description), "sql": sql}


def _format(metric: Metric) -> Mapping[str, str]:
    unit = metric.meta["unit"]
    return {"value_format": FORMATS[unit]} if unit in FORMATS else {}


def _qualified(sql: str) -> str:
    """SQL whose columns are those of the view's own table."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for column in tree.find_all(exp.Column):
        column.set("table", exp.to_identifier("this_table"))
    return tree.sql(dialect="duckdb").replace("this_table.", "${TABLE}.")
