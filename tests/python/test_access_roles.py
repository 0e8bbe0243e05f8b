"""On PostgreSQL a role reads what the role file gives it, and nobody but the builder writes.

A small project with the real macros and the real role file is built in a private cluster. People
are members of a role and connect as themselves.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.cli.main import dbtRunner
from postgres_cluster import PostgresCluster
from psycopg2.errors import InsufficientPrivilege

from scripts.project import ROOT

BUILDER = "builder"
ROLES = ["bi_reader", "cs_pii_reader", "analyst"]
EVERYBODY = [*ROLES, "stranger"]
MORE_THAN_A_ROLE = ["superuser", "createrole", "bypassrls"]  # named as what they may
ROLE_FILE = ROOT / "seeds" / "reference" / "access_grants.csv"

PERSON = "cast('p1' as text) as person_id, cast('ada@example.com' as text) as email"
MODELS = {
    "staging/stg_people": f"select {PERSON}",
    "staging/stg_companies": "select cast('c1' as text) as company_id",
    "intermediate/int_people": f"select {PERSON}",
    "restricted/dim_people_unmasked": f"select {PERSON}",
    "marts/dim_people": "select cast('p1' as text) as person_id, cast('***' as text) as email",
    "metadata/dim_metrics": "select 'mrr' as metric",
    "metrics/monthly_mrr": "select 1 as mrr",
}
EMAIL = {"name": "email", "config": {"meta": {"personal_data": "email"}}}
MASKED = {"name": "email", "config": {"meta": {"personal_data": "email", "masked": True}}}
PROPERTIES = {
    "models": [
        {"name": "stg_people", "columns": [EMAIL]},
        {"name": "int_people", "columns": [EMAIL]},
        {"name": "dim_people_unmasked", "columns": [EMAIL]},
        {"name": "dim_people", "columns": [MASKED]},
    ]
}
TABLES = sorted(
    [f"{folder}.{name}" for folder, name in (path.split("/") for path in MODELS)]
    + ["raw.raw_people", "reference.access_grants"]
)
MAY_READ = {
    "bi_reader": {"marts.dim_people", "metrics.monthly_mrr"},
    "cs_pii_reader": {
        "marts.dim_people",
        "metrics.monthly_mrr",
        "restricted.dim_people_unmasked",
    },
    "analyst": {
        "marts.dim_people",
        "metrics.monthly_mrr",
        "metadata.dim_metrics",
        "reference.access_grants",
        "staging.stg_companies",
    },
    "stranger": set(),
}


@dataclass
class Warehouse:
    """A database of its own, and the project that is built into it."""

    cluster: PostgresCluster
    database: str
    project: Path
    manifest: Any = None  # parsed once

    def dbt(self, *command: str) -> str | None:
        """Run dbt as the builder; gives what went wrong, in one line."""
        places = {
            "--project-dir": self.project,
            "--profiles-dir": self.project,
            "--target-path": self.project / "target",
            "--log-path": self.project / "logs",
        }
        flags = [str(part) for place in places.items() for part in place]
        response = dbtRunner(self.manifest).invoke([*command, "--quiet", *flags])
        if command[0] == "parse":
            self.manifest = response.result
        if response.success:
            return None
        messages = [result.message for result in getattr(response.result, "results", [])]
        return " ".join(f"{response.exception} {messages}".replace("\\n", " ").split())

    def grant(self, rows: str | None = None) -> str | None:
        """Load the role file, as it is or with rows of one's own, which grants anew."""
        file = self.project / "seeds" / "reference" / "access_grants.csv"
        header = ROLE_FILE.read_text().splitlines()[0]
        file.write_text(f"{header}\n{rows}\n" if rows else ROLE_FILE.read_text())
        return self.dbt("seed", "--select", "access_grants")

    def rows(self, user: str, sql: str) -> list[tuple]:
        with self.cluster.connect(self.database, user) as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def may(self, user: str, sql: str) -> bool:
        try:
            self.rows(user, sql)
        except InsufficientPrivilege:
            return False
        return True

    def readable(self, user: str) -> set[str]:
        return {table for table in TABLES if self.may(user, f"select * from {table}")}

    def grants(self) -> list[tuple]:
        """All roles, and what anybody but the owner holds, on tables to come too."""
        return self.rows(
            "postgres",
            """
            with

            lists as (
                select 'database' as kind, datname as name, datacl as acl, datdba as owner
                from pg_database
                union all
                select 'schema', nspname, nspacl, nspowner from pg_namespace
                union all
                select 'table', oid::regclass::text, relacl, relowner from pg_class
                union all
                select 'column', attrelid::regclass || '.' || attname, attacl, relowner
                from pg_attribute
                inner join pg_class on attrelid = pg_class.oid
                union all
                select 'to come', defaclnamespace::regnamespace::text, defaclacl, defaclrole
                from pg_default_acl
            )

            select kind, name, grantee::regrole::text, privilege_type, is_grantable
            from lists
            cross join aclexplode(acl)
            where grantee <> owner
            union all
            select 'role', rolname, '', '', rolcanlogin from pg_roles
            order by 1, 2, 3, 4
            """,
        )


