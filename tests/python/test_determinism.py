"""The same rows in give the same rows out, whatever order they lie in and however many threads run.

Every model's SQL, as the last build compiled it, is run again in a copy of the work file by one
thread, on raw rows in another order. dbt adds nothing to it but the table.
"""

import json
import shutil
from graphlib import TopologicalSorter

import duckdb
import pytest

from scripts.metric_queries import kpi_values, metric_values
from scripts.metrics_engine import MetricDefinitions
from scripts.project import Places


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A copy of the work file with the rows of each base table in another order."""
    built = Places.of().work_file
    copy = tmp_path_factory.mktemp("again") / built.name
    shutil.copy(built, copy)
    with duckdb.connect(str(copy), config={"threads": 1}) as connection:
        connection.execute("set preserve_insertion_order = false")
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where starts_with(table_name, 'base_')"
        ).fetchall():
            connection.execute(
                f"create temp table shuffled as from staging.{table} as r "
                "order by hash(r, 'another order');"
                f"delete from staging.{table}; insert into staging.{table} from shuffled; "
                "drop table shuffled"
            )
        yield connection


def models() -> dict[str, dict]:
    """The tables that a build makes of the base tables, each after what it is made of."""
    nodes = json.loads(Places.of().manifest.read_text())["nodes"]
    order = TopologicalSorter(
        {key: node["depends_on"].get("nodes", []) for key, node in nodes.items()}
    )
    return {
        nodes[key]["name"]: nodes[key]
        for key in order.static_order()
        if key.startswith("model.")
        and nodes[key]["config"]["materialized"] == "table"
        and "/base/" not in nodes[key]["original_file_path"]
    }


def sql_of(name: str, node: dict, connection: duckdb.DuckDBPyConnection) -> str:
    if node["language"] == "sql":
        compiled = Places.of().target / "compiled" / "bellwether" / node["original_file_path"]
        return compiled.read_text()
    definitions = MetricDefinitions(Places.of().semantic_manifest)
    if name == "int_metric_values_queried":
        return metric_values(definitions)
    kpis = connection.execute(
        "select metric, period, segment_dimension, condition from reference.kpis"
    ).fetchall()
    return kpi_values(definitions, kpis)


def fingerprint(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple:
    return connection.execute(f"select count(*), sum(hash(r)) from {relation} as r").fetchone()


def test_every_table_comes_out_the_same(copied: duckdb.DuckDBPyConnection) -> None:
    """A table that doesn't is put back, so that what is made of it isn't blamed."""
    differing = []
    for name, node in models().items():
        relation = f"{node['schema']}.{name}"
        before = fingerprint(copied, relation)
        copied.execute(f"create or replace temp table built as from {relation}")
        copied.execute(f"create or replace temp table again as {sql_of(name, node, copied)}")
        copied.execute(f"delete from {relation}; insert into {relation} by name from again")
        if fingerprint(copied, relation) != before:
            differing.append(relation)
            copied.execute(f"delete from {relation}; insert into {relation} from built")
    assert differing == []


def test_every_export_comes_out_the_same(copied: duckdb.DuckDBPyConnection) -> None:
    definitions = MetricDefinitions(Places.of().semantic_manifest)
    differing = []
    for query in definitions.saved_queries:
        copied.execute(
            f"create or replace temp table again as {definitions.explain_saved(query.name)}"
        )
        for export in query.exports:
            (rows,) = copied.execute(
                f"select count(*) from (from metrics.{export} except all select * from again)"
            ).fetchone()
            if rows:
                differing.append(export)
    assert differing == []
