"""A build on PostgreSQL gives the rows that a build on DuckDB gives, to the last digit.

Only the quotients of exported metrics are compared to nine decimals: their type is the engine's.
"""

import os
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from postgres_cluster import PostgresCluster
from warm_python import run_python

from scripts.carry import CARRIED_TABLES
from scripts.dbt import Dbt
from scripts.postgres import connected, export_saved_queries, keep_metric_queries
from scripts.project import CATALOG, ROOT, Places, UserError

PUBLIC_SCHEMAS = ["marts", "metadata", "metrics"]
QUERIED = ["int_kpi_values_queried", "int_metric_values_queried"]


@pytest.fixture(scope="module", autouse=True)
def server(postgres: PostgresCluster) -> Iterator[PostgresCluster]:
    """A server with an empty database of the project's name, which commands use."""
    postgres.create_database(CATALOG)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**postgres.environment, "PGDATABASE": CATALOG}.items():
            environment.setenv(name, value)
        yield postgres


@pytest.fixture(scope="module")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """The seeds and models, built there by the project's own steps."""
    folder = tmp_path_factory.mktemp("postgres")
    work_file = Places.of().work_file
    dbt = Dbt(Places(work_file, work_file, folder / "target", folder), target="postgres")
    keep_metric_queries(dbt)
    dbt.run(["build", "--exclude", "resource_type:unit_test", "resource_type:test"])
    export_saved_queries(dbt)
    return dbt


def rows(cursor: Any, table: str, columns: list[str]) -> list[tuple]:
    """All rows, in an order of their own values."""
    places = ", ".join(str(number + 1) for number in range(len(columns)))
    cursor.execute(f"select {', '.join(columns)} from {table} order by {places}")
    return cursor.fetchall()


def comparable(table: str, row: tuple | None) -> tuple | None:
    """The row; of an exported metric's quotient, whose type is the engine's, nine decimals."""
    if row is None or not table.startswith("metrics."):
        return row
    return tuple(round(float(v), 9) if isinstance(v, float | Decimal) else v for v in row)


def differences(warehouse: duckdb.DuckDBPyConnection, cursor: Any, tables: list[str]) -> list[str]:
    """What differs between the engines, a line for each table."""
    found = []
    for table in tables:
        columns = [f'"{row[0]}"' for row in warehouse.execute(f"describe {table}").fetchall()]
        pairs = list(zip_longest(rows(warehouse, table, columns), rows(cursor, table, columns)))
        differing = [
            pair for pair in pairs if comparable(table, pair[0]) != comparable(table, pair[1])
        ]
        if differing:
            found.append(f"{table}: {len(differing)} of {len(pairs)} rows, e.g. {differing[0]}")
    return found


def tables_of(cursor: Any) -> set[str]:
    schemas = ", ".join(f"'{schema}'" for schema in PUBLIC_SCHEMAS)
    cursor.execute(
        "select table_schema || '.' || table_name from information_schema.tables "
        f"where table_catalog = '{CATALOG}' and table_schema in ({schemas})"
    )
    return {name for (name,) in cursor.fetchall()}


def not_made_here(dbt: Dbt, warehouse: duckdb.DuckDBPyConnection) -> set[str]:
    """Tables whose rows DuckDB's own scripts write, and what reads them.

    Also those that tell of earlier builds: the server has had one, this folder maybe more.
    """
    (runs,) = warehouse.execute("select count(*) from metadata.fct_runs").fetchone()
    names = {
        key: f"{node.schema}.{node.name}"
        for key, node in dbt.manifest.nodes.items()
        if key.startswith("model.")
    }
    to_follow = [
        key
        for key, name in names.items()
        if "rows_written_by_scripts" in dbt.manifest.nodes[key].raw_code
        or (runs > 1 and name in CARRIED_TABLES)
    ]
    reached: set[str] = set()
    while to_follow:
        key = to_follow.pop()
        if key in names and names[key] not in reached:
            reached.add(names[key])
            to_follow += dbt.manifest.child_map[key]
    return reached


def test_every_public_table_has_the_rows_it_has_on_duckdb(
    dbt: Dbt, warehouse: duckdb.DuckDBPyConnection
) -> None:
    with connected() as cursor:
        tables = tables_of(cursor)
        assert tables == tables_of(warehouse)
        compared = sorted(tables - not_made_here(dbt, warehouse))
        assert len(compared) > 60
        assert differences(warehouse, cursor, compared) == []