def _write_project(root: Path, cluster: PostgresCluster, database: str) -> None:
    for folder in ("macros/access", "macros/portable", "macros/dates", "tests/generic"):
        shutil.copytree(ROOT / folder, root / folder)
    for name in ("as_of_date", "generate_schema_name", "text_literal"):
        shutil.copy(ROOT / "macros" / f"{name}.sql", root / "macros")
    for name in ("access_grants.csv", "_access__seeds.yml"):
        (root / "seeds" / "reference").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "seeds" / "reference" / name, root / "seeds" / "reference")
    (root / "seeds" / "raw").mkdir()
    (root / "seeds" / "raw" / "raw_people.csv").write_text("person_id,email\np1,ada@example.com\n")
    for path, sql in MODELS.items():
        (root / "models" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "models" / f"{path}.sql").write_text(sql)
    (root / "models" / "properties.yml").write_text(yaml.safe_dump(PROPERTIES))
    real = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    folders = {path.split("/")[0] for path in MODELS}
    project = {
        "name": "bellwether",
        "profile": "bellwether",
        "vars": {"as_of_date": "2026-06-30"},
        "on-run-end": real["on-run-end"],
        "seeds": {"bellwether": {name: {"+schema": name} for name in ("raw", "reference")}},
        "models": {
            "bellwether": {name: {"+schema": name, "+materialized": "table"} for name in folders}
        },
        "flags": {"send_anonymous_usage_stats": False, "use_colors": False},
    }
    (root / "dbt_project.yml").write_text(yaml.safe_dump(project))
    output = {
        "type": "postgres",
        "host": cluster.host,
        "port": cluster.port,
        "user": BUILDER,
        "password": "",
        "dbname": database,
        "schema": "main",
        "threads": 1,
    }
    (root / "profiles.yml").write_text(
        yaml.safe_dump({"bellwether": {"target": "postgres", "outputs": {"postgres": output}}})
    )


