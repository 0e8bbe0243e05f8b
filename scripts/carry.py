"""Carries what is only ever added to from the published file into the work file.

A build starts from scratch, but what was published once stays published. Such a table is an
incremental dbt model that no full refresh empties. The published file is the authority: whatever
a build that was not published added to the work file is forgotten.
"""

from scripts.project import Places, UserError

CARRIED_TABLES = ["marts.fct_health_scores_published"]


def carry(places: Places) -> None:
    """Put the carried tables into the work file as they were published, and no others.

    What the published file doesn't have is absent afterwards, so that dbt makes it anew.
    """
    import duckdb

    with duckdb.connect(str(places.work_file)) as connection:
        if places.published_file.exists():
            try:
                connection.execute(f"attach '{_escaped(places)}' as published (read_only)")
            except duckdb.Error as error:
                raise UserError(
                    f"The published file {places.published_file} can't be read, so what it "
                    "published before can't be kept; restore it, or move it away to begin its "
                    f"history anew. DuckDB says: {error}"
                ) from None
        definitions = connection.execute(
            """
            select schema_name, schema_name || '.' || table_name, sql
            from duckdb_tables()
            where database_name = 'published'
                and list_contains(?, schema_name || '.' || table_name)
            """,
            [CARRIED_TABLES],
        ).fetchall()
        connection.begin()
        for table in CARRIED_TABLES:
            connection.execute(f"drop table if exists {table}")
        for schema, table, definition in definitions:
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(definition)
            connection.execute(f"insert into {table} from published.{table}")
        connection.commit()


def _escaped(places: Places) -> str:
    return str(places.published_file).replace("'", "''")
