"""What columns are made of, in small SQL and in the project, held to DuckDB's own binder."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from sqlglot.errors import SqlglotError

from scripts.lineage import Lineage
from scripts.metrics_engine import MetricDefinitions
from scripts.project import Places, UsageError, UserError
from scripts.sql_columns import ROWS, Column, Kind, columns_read

VALUE, FILTER, ORDER = Kind
TABLES = {"db.raw.a": ["id", "x", "y", "day"], "db.raw.b": ["id", "z", "day"]}


def read(sql: str) -> dict[str, dict[str, Kind]]:
    """What each output column reads: {output: {"a.x": kind}}."""
    return {
        output: {
            f"{origin.relation.removeprefix('db.raw.')}.{origin.name}": kind
            for origin, kind in origins.items()
        }
        for output, origins in columns_read(sql, TABLES, "duckdb").items()
    }


@pytest.mark.parametrize(
    ("sql", "output", "expected"),
    [
        ("select x + y as s from db.raw.a", "s", {"a.x": VALUE, "a.y": VALUE}),
        ("select x + y as s from db.raw.a", ROWS, {"a.*": VALUE}),
        ("select x from db.raw.a where y > 0", "x", {"a.x": VALUE}),
        ("select x from db.raw.a where y > 0", ROWS, {"a.*": VALUE, "a.y": FILTER}),
        ("select x, sum(y) as s from db.raw.a group by 1", ROWS, {"a.*": VALUE, "a.x": FILTER}),
        (
            "select x from db.raw.a group by x having max(day) > 1",
            ROWS,
            {"a.*": VALUE, "a.x": FILTER, "a.day": FILTER},
        ),
        ("select distinct x from db.raw.a", ROWS, {"a.*": VALUE, "a.x": FILTER}),
        ("select count(*) as n from db.raw.a where y > 0", "n", {"a.*": VALUE}),
        ("select x from db.raw.a order by y limit 1", ROWS, {"a.*": VALUE, "a.y": ORDER}),
        (
            "select sum(x) over (partition by y order by day) as s from db.raw.a",
            "s",
            {"a.x": VALUE, "a.y": FILTER, "a.day": ORDER},
        ),
        (
            "select sum(x) over w as s from db.raw.a window w as (partition by y order by day)",
            "s",
            {"a.x": VALUE, "a.y": ORDER, "a.day": ORDER},
        ),
        (
            "select x from db.raw.a qualify row_number() over (partition by id order by day) = 1",
            ROWS,
            {"a.*": VALUE, "a.id": FILTER, "a.day": ORDER},
        ),
        (
            "select a.x, b.z from db.raw.a as a inner join db.raw.b as b on a.id = b.id",
            ROWS,
            {"a.*": VALUE, "b.*": VALUE, "a.id": FILTER, "b.id": FILTER},
        ),
        (
            "select a.x, b.z from db.raw.a as a inner join db.raw.b as b using (id)",
            ROWS,
            {"a.*": VALUE, "b.*": VALUE, "a.id": FILTER, "b.id": FILTER},
        ),
        (
            "select a.x, b.z from db.raw.a as a left join db.raw.b as b on a.id = b.id",
            ROWS,
            {"a.*": VALUE, "b.*": ORDER, "a.id": ORDER, "b.id": ORDER},
        ),
        (
            "select a.x, b.z from db.raw.a as a left join db.raw.b as b on a.id = b.id",
            "x",
            {"a.x": VALUE},
        ),
        (
            "select a.x, b.z from db.raw.a as a left join db.raw.b as b on a.id = b.id",
            "z",
            {"b.z": VALUE, "b.*": FILTER, "a.id": FILTER, "b.id": FILTER},
        ),
        (
            "select a.x from db.raw.a as a left join db.raw.b as b on a.id = b.id "
            "where b.z is null",
            ROWS,
            {"a.*": VALUE, "b.z": FILTER, "b.*": FILTER, "a.id": FILTER, "b.id": FILTER},
        ),
        (
            "select a.x from db.raw.a as a right join db.raw.b as b on a.id = b.id",
            "x",
            {"a.x": VALUE, "a.*": FILTER, "a.id": FILTER, "b.id": FILTER},
        ),
        (
            "select x from db.raw.a where exists (select 1 from db.raw.b where b.id = a.id)",
            ROWS,
            {"a.*": VALUE, "b.*": FILTER, "a.id": FILTER, "b.id": FILTER},
        ),
        (
            "select x from db.raw.a where id in (select b.id from db.raw.b where b.z = 1)",
            ROWS,
            {"a.*": VALUE, "a.id": FILTER, "b.*": FILTER, "b.id": FILTER, "b.z": FILTER},
        ),
        (
            "select x, (select max(z) from db.raw.b) as m from db.raw.a",
            "m",
            {"b.z": VALUE, "b.*": FILTER},
        ),
        (
            "select id as k, x as v from db.raw.a union all select id, z from db.raw.b",
            "v",
            {"a.x": VALUE, "b.z": VALUE},
        ),
        (
            "select id from db.raw.a union select id from db.raw.b",
            ROWS,
            {"a.*": VALUE, "b.*": VALUE, "a.id": FILTER, "b.id": FILTER},
        ),
        (
            "with f as (select * from db.raw.a where y > 0), g as (select id, x from f) "
            "select x from g where id = 1",
            ROWS,
            {"a.*": VALUE, "a.y": FILTER, "a.id": FILTER},
        ),
        (
            "with n as (select *, row_number() over (order by day) as k from db.raw.a) "
            "select x from n where k = 1",
            ROWS,
            {"a.*": VALUE, "a.day": ORDER},
        ),
        (
            "with recursive n as (select min(x) as k from db.raw.a "
            "union all select k + 1 from n where k < 9) select k from n",
            "k",
            {"a.x": VALUE},
        ),
        (
            "select u.v from db.raw.a, unnest([a.x, a.y]) as u (v)",
            "v",
            {"a.x": VALUE, "a.y": VALUE},
        ),
        ("select x as v, v + 1 as w from db.raw.a", "w", {"a.x": VALUE}),
        ("select case when y > 0 then x end as c from db.raw.a", "c", {"a.x": VALUE, "a.y": VALUE}),
    ],
)
def test_what_an_output_reads(sql: str, output: str, expected: dict[str, Kind]) -> None:
    assert read(sql)[output] == expected


def test_a_column_that_is_not_there_is_an_error() -> None:
    with pytest.raises(SqlglotError):
        read("select missing from db.raw.a")


# A project in which each model is SQL over those before it.
SMALL = {
    "base_crm__accounts": "select id, name, segment, is_test, rank from raw_crm__accounts",
    "stg_accounts": "select id, name, segment from base_crm__accounts where not is_test",
    "stg_charges": "select charge_id, account_id, amount, day from raw_billing__charges",
    "latest_charges": "select * from (select *, row_number() over "
    "(partition by account_id order by day desc) as k from stg_charges) as n where k = 1",
    "fct_revenue": "select c.charge_id, a.segment, c.amount from stg_charges as c "
    "inner join stg_accounts as a on c.account_id = a.id",
    "fct_latest": "select a.id, l.amount from stg_accounts as a "
    "left join latest_charges as l on a.id = l.account_id",
    "rpt_names": "select id, upper(name) as shouted from stg_accounts",
    "rpt_all": "select * from rpt_names",
}
RAW = {
    "raw_crm__accounts": "id int, name text, segment text, is_test bool, rank int, unused int",
    "raw_billing__charges": "charge_id int, account_id int, amount int, day date",
}
RAW_COLUMNS = {raw: [c.split()[0] for c in columns.split(", ")] for raw, columns in RAW.items()}
QUERIES = {
    "metric revenue": "select day as metric_time__month, sum(amount) as revenue from stg_charges "
    "group by 1",
    "metric accounts": "select count(distinct id) as accounts from fct_latest",
    "export by_segment": "select segment, sum(amount) as revenue from fct_revenue group by 1",
}


def qualified(sql: str, names: list[str]) -> str:
    for name in names:
        sql = sql.replace(f" {name}", f" db.main.{name}")
    return sql


def small_manifest(models: dict[str, str] = SMALL) -> dict[str, Any]:
    names = [*RAW, *models]
    place = {"database": "db", "schema": "main", "language": "sql", "columns": {}}
    nodes = {
        f"model.p.{name}": {
            **place,
            "unique_id": f"model.p.{name}",
            "resource_type": "model",
            "name": name,
            "alias": name,
            "raw_code": sql,
            "package_name": "p",
            "original_file_path": f"models/{name}.sql",
            "compiled_code": qualified(sql, names),
            "depends_on": {
                "nodes": [
                    f"{'source' if other in RAW else 'model'}.p.{other}"
                    for other in names
                    if other != name and f" {other}" in sql
                ]
            },
        }
        for name, sql in models.items()
    }
    sources = {
        f"source.p.{name}": {
            **place,
            "unique_id": f"source.p.{name}",
            "resource_type": "source",
            "source_name": name.removeprefix("raw_").split("__")[0],
            "name": name.split("__")[1],
            "identifier": name,
            "columns": {column: {} for column in RAW_COLUMNS[name]},
        }
        for name in RAW
    }
    metrics = {f"metric.p.{n}": {"name": n} for n in ("revenue", "accounts")}
    exposures = {
        "exposure.p.board": {"name": "board", "depends_on": {"nodes": ["metric.p.revenue"]}},
        "exposure.p.names": {"name": "names", "depends_on": {"nodes": ["model.p.rpt_all"]}},
    }
    metadata = {"adapter_type": "duckdb"}
    return {
        "metadata": metadata,
        "nodes": nodes,
        "sources": sources,
        "metrics": metrics,
        "exposures": exposures,
    }


def sql_of(sql: str) -> Callable[[], str]:
    return lambda: sql


@pytest.fixture(scope="module")
def small() -> Lineage:
    names = [*RAW, *SMALL]
    queries = {name: sql_of(qualified(sql, names)) for name, sql in QUERIES.items()}
    return Lineage(small_manifest(), queries)


def names_of(kinds: dict[Any, Kind], kind: Kind) -> set[str]:
    return {str(thing) for thing, its_kind in kinds.items() if its_kind == kind}


def test_what_a_metric_comes_from(small: Lineage) -> None:
    sources = small.sources_of("revenue")
    assert names_of(sources, VALUE) == {"billing.charges.amount"}
    assert names_of(sources, FILTER) == {"billing.charges.day", "billing.charges (rows)"}
    sources = small.sources_of("accounts")
    assert names_of(sources, VALUE) == {"crm.accounts.id"}
    assert names_of(sources, FILTER) == {"crm.accounts.is_test", "crm.accounts (rows)"}
    assert names_of(sources, ORDER) == {
        "billing.charges.account_id",
        "billing.charges.day",
        "billing.charges (rows)",
    }


def test_what_a_column_reaches(small: Lineage) -> None:
    affected = small.affected_by("crm.accounts.segment")
    assert affected.models == {
        "base_crm__accounts": VALUE,
        "stg_accounts": VALUE,
        "fct_revenue": VALUE,
    }
    assert affected.metrics == {}
    assert affected.exports == {"by_segment": VALUE}
    assert affected.exposures == {}
    affected = small.affected_by("crm.accounts.is_test")
    assert affected.models == {
        "base_crm__accounts": VALUE,
        **dict.fromkeys(
            ["stg_accounts", "fct_revenue", "fct_latest", "rpt_names", "rpt_all"], FILTER
        ),
    }
    assert affected.metrics == {"accounts": FILTER}
    assert affected.exposures == {"names": FILTER}
    affected = small.affected_by("billing.charges.day")
    assert affected.models["fct_latest"] == ORDER
    assert affected.exposures == {"board": FILTER}
    nothing = small.affected_by("crm.accounts.unused")
    assert (nothing.models, nothing.metrics, nothing.exposures) == ({}, {}, {})


def relation_of(table: str) -> str:
    return table.removeprefix("raw_").replace("__", ".") if table in RAW else table


@pytest.mark.parametrize(
    "column", [f"{relation_of(raw)}.{name}" for raw in RAW for name in RAW_COLUMNS[raw]]
)
def test_what_breaks_when_a_column_is_taken_away(small: Lineage, column: str) -> None:
    """With every value computed from it: just the named models fail or lose columns."""
    affected = small.affected_by(column)
    gone = {str(c) for c, kind in affected.columns.items() if kind == VALUE} | {column}
    broken = set()
    with duckdb.connect() as connection:
        for raw, columns in RAW.items():
            connection.execute(f"create table {raw} ({columns})")
        for model, sql in SMALL.items():
            connection.execute(f"create table {model} as {sql}")
        whole = {table: connection.table(table).columns for table in [*RAW, *SMALL]}
        for table, names in whole.items():
            left = [name for name in names if f"{relation_of(table)}.{name}" not in gone]
            connection.execute(
                f"create or replace table {table} as select {', '.join(left) or 1} from {table}"
            )
        for model, sql in SMALL.items():
            try:
                columns = connection.sql(sql).columns
            except duckdb.Error:
                columns = []
            if columns != whole[model]:
                broken.add(model)
    assert broken == affected.broken & SMALL.keys()


def test_sql_that_cannot_be_read_is_named_and_taken_to_use_everything() -> None:
    models = {**SMALL, "odd": "select nowhere from stg_accounts"}
    lineage = Lineage(small_manifest(models), {})
    assert lineage.affected_by("crm.accounts.segment").models["stg_accounts"] == VALUE
    assert list(lineage.unread) == ["odd"]


def test_what_was_read_is_not_read_again(small: Lineage, monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Any] = {}
    first = Lineage(small_manifest(), {}, known).affected_by("crm.accounts.segment")
    monkeypatch.setattr("scripts.lineage.columns_read", None)
    assert Lineage(small_manifest(), {}, known).affected_by("crm.accounts.segment") == first


def test_a_manifest_without_sql_is_read_from_what_was_compiled(tmp_path: Path) -> None:
    """Whatever was kept of an earlier reading, here a file that is cut off."""
    manifest = small_manifest()
    for node in manifest["nodes"].values():
        file = tmp_path / "target" / "compiled" / "p" / node["original_file_path"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(node.pop("compiled_code"))
    places = Places(tmp_path / "p.duckdb", tmp_path / "w.duckdb", tmp_path / "target", tmp_path)
    places.manifest.write_text(json.dumps(manifest))
    (places.target / "lineage.json").write_text('{"cut o')
    lineage = Lineage.of(places, SimpleNamespace(metrics={}, saved_queries=[]))
    assert lineage.affected_by("crm.accounts.rank").models == {"base_crm__accounts": VALUE}
    lineage.keep(places)
    assert len(json.loads((places.target / "lineage.json").read_text())) == len(SMALL)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("crm.accounts.segmant", "crm.accounts has no column 'segmant'. Did you mean segment?"),
        ("crm.account.segment", "There is no table 'crm.account'. Did you mean crm.accounts"),
        ("segment", "Write a column as <system>.<object>.<column> or <model>.<column>."),
    ],
)
def test_misspelt_column(small: Lineage, column: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        small.affected_by(column)
    assert message in str(error.value)


def test_misspelt_metric(small: Lineage) -> None:
    with pytest.raises(UsageError, match=r"no metric 'revenu'\. Did you mean revenue"):
        small.sources_of("revenu")


def test_manifest_without_compiled_sql() -> None:
    manifest = small_manifest()
    for node in manifest["nodes"].values():
        node["compiled_code"] = None
    with pytest.raises(UserError, match="no compiled SQL: run `make build` first"):
        Lineage(manifest, {})


# Traced by hand through the models' SQL: what the values come from, besides which rows there are,
# and some of what only filters, joins and groups.
TRACED_METRICS = {
    "automation_hours_saved": (
        {"ops.automation_runs.runs", "ops.automation_runs.minutes_saved_per_run"},
        {"ops.automation_runs.run_date", "ops.automation_runs.automation_key"},
    ),
    "mrr": (
        {
            "billing.subscription_charges.quantity",
            "billing.subscription_charges.unit_price",
            "billing.subscription_charges.discount_pct",
            "billing.fx_rates.rate_to_usd",
            "reference.billing_intervals.months",
            "reference.billing_intervals.intervals",
        },
        {
            "billing.subscription_charges.effective_from",
            "billing.subscription_charges.effective_to",
            "billing.plans.billing_interval",
            "billing.customers.account_id",
            "billing.subscriptions.status",
            "crm.accounts.is_internal",
        },
    ),
    # Unpaid ratings have no category; a rating before its ticket is solved isn't known yet.
    "csat": (
        {"tickets.tickets.csat_score", "tickets.tickets.solved_at"},
        {"tickets.tickets.type", "reference.ticket_exclusions.value"},
    ),
    # The score decides, by a range join, on the category that is counted.
    "nps": (
        {"surveys.responses.response_id", "reference.survey_categories.category"},
        {"surveys.responses.score", "reference.survey_categories.lowest_score"},
    ),
    "dashboard_adoption_rate": (
        {"crm.users.user_id"},
        {"ops.dashboard_views.viewed_at", "ops.dashboard_views.viewer_email", "crm.users.role"},
    ),
}
# Models that show the column's values, and every metric that is computed from them.
TRACED_COLUMNS = {
    "crm.accounts.renewal_date": (
        {"stg_crm__accounts", "dim_accounts", "fct_field_completeness", "rpt_kpi_scorecard"},
        {"data_completeness"},
    ),
    "crm.accounts.industry": (
        {"stg_crm__accounts", "dim_accounts", "dim_account_history", "fct_account_months"},
        set(),
    ),
    "crm.opportunities.forecast_category": ({"stg_crm__opportunities"}, set()),
    "ops.automation_runs.minutes_saved_per_run": (
        {"stg_ops__automation_runs", "fct_automation_runs", "rpt_kpi_scorecard"},
        {"automation_hours_saved"},
    ),
    "ops.dependencies.due_at": (
        {"stg_ops__dependencies", "fct_dependencies", "rpt_kpi_scorecard"},
        {"cross_functional_sla_adherence"},
    ),
}


@pytest.fixture(scope="module")
def project() -> Lineage:
    """The lineage of the build that `make build` left."""
    places = Places.of()
    lineage = Lineage.of(places, MetricDefinitions(places.semantic_manifest))
    lineage.affected_by("crm.accounts.renewal_date")
    lineage.keep(places)
    return lineage


def test_every_model_of_the_project_can_be_read(project: Lineage) -> None:
    assert project.unread == {}


@pytest.mark.parametrize("metric", TRACED_METRICS)
def test_traced_metrics(project: Lineage, metric: str) -> None:
    values, filters = TRACED_METRICS[metric]
    sources = project.sources_of(metric)
    assert {str(c) for c, k in sources.items() if k == VALUE and c.name != ROWS} == values
    assert filters <= names_of(sources, FILTER)


@pytest.mark.parametrize("column", TRACED_COLUMNS)
def test_traced_columns(project: Lineage, column: str) -> None:
    models, metrics = TRACED_COLUMNS[column]
    affected = project.affected_by(column)
    assert models <= names_of(affected.models, VALUE)
    assert names_of(affected.metrics, VALUE) == metrics


def test_exposures_of_a_column(project: Lineage) -> None:
    affected = project.affected_by("ops.automation_runs.minutes_saved_per_run")
    shown_by = names_of(affected.exposures, VALUE)
    assert {"kpi_scorecard", "metrics_served"} <= shown_by
    assert not {"renewals_meeting", "superset_dashboard", "health_report"} & shown_by
    assert affected.exports == {"monthly_operations": VALUE}


@pytest.mark.parametrize(
    "column",
    [
        "crm.accounts.renewal_date",
        "tickets.tickets.csat_score",
        "billing.subscription_charges.unit_price",
    ],
)
def test_what_breaks_in_the_project(
    project: Lineage, warehouse: duckdb.DuckDBPyConnection, column: str
) -> None:
    """With the column and every value computed from it gone, DuckDB binds what lineage says."""
    affected = project.affected_by(column)
    gone = {c for c, kind in affected.columns.items() if kind == VALUE}
    gone.add(Column(*column.rsplit(".", 1)))
    losing = {c.relation for c in gone}
    broken, tried = set(), set()
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as bellwether")
        for schema, name, columns in warehouse.execute(
            "select schema_name, table_name, list({n: column_name, t: data_type} "
            "order by column_index) from duckdb_columns() where not internal group by all"
        ).fetchall():
            relation = project.relation_of(f"bellwether.{schema}.{name}")
            left = [f'"{c["n"]}" {c["t"]}' for c in columns if Column(relation, c["n"]) not in gone]
            connection.execute(f"create schema if not exists bellwether.{schema}")
            connection.execute(
                f"create table bellwether.{schema}.{name} ({', '.join(left) or 'nothing int'})"
            )
        for relation in project.relations:
            reads = {c.relation for c in project.read_by(relation)}
            if not reads & losing or not project.sql(relation):
                continue
            tried.add(relation)
            try:
                columns = connection.sql(project.sql(relation)).columns
            except duckdb.Error:
                columns = []
            if columns != whole_columns(project, relation):
                broken.add(relation)
    assert broken == affected.broken & tried


def whole_columns(project: Lineage, relation: str) -> list[str]:
    """Of a metric by month, what it is grouped by too."""
    columns = project.columns(relation)
    return ["metric_time__month", *columns] if relation.startswith("metric ") else columns