@pytest.fixture(scope="module")
def warehouse(postgres: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    database = "access"
    project = tmp_path_factory.mktemp("access")
    _write_project(project, postgres, database)
    with postgres.connect("postgres") as cursor:
        cursor.execute(f"create role {BUILDER} login createrole")
        cursor.execute("create role stranger login")
        for role in MORE_THAN_A_ROLE:
            cursor.execute(f"create role {role} {role}")
        cursor.execute(f"create database {database} owner {BUILDER}")
    warehouse = Warehouse(postgres, database, project)
    assert warehouse.dbt("parse") is None
    assert warehouse.dbt("build") is None
    for role in ROLES:
        warehouse.rows("postgres", f"create role {_member(role)} login in role {role}")
    return warehouse


def _member(role: str) -> str:
    """Somebody who is a member of the role; the stranger is a member of none."""
    return role if role == "stranger" else f"{role}_member"


@pytest.mark.parametrize("role", EVERYBODY)
def test_a_role_reads_what_it_is_given_and_nothing_else(warehouse: Warehouse, role: str):
    assert warehouse.readable(_member(role)) == MAY_READ[role]


@pytest.mark.parametrize("role", EVERYBODY)
def test_who_may_see_an_email_address(warehouse: Warehouse, role: str):
    member = _member(role)
    people = [table for table in TABLES if "people" in table]
    emails = {table: f"select email from {table} where email <> '***'" for table in people}
    seen = {table for table, sql in emails.items() if warehouse.may(member, sql)}
    seen = {table for table in seen if warehouse.rows(member, emails[table])}
    assert seen == ({"restricted.dim_people_unmasked"} if role == "cs_pii_reader" else set())


def test_an_analyst_reads_staging_but_not_the_tagged_columns(warehouse: Warehouse):
    analyst = _member("analyst")
    assert warehouse.rows(analyst, "select person_id from staging.stg_people") == [("p1",)]
    assert not warehouse.may(analyst, "select person_id, email from staging.stg_people")


@pytest.mark.parametrize("role", EVERYBODY)
def test_nobody_but_the_builder_writes(warehouse: Warehouse, role: str):
    writes = [
        "create schema own",
        "create temporary table own (x integer)",
        *(f"create table {table}_copy (x integer)" for table in TABLES),
        *(f"create view {table}_view as select 1 as x" for table in TABLES),
        *(f"insert into {table} select * from {table} where false" for table in TABLES),
        *(f"delete from {table}" for table in TABLES),
        *(f"truncate {table}" for table in TABLES),
        "update marts.dim_people set email = '***'",
        "update restricted.dim_people_unmasked set email = '***'",
        "create table public.own (x integer)",
    ]
    assert [sql for sql in writes if warehouse.may(_member(role), sql)] == []


def test_tables_to_come_are_readable_at_once(warehouse: Warehouse):
    warehouse.rows(BUILDER, "create table marts.fct_new as select 1 as x")
    warehouse.rows(BUILDER, "create table restricted.fct_new as select 1 as x")
    warehouse.rows(BUILDER, "create table staging.stg_new as select 1 as x")
    try:
        may = {
            (role, schema)
            for role in EVERYBODY
            for schema in ("marts.fct", "restricted.fct", "staging.stg")
            if warehouse.may(_member(role), f"select * from {schema}_new")
        }
    finally:
        warehouse.rows(BUILDER, "drop table marts.fct_new, restricted.fct_new, staging.stg_new")
    assert may == {
        ("bi_reader", "marts.fct"),
        ("cs_pii_reader", "marts.fct"),
        ("analyst", "marts.fct"),
        ("cs_pii_reader", "restricted.fct"),
    }


def test_granting_again_changes_nothing(warehouse: Warehouse):
    warehouse.grant()
    before = warehouse.grants()
    warehouse.grant()
    assert warehouse.grants() == before


def test_what_was_given_by_hand_is_revoked(warehouse: Warehouse):
    assert warehouse.grant() is None
    before = warehouse.grants()
    for given in [
        "grant usage on schema staging, raw, restricted to public",
        "grant select on raw.raw_people to public",
        "grant usage, create on schema raw to bi_reader",
        "grant insert, select on raw.raw_people to bi_reader with grant option",
        "grant select (email) on staging.stg_people to analyst",
        "grant select (email) on intermediate.int_people to stranger",
        "grant all on all tables in schema restricted to stranger",
        "alter default privileges in schema restricted grant select on tables to stranger",
        "grant create, temporary on database access to public",
        # A column that was dropped leaves a trace, of which nobody can be given anything.
        "alter table staging.stg_companies add column gone text",
        "alter table staging.stg_companies drop column gone",
    ]:
        warehouse.rows(BUILDER, given)
    assert warehouse.grants() != before
    assert warehouse.grant() is None
    assert warehouse.grants() == before


def test_a_schema_that_is_not_there_yet_is_made(warehouse: Warehouse):
    warehouse.rows(BUILDER, "drop schema metrics cascade")
    assert warehouse.grant() is None
    warehouse.rows(BUILDER, "create table metrics.monthly_mrr as select 1 as mrr")
    assert warehouse.readable(_member("bi_reader")) == MAY_READ["bi_reader"]


def test_a_grant_holds_from_its_first_day_until_its_end(warehouse: Warehouse):
    days = {
        "ended": "2026-01-01,2026-06-30",
        "last_day": "2026-01-01,2026-07-01",
        "first_day": "2026-06-30,",
        "to_come": "2026-07-01,",
    }
    rows = "\n".join(f"{role},marts,select,false,1,{span}" for role, span in days.items())
    assert warehouse.grant(rows) is None
    held = warehouse.rows(
        "postgres",
        "select rolname from pg_roles where has_schema_privilege(oid, 'marts', 'usage') "
        f"and rolname in {(*days, *ROLES)} order by 1",
    )
    assert held == [("first_day",), ("last_day",)]
    assert warehouse.grant() is None


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            "analyst,stagging,select,false,1,2024-01-01,",
            'role "analyst": there is no schema "stagging"; there are intermediate, marts, '
            "metadata, metrics, raw, reference, restricted, staging.",
        ),
        (
            "analyst,marts,insert,false,1,2024-01-01,",
            'role "analyst": there is no privilege "insert"; there is select.',
        ),
        ("public,marts,select,false,1,2024-01-01,", 'role "public": that is no name of a role.'),
        (
            "bi reader,marts,select,false,1,2024-01-01,",
            'role "bi reader": that is no name of a role.',
        ),
        (
            "builder,marts,select,false,1,2024-01-01,",
            'role "builder": that is the builder, who owns everything.',
        ),
        ("pg_monitor,marts,select,false,1,2024-01-01,", '"pg_monitor": that is no name of a role.'),
        *(
            (
                f"{role},marts,select,false,1,2024-01-01,",
                f'Role "{role}" is a superuser or a member of another role',
            )
            for role in (*MORE_THAN_A_ROLE, "analyst_member")
        ),
    ],
)
def test_a_role_file_that_cannot_be_meant_is_refused_and_nothing_changes(
    warehouse: Warehouse, row: str, sentence: str
):
    before = warehouse.grants()
    error = warehouse.grant(f"new_role,marts,select,false,1,2024-01-01,\n{row}")
    assert sentence in error
    assert "nothing was granted or revoked" in error
    assert warehouse.grants() == before
