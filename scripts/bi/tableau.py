"""Tableau data sources (.tds): one for each table, its dimension tables joined to it.

Measures are calculated fields over hidden columns of the query, so that no drag and drop adds up
what can't be added.
"""

from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from scripts.bi.governed import Governed, Table, kind_of, line
from scripts.bi.queries import joined_query, value_column
from scripts.metrics_engine import Metric

FORMULAS = {"sum": "SUM([{}])", "count": "COUNT([{}])", "count_distinct": "COUNTD([{}])"}
ONE_VALUE = "IF SUM(1) = 1 THEN MAX([{}]) END"  # metric values can't be added up
TYPES = {
    "text": "string",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "datetime",
    "whole number": "integer",
    "number": "real",
}
FORMATS = {"usd": 'c"$"#,##0.00', "ratio": "p0.0%", "score": "n#,##0.0"}


def data_sources(governed: Governed) -> dict[str, str]:
    """The data sources by file name."""
    return {
        f"{table.name}.tds": _data_source(governed, table)
        for table in [*governed.facts, *governed.metric_tables]
    }


def _data_source(governed: Governed, table: Table) -> str:
    query = joined_query(table, governed.dimensions)
    types = governed.types_of(query)
    root = Element(
        "datasource",
        {"formatted-name": table.name, "inline": "true", "version": "18.1"},
        caption=table.name,
    )
    connection = SubElement(root, "connection", {"class": "federated"})
    named = SubElement(SubElement(connection, "named-connections"), "named-connection")
    named.attrib |= {"caption": "Bellwether", "name": "bellwether"}
    file = governed.published_file.resolve()
    SubElement(
        named,
        "connection",
        {
            "class": "genericodbc",
            "odbc-dbms-name": "DuckDB",
            "odbc-driver": "DuckDB Driver",
            "odbc-connect-string-extras": f"Database={file};access_mode=READ_ONLY",
        },
    )
    relation = SubElement(connection, "relation", connection="bellwether", name=table.name)
    relation.attrib["type"] = "text"
    relation.text = query
    described = _descriptions(governed, table)
    for name, data_type in types.items():
        label, description = described.get(name, ("", ""))
        column = _column(root, name, label or name, TYPES[kind_of(data_type)])
        if label:
            column.attrib |= {"role": "dimension", "type": "nominal"}
            if kind_of(data_type) in ("date", "timestamp"):
                column.attrib["type"] = "ordinal"
            _describe(column, description)
        else:
            column.attrib |= {"role": "measure", "type": "quantitative", "hidden": "true"}
    for measure in table.measures:
        formula = FORMULAS[measure.aggregation].format(value_column(measure))
        _calculation(root, measure.metric, formula, measure.description)
    for metric in table.metrics:
        _calculation(root, metric, ONE_VALUE.format(metric.name), metric.description)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _descriptions(governed: Governed, table: Table) -> dict[str, tuple[str, str]]:
    """What a person groups by: the label and the description of each column."""
    described = {each.name: (each.label, each.description) for each in table.columns}
    dimensions = {each.name: each for each in governed.dimensions}
    for join in table.joins:
        of_whom = join.entity.replace("_", " ").capitalize()
        for column in dimensions[join.table].columns:
            label = f"{of_whom}: {column.label.lower()}"
            described[f"{join.entity}__{column.name}"] = (label, column.description)
    return described


def _calculation(root: Element, metric: Metric, formula: str, description: str) -> None:
    column = _column(root, f"metric {metric.name}", metric.label, "real")
    column.attrib |= {"role": "measure", "type": "quantitative"}
    if metric.meta["unit"] in FORMATS:
        column.attrib["default-format"] = FORMATS[metric.meta["unit"]]
    SubElement(column, "calculation", {"class": "tableau", "formula": formula})
    _describe(column, description)


def _column(root: Element, name: str, label: str, data_type: str) -> Element:
    return SubElement(root, "column", caption=label, datatype=data_type, name=f"[{name}]")


def _describe(column: Element, text: str) -> None:
    if text:
        run = SubElement(SubElement(SubElement(column, "desc"), "formatted-text"), "run")
        run.text = line(text)
