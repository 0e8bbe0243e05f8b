"""Writes the saved queries into schema `metrics` of a work file, for tools that read tables."""

from pathlib import Path

import duckdb
import pyarrow as pa

from scripts.metrics_engine import MetricsEngine
from scripts.project import UserError


def export_saved_queries(work_file: Path, semantic_manifest: Path | None = None) -> dict[str, int]:
    """Write every export of every saved query and give the rows of each table.

    Every table is written anew and those no longer exported are dropped, all in one transaction.
    Raises a UserError when the work file is missing or held by another program.
    """
    engine = MetricsEngine(work_file, semantic_manifest)
    try:
        tables = {
            table: engine.query_saved(query.name)
            for query in engine.saved_queries
            for table in query.exports
        }
    finally:
        engine.close()  # before the file is opened for writing
    try:
        connection = duckdb.connect(str(work_file))
    except duckdb.IOException as error:
        raise UserError(f"The work file {work_file} can't be written: {error}") from None
    with connection:
        _replace(connection, tables)
    return {f"metrics.{table}": result.num_rows for table, result in tables.items()}


def _replace(connection: duckdb.DuckDBPyConnection, tables: dict[str, pa.Table]) -> None:
    connection.begin()
    connection.execute("create schema if not exists metrics")
    stale = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'metrics'"
    ).fetchall()
    for (table,) in stale:
        connection.execute(f'drop table metrics."{table}"')
    for table, result in tables.items():
        connection.register("result", result)
        connection.execute(f'create table metrics."{table}" as select * from result')
        connection.unregister("result")
    connection.commit()