def test_a_cent_more_and_a_row_less_are_differences(
    dbt: Dbt, warehouse: duckdb.DuckDBPyConnection
) -> None:
    months, plans, dates = "marts.fct_account_months", "marts.dim_plans", "marts.dim_dates"
    with connected() as cursor:
        for change, table, key in (
            ("update marts.fct_account_months set mrr = mrr + 0.01", months, "account_month_id"),
            ("delete from marts.dim_plans", plans, "plan_id"),
        ):
            cursor.execute(f"{change} where {key} = (select max({key}) from {table})")
        found = differences(warehouse, cursor, [months, plans, dates])
        cursor.connection.rollback()
    assert [line.split(":")[0] for line in found] == [months, plans]


def test_the_queried_values_wait_for_the_same_models_on_both_engines(dbt: Dbt) -> None:
    for model in QUERIED:
        (in_python,) = ROOT.glob(f"models/intermediate/*/{model}.py")
        (in_sql,) = ROOT.glob(f"models/intermediate/*/postgres/{model}.sql")
        assert set(re.findall(r'dbt\.ref\("(\w+)"\)', in_python.read_text())) == set(
            re.findall(r"ref\('(\w+)'\)", in_sql.read_text())
        )


def test_no_unit_test_is_run_there(dbt: Dbt) -> None:
    """Their examples are in DuckDB's types, so a plain `dbt build` has to leave them out."""
    assert len(dbt.manifest.nodes) > 1000
    assert list(dbt.manifest.unit_tests) == []


def test_queries_of_other_definitions_are_refused(dbt: Dbt) -> None:
    with connected() as cursor:
        cursor.execute("update main.metric_queries set definitions = 'others'")
    for model in QUERIED:
        with pytest.raises(UserError, match="run `make build TARGET=postgres`, which compiles"):
            dbt.run(["compile", "--select", model])


@pytest.mark.parametrize(
    ("role", "readable"),
    [
        ("bi_reader", {"marts.dim_accounts", "metrics.monthly_revenue"}),
        (
            "cs_pii_reader",
            {"marts.dim_accounts", "metrics.monthly_revenue", "restricted.dim_people"},
        ),
        ("analyst", {"marts.dim_accounts", "metrics.monthly_revenue", "metadata.dim_metrics"}),
    ],
)
def test_a_role_reads_of_the_whole_build_what_it_may(
    role: str, readable: set[str], dbt: Dbt
) -> None:
    """Exports are made after the grants, so that they are among the tables to come."""
    tables = {
        *("marts.dim_accounts", "metrics.monthly_revenue", "metadata.dim_metrics"),
        *("restricted.dim_people", "raw.raw_crm__contacts", "staging.stg_crm__contacts"),
    }
    with connected() as cursor:
        cursor.execute(f"set role {role}")
        read = set()
        for table in tables:
            cursor.execute("savepoint before")
            try:
                cursor.execute(f"select * from {table}")
                read.add(table)
            except psycopg2.errors.InsufficientPrivilege:
                cursor.execute("rollback to savepoint before")
        cursor.connection.rollback()
    assert read == readable


def said(*arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code and message of a build on PostgreSQL."""
    command = ["-m", "scripts", "build", "--target", "postgres", *arguments]
    done = run_python(command, ROOT, {**os.environ, **environment})
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_build_without_a_server_ends_in_one_sentence() -> None:
    code, message = said(PGPORT="1")
    assert code == 1
    assert message.startswith(
        "Error: The PostgreSQL server can't be used as postgres at 127.0.0.1:1, database "
        "bellwether: start it, or name another with PGHOST, PGPORT, PGUSER and PGDATABASE"
    )
    assert message.count("\n") == 1


def test_a_build_of_a_folder_is_for_duckdb(tmp_path: Path) -> None:
    code, message = said("--raw-dir", str(tmp_path), "--as-of", "2026-06-30")
    assert code == 2
    assert message.startswith("Error: A build on PostgreSQL reads no RAW_DIR")
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PGPORT", "five", "PGPORT: 'five' is not the number of a port, e.g. 5432."),
        ("PGDATABASE", "elsewhere", 'database "elsewhere" does not exist'),
        ("PGUSER", "nobody_here", 'role "nobody_here" does not exist'),
        ("PGUSER", "locked_out", 'role "locked_out" is not permitted to log in'),
        ("PGUSER", "onlooker", "permission denied for database bellwether"),
    ],
)
def test_a_server_that_refuses_is_said_in_a_sentence(
    name: str, value: str, words: str, server: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.connect("postgres") as cursor:
        cursor.execute("drop role if exists locked_out, onlooker")
        cursor.execute("create role locked_out nologin")
        cursor.execute("create role onlooker login")
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError) as refusal, connected() as cursor:
        cursor.execute("create schema marts_of_mine")
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
