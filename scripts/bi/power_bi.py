"""A Power BI semantic model (model.bim, TMSL): tables, relationships and measures in DAX."""

import json
import re
from typing import Any

from scripts.bi.governed import Governed, Measure, Table, kind_of, line
from scripts.bi.queries import table_query, value_column
from scripts.metrics_engine import Metric

FORMULAS = {
    "sum": "SUM({})",
    "count": "COUNTA({})",
    "count_distinct": "DISTINCTCOUNTNOBLANK({})",
}
ONE_VALUE = "IF(COUNTROWS('{table}') = 1, MAX({column}))"  # metric values can't be added up
TYPES = {
    "text": "string",
    "boolean": "boolean",
    "date": "dateTime",
    "timestamp": "dateTime",
    "whole number": "int64",
    "number": "double",
}
MONEY = re.compile(r"DECIMAL\(\d+,[0-4]\)")  # Power BI's decimal has four places
FORMATS = {"usd": "\\$#,0.00", "ratio": "0.0%", "score": "#,0.0"}
FILE = "PublishedFile"
DATES = "date_day"


def model(governed: Governed) -> str:
    """The model as JSON, of compatibility level 1600."""
    measured = [*governed.facts, *governed.metric_tables]
    tables = [*measured, *governed.dimensions, governed.dates]
    content = {
        "name": "Bellwether",
        "compatibilityLevel": 1600,
        "model": {
            "culture": "en-US",
            "defaultPowerBIDataSourceVersion": "powerBI_V3",
            "discourageImplicitMeasures": True,
            "expressions": [_file(governed)],
            "tables": [_table(governed, table) for table in tables],
            "relationships": [
                relationship
                for table in measured
                for relationship in [*_joins(table), *_times(governed, table)]
            ],
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _file(governed: Governed) -> dict[str, str]:
    """The parameter that says where the published file is."""
    path = _m_text(str(governed.published_file.resolve()))
    meta = '[IsParameterQuery = true, Type = "Text", IsParameterQueryRequired = true]'
    return {"name": FILE, "kind": "m", "expression": f"{path} meta {meta}"}


def _table(governed: Governed, table: Table) -> dict[str, Any]:
    query = table_query(table)
    described = {each.name: each for each in table.columns}
    columns = []
    for name, data_type in governed.types_of(query).items():
        column: dict[str, Any] = {
            "name": name,
            "dataType": _type(data_type),
            "sourceColumn": name,
            "summarizeBy": "none",
        }
        if name not in described:
            column["isHidden"] = True
        elif described[name].description:
            column["description"] = described[name].description
        if name == table.key:
            column["isKey"] = True
        columns.append(column)
    content: dict[str, Any] = {
        "name": table.name,
        "description": table.description,
        "columns": columns,
        "partitions": [_partition(table.name, query)],
        "measures": [
            *(_measure(governed, table, measure) for measure in table.measures),
            *(_one_value(table, metric) for metric in table.metrics),
        ],
    }
    if table == governed.dates:
        content["dataCategory"] = "Time"
    return content


def _partition(name: str, query: str) -> dict[str, Any]:
    driver = '"driver={DuckDB Driver};access_mode=READ_ONLY;database=" & ' + FILE
    return {
        "name": name,
        "mode": "import",
        "source": {
            "type": "m",
            "expression": [
                "let",
                f"    Source = Odbc.Query({driver}, {_m_text(query)})",
                "in",
                "    Source",
            ],
        },
    }


def _measure(governed: Governed, table: Table, measure: Measure) -> dict[str, Any]:
    formula = FORMULAS[measure.aggregation].format(_column(table.name, value_column(measure)))
    if measure.time != _active_time(table):
        dates = _column(governed.dates.name, DATES)
        own = _column(table.name, measure.time)
        formula = f"CALCULATE({formula}, USERELATIONSHIP({own}, {dates}))"
    return _named(measure.metric, measure.metric.label, formula, measure.description)


def _one_value(table: Table, metric: Metric) -> dict[str, Any]:
    formula = ONE_VALUE.format(table=table.name, column=_column(table.name, metric.name))
    label = f"{metric.label}, {table.name.replace('_', ' ')}"
    return _named(metric, label, formula, metric.description)


def _named(metric: Metric, label: str, formula: str, description: str) -> dict[str, Any]:
    measure = {
        "name": label,
        "expression": formula,
        "description": line(description),
        "annotations": [{"name": "metric", "value": metric.name}],
    }
    if metric.meta["unit"] in FORMATS:
        measure["formatString"] = FORMATS[metric.meta["unit"]]
    return measure


def _joins(table: Table) -> list[dict[str, Any]]:
    return [_relationship(table.name, join.column, join.table, join.key) for join in table.joins]


def _times(governed: Governed, table: Table) -> list[dict[str, Any]]:
    """One for each date by which a measure counts; the first is the one that filters."""
    return [
        _relationship(table.name, time, governed.dates.name, DATES)
        | ({} if time == _active_time(table) else {"isActive": False})
        for time in _time_columns(table)
    ]


def _relationship(table: str, column: str, to_table: str, to_column: str) -> dict[str, Any]:
    return {
        "name": f"{table}.{column} = {to_table}",
        "fromTable": table,
        "fromColumn": column,
        "toTable": to_table,
        "toColumn": to_column,
    }


def _time_columns(table: Table) -> list[str]:
    if table.metrics:
        return [column.name for column in table.columns if column.is_time]
    return list(dict.fromkeys(measure.time for measure in table.measures))


def _active_time(table: Table) -> str:
    return _time_columns(table)[0]


def _column(table: str, column: str) -> str:
    return f"'{table}'[{column}]"


def _type(data_type: str) -> str:
    return "decimal" if MONEY.fullmatch(data_type) else TYPES[kind_of(data_type)]


def _m_text(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
