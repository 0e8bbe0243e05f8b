"""Carries what is only ever added to from the published file into the work file.

A build starts from scratch, but what was published once stays published. Such a table is an
incremental dbt model that no full refresh empties. The published file is the authority: whatever
a build that was not published added to the work file is forgotten, and nothing is published that
lacks a row of it.
"""

from pathlib import Path
from typing import Any

from scripts.project import Places, UserError

RUN_TABLES = ["metadata.fct_runs", "metadata.fct_run_inputs", "metadata.fct_run_outputs"]
CLOSE_TABLES = [
    "metadata.fct_month_closes",
    "metadata.fct_closed_metrics",
    "metadata.fct_closed_metric_values",
    "metadata.fct_closed_source_rows",
]
WRITTEN_TABLES = [*RUN_TABLES, *CLOSE_TABLES]  # by scripts, not by dbt
APPENDED_TABLES = ["marts.fct_health_scores_published", *WRITTEN_TABLES]
# What a row of these says may change; what it is about, told by this column, never goes.
UPDATED_TABLES = {
    "metadata.fct_data_issues": "issue_id",
    "metadata.fct_field_completeness_published": "month_start",
}
CARRIED_TABLES = [*APPENDED_TABLES, *UPDATED_TABLES]


def carry(places: Places) -> None:
    """Put the carried tables into the work file as they were published, and no others.

    What the published file doesn't have is absent afterwards, so that dbt makes it anew.
    """
    import duckdb

    with duckdb.connect(str(places.work_file)) as connection:
        definitions = _attach(connection, places.published_file)
        connection.begin()
        for table in CARRIED_TABLES:
            connection.execute(f"drop table if exists {table}")
        for table, definition in definitions.items():
            connection.execute(f"create schema if not exists {table.partition('.')[0]}")
            connection.execute(definition)
            connection.execute(f"insert into {table} from published.{table}")
        connection.commit()


def forget_unpublished(connection: Any, published_file: Path, tables: list[str]) -> None:
    """Put tables of an open work file, which has them, back to their published rows."""
    published = _attach(connection, published_file)
    for table in tables:
        connection.execute(f"delete from {table}")
        if table in published:
            connection.execute(f"insert into {table} by name from published.{table}")


def require_nothing_lost(connection: Any, published_file: Path, copy: str) -> None:
    """Raise if the database attached as `copy` lacks a row of a carried table once published."""
    import duckdb

    for table in _attach(connection, published_file):
        described = connection.execute(f"describe published.{table}").fetchall()
        every_column = ", ".join(f'"{name}"' for name, *_ in described)
        columns = UPDATED_TABLES.get(table, every_column)
        each = "distinct" if table in UPDATED_TABLES else ""
        try:
            (lost,) = connection.execute(
                f"""
                select count(*)
                from (
                    select {each} {columns} from published.{table}
                    except all
                    select {each} {columns} from {copy}.{table}
                )
                """
            ).fetchone()
        except duckdb.Error:  # without the table, or one of its columns
            lost = "all"
        if lost:
            raise UserError(
                f"{lost} rows of {table}, as {published_file} holds it, are changed or missing in "
                "what would be published, and they are only ever added to. Build again first."
            )


def _attach(connection: Any, published_file: Path) -> dict[str, str]:
    """Attach the published file, if there is one: its carried tables and their definitions."""
    import duckdb

    if published_file.exists():
        path = str(published_file).replace("'", "''")
        try:
            connection.execute(f"attach if not exists '{path}' as published (read_only)")
        except duckdb.Error as error:
            raise UserError(
                f"The published file {published_file} can't be read, so what it published before "
                "can't be kept; restore it, or move it away to begin its history anew. "
                f"DuckDB says: {error}"
            ) from None
    return dict(
        connection.execute(
            """
            select schema_name || '.' || table_name, sql
            from duckdb_tables()
            where database_name = 'published'
                and list_contains(?, schema_name || '.' || table_name)
            """,
            [CARRIED_TABLES],
        ).fetchall()
    )
