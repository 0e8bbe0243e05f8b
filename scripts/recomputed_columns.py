"""Finds columns of public models that compute a metric once more, under a name of their own.

It looks at values, not at SQL: a column whose sum is the value of a metric in every month in which
that has one, for the company or for each segment, is that metric, however it was written. What the
metric itself reads, what has the metric's name, and what says so (`metric` in the column's
config.meta) is no second definition.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from scripts.definitions import Definition, Definitions
from scripts.parsed_project import Node, Project, Violation

FEWEST_VALUES = 3  # a metric with fewer different ones equals too much by chance
SIX_DECIMALS = Decimal("0.000001")  # to which fct_metric_values rounds

Key = tuple[date, str]  # month and segment


def recomputed_columns(
    project: Project, database: duckdb.DuckDBPyConnection
) -> Iterator[Violation]:
    """A violation of each such column, named with the metric that it computes."""
    definitions = Definitions(project.semantic_manifest)
    known = _metric_values(database)
    for node in project.manifest["nodes"].values():
        if node["resource_type"] == "model" and node["config"]["access"] == "public":
            for column, metric in _equals(database, node, known):
                if not _is_declared(node, column, metric, definitions[metric]):
                    yield Violation(
                        f"{node['name']}.{column}",
                        node["original_file_path"],
                        f"it computes {metric} once more. Read the metric, or give the column the "
                        f"metric's name, or say `metric: {metric}` in its config.meta.",
                    )


def _metric_values(database: duckdb.DuckDBPyConnection) -> dict[str, dict[Key, Decimal]]:
    """The metrics' values by month and segment, of metrics with enough different ones."""
    values: dict[str, dict[Key, Decimal]] = {}
    for metric, month, segment, value in database.execute(
        "select metric_name, month_start, segment, value from metadata.fct_metric_values "
        "where value is not null"
    ).fetchall():
        values.setdefault(metric, {})[month, segment] = value
    return {
        metric: by_key
        for metric, by_key in values.items()
        if len(set(by_key.values())) >= FEWEST_VALUES
    }


def _equals(
    database: duckdb.DuckDBPyConnection, node: Node, known: Mapping[str, Mapping[Key, Decimal]]
) -> Iterator[tuple[str, str]]:
    """(column, metric) of each numeric column that adds up to a metric, by any of the dates."""
    types = {
        name: kind
        for name, kind, *_ in database.execute(
            f"describe {node['schema']}.{node['name']}"
        ).fetchall()
    }
    numbers = [name for name, kind in types.items() if _is_number(kind)]
    found = set()
    for day in (name for name, kind in types.items() if kind == "DATE"):
        for segment in ("'all'", "segment") if "segment" in types else ("'all'",):
            if not numbers:
                continue
            sums = ", ".join(f"sum({name})" for name in numbers)
            rows = database.execute(
                f"select cast(date_trunc('month', {day}) as date), {segment}, {sums} "
                f"from {node['schema']}.{node['name']} where {day} is not null group by 1, 2"
            ).fetchall()
            for position, column in enumerate(numbers, start=2):
                totals = {row[:2]: row[position] for row in rows}
                found |= {
                    (column, metric)
                    for metric, values in known.items()
                    if _is_same(totals, values, of_company=segment == "'all'")
                }
    yield from sorted(found)


def _is_number(kind: str) -> bool:
    return (
        kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")) or kind.endswith("INT") or kind == "INTEGER"
    )


def _is_same(totals: Mapping[Key, Any], values: Mapping[Key, Decimal], of_company: bool) -> bool:
    """Whether there is a total for each value of the metric, and the same one."""
    asked = {key: value for key, value in values.items() if (key[1] == "all") == of_company}
    return len(set(asked.values())) >= FEWEST_VALUES and all(
        totals.get(key) is not None
        and Decimal(totals[key]).quantize(SIX_DECIMALS) == value.quantize(SIX_DECIMALS)
        for key, value in asked.items()
    )


def _is_declared(node: Node, column: str, metric: str, definition: Definition) -> bool:
    said = node["columns"].get(column, {}).get("config", {}).get("meta", {}).get("metric")
    return metric in (column, said) or column in _columns_read(definition, node)


def _columns_read(definition: Definition, node: Node) -> set[str]:
    """The words of the expressions by which a metric, or its inputs, reads a model."""
    read = set().union(*(_columns_read(each.definition, node) for each in definition.inputs))
    if definition.formula.get("model") == f"{node['schema']}.{node['name']}":
        read |= set(definition.formula["expression"].split())
    return read
