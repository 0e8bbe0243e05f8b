"""Builds on a PostgreSQL server, where dbt itself can't ask the semantic layer for values.

dbt runs Python models on DuckDB only. So the SQL of their metric queries is kept in a table of the
server, from which SQL models of the same names read it.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scripts.dbt import Dbt
from scripts.project import CATALOG, PUBLISHED_FILE, ROOT, Places, UserError

# As in profiles.yml.
DEFAULTS = {"PGHOST": "127.0.0.1", "PGPORT": "5432", "PGUSER": CATALOG, "PGDATABASE": CATALOG}
KPIS = ROOT / "seeds" / "reference" / "kpis.csv"


def build_on_postgres(variables: dict[str, str]) -> None:
    """Seeds, models and tests on the server that PGHOST … name; what fails is a UserError."""
    from scripts.runs import Run

    with connected():
        pass
    work = ROOT / "work" / "postgres"
    places = Places(PUBLISHED_FILE, Places.of().work_file, work / "target", work / "logs")
    dbt = Dbt(places, variables, target="postgres")
    run = Run(variables)
    with run.phase("metric queries"):
        keep_metric_queries(dbt)
    with run.phase("seeds, models and tests"):
        # The examples of unit tests are tried on DuckDB.
        result = dbt.run(["build", "--full-refresh", "--exclude", "resource_type:unit_test"])
    with run.phase("metrics"):
        export_saved_queries(dbt)
    for remark in dbt.remarks:
        print(f"Note: {remark}")
    done = Counter(r.node.resource_type for r in result.results if r.status in ("success", "pass"))
    print(f"\nBuilt      {done['model']} models, {done['seed']} seeds")
    print(f"Tests      {done['test']} passed, {len(dbt.warnings)} warnings")
    print(f"Database   {_place()}")


def keep_metric_queries(dbt: Dbt) -> None:
    """Compile what the semantic layer is asked for and put it where the models read it."""
    from scripts.metric_queries import kpi_values, metric_values
    from scripts.metrics_engine import MetricDefinitions

    dbt.parse()
    definitions = MetricDefinitions(dbt.places.semantic_manifest, "Postgres")
    with KPIS.open(encoding="utf-8") as file:
        kpis = [
            (row["metric"], row["period"], row["segment_dimension"], row["condition"])
            for row in csv.DictReader(file)
        ]
    queries = {
        "int_metric_values_queried": metric_values(definitions),
        "int_kpi_values_queried": kpi_values(definitions, kpis),
    }
    with connected() as cursor:
        cursor.execute("create schema if not exists main")
        # Grants on the exports to come, which dbt's run ends with, need the schema to be there.
        cursor.execute("create schema if not exists metrics")
        cursor.execute("drop table if exists main.metric_queries")
        cursor.execute("create table main.metric_queries (model text, query text)")
        cursor.executemany("insert into main.metric_queries values (%s, %s)", queries.items())
    dbt.run(["run-operation", "sign_metric_queries"])


def export_saved_queries(dbt: Dbt) -> None:
    """Write every export of every saved query into schema `metrics`, all or none."""
    from scripts.metrics_engine import MetricDefinitions

    definitions = MetricDefinitions(dbt.places.semantic_manifest, "Postgres")
    tables = {
        table: definitions.explain_saved(query.name)
        for query in definitions.saved_queries
        for table in query.exports
    }
    with connected() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'metrics'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'drop table metrics."{table}"')
        for table, query in tables.items():
            cursor.execute(f'create table metrics."{table}" as {query}')
        cursor.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_schema = 'metrics' and data_type like 'timestamp%'"
        )
        for table, column in cursor.fetchall():  # the first day of a month is a date
            cursor.execute(f'alter table metrics."{table}" alter column "{column}" type date')


@contextmanager
def connected() -> Iterator[Any]:
    """A cursor on the server; what it does is kept if all of it succeeds."""
    import psycopg2

    given = {name: os.environ.get(name, default) for name, default in DEFAULTS.items()}
    if not given["PGPORT"].isdigit():
        raise UserError(f"PGPORT: {given['PGPORT']!r} is not the number of a port, e.g. 5432.")
    try:
        connection = psycopg2.connect(
            host=given["PGHOST"],
            port=given["PGPORT"],
            user=given["PGUSER"],
            dbname=given["PGDATABASE"],
        )
    except psycopg2.OperationalError as error:
        said = " ".join(str(error).split())
        raise UserError(
            f"The PostgreSQL server can't be used as {_place()}: start it, or name another with "
            "PGHOST, PGPORT, PGUSER and PGDATABASE, and its password with PGPASSWORD. "
            f"It says: {said}"
        ) from None
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    except psycopg2.Error as error:
        said = " ".join(str(error).split())
        raise UserError(f"The PostgreSQL server refused at {_place()}. It says: {said}") from None
    finally:
        connection.close()


def _place() -> str:
    given = {name: os.environ.get(name, default) for name, default in DEFAULTS.items()}
    return "{PGUSER} at {PGHOST}:{PGPORT}, database {PGDATABASE}".format(**given)
