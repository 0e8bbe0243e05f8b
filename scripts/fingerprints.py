"""Fingerprints of tables: the same for the same rows, in whatever order they lie."""

from collections.abc import Sequence
from typing import Any

from scripts.project import CATALOG

PUBLIC_SCHEMAS = ["marts", "metadata", "metrics"]

Fingerprints = dict[str, tuple[int, str]]  # name → number of rows, fingerprint


def public_relations(connection: Any) -> list[tuple[str, str, str | None]]:
    """(schema, name, definition) of what is published; of a view the definition is None."""
    return connection.execute(
        """
        select schema_name, table_name, sql
        from duckdb_tables()
        where database_name = ? and list_contains(?, schema_name)
        union all
        select schema_name, view_name, null
        from duckdb_views()
        where database_name = ? and list_contains(?, schema_name)
        order by schema_name, table_name
        """,
        [CATALOG, PUBLIC_SCHEMAS] * 2,
    ).fetchall()


def of_outputs(connection: Any, left_out: Sequence[str] = ()) -> Fingerprints:
    """Of what is published from an open work file, by schema and name, except `left_out`.

    DuckDB's own hash makes them, so those of two versions of DuckDB can't be compared.
    """
    described = dict(
        connection.execute(
            """
            select
                schema_name || '.' || table_name,
                string_agg(column_name || ' ' || data_type, ', ' order by column_index)
            from duckdb_columns()
            where database_name = ? and list_contains(?, schema_name)
            group by schema_name, table_name
            """,
            [CATALOG, PUBLIC_SCHEMAS],
        ).fetchall()
    )
    return {
        f"{schema}.{name}": _fetch(
            connection,
            f"""
            select count(*), md5(? || coalesce(sum(hash(each_row)), 0))
            from "{schema}"."{name}" as each_row
            """,
            [described[f"{schema}.{name}"]],
        )
        for schema, name, _ in public_relations(connection)
        if f"{schema}.{name}" not in left_out
    }


def of_inputs(connection: Any) -> Fingerprints:
    """Of every raw table as it was read into an open work file, by system and object."""
    base_tables = connection.execute(
        "select table_name from duckdb_tables() "
        "where schema_name = 'staging' and starts_with(table_name, 'base_') order by all"
    ).fetchall()
    return {
        table.removeprefix("base_").replace("__", ".", 1): _fetch(
            connection,
            f"""
            with

            -- A sum has no order; 15 digits of each hash are a number below 2^60.
            hashes as (
                select
                    count(*) as row_count,
                    coalesce(sum(cast('0x' || left(raw_row_hash, 15) as bigint)), 0) as row_hashes
                from staging."{table}"
            )

            select row_count, md5(row_count || '|' || row_hashes) from hashes
            """,
        )
        for (table,) in base_tables
    }


def _fetch(connection: Any, sql: str, parameters: list[str] | None = None) -> tuple[int, str]:
    return connection.execute(sql, parameters).fetchone()
