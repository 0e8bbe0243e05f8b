"""What other BI tools are told is read back by a parser, and computes what the metric query does.

The measures are computed in DuckDB from the files alone: as Looker, Tableau and Power BI put
together a query from a view, a data source or a model, in as few lines as these measures need.
"""

import io
import json
import re
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree as ET

import duckdb
import lkml
import pytest
import yaml

from scripts.bi import command
from scripts.bi.governed import Column, Governed, Join, Table
from scripts.bi.queries import joined_query
from scripts.metrics_engine import MetricsEngine
from scripts.project import PUBLISHED_FILE, ROOT, UserError, sibling

MONTH, SEGMENT = "metric_time__month", "account__segment"
TOLD_TIME = re.compile(r"Counted by (\w+)\.$")

MONTH_OF = "cast(date_trunc('month', {}) as date)"

Values = dict[Any, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `python -m scripts bi` writes for a published file elsewhere."""
    published_file = tmp_path_factory.mktemp("bi") / "acme.duckdb"
    for suffix in ("duckdb", "semantic_manifest.json"):
        shutil.copy(sibling(PUBLISHED_FILE, suffix), sibling(published_file, suffix))
    return command.write(published_file).folder


@pytest.fixture(scope="module")
def governed() -> Governed:
    return Governed(PUBLISHED_FILE)


@pytest.fixture(scope="module")
def published() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(PUBLISHED_FILE), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def asked() -> Iterator[MetricsEngine]:
    engine = MetricsEngine(PUBLISHED_FILE)
    yield engine
    engine.close()


# --- How each tool would put together its query ------------------------------------------


class Looker:
    """Views and explores, as lkml reads them."""

    def __init__(self, folder: Path) -> None:
        self.model = lkml.load((folder / "looker" / "bellwether.model.lkml").read_text())
        self.views = {
            path.name.removesuffix(".view.lkml"): lkml.load(path.read_text())["views"][0]
            for path in (folder / "looker" / "views").iterdir()
        }

    def measure(self, view: str, metric: str) -> dict[str, str]:
        (found,) = (each for each in self.views[view]["measures"] if each["name"] == metric)
        return found

    def aggregate(self, view: str, metric: str) -> str:
        measure = self.measure(view, metric)
        form = {"sum": "sum({})", "count_distinct": "count(distinct {})", "number": "{}"}
        return form[measure["type"]].format(measure["sql"]).replace("${TABLE}", view)

    def field(self, view: str, name: str, alias: str) -> str:
        fields = [
            *self.views[view].get("dimensions", []),
            *self.views[view].get("dimension_groups", []),
        ]
        (sql,) = (each["sql"] for each in fields if each["name"] == name)
        return sql.replace("${TABLE}", alias)

    def query(self, view: str, metric: str, by_segment: bool) -> str:
        time = TOLD_TIME.search(self.measure(view, metric)["description"])[1]
        groups = [MONTH_OF.format(self.field(view, time.removesuffix("_date"), view))]
        source = f"{self.views[view]['sql_table_name']} as {view}"
        if by_segment:
            (explore,) = (each for each in self.model["explores"] if each["name"] == view)
            (join,) = (each for each in explore["joins"] if each["name"] == "account")
            assert (join["type"], join["relationship"]) == ("left_outer", "many_to_one")
            condition = re.sub(
                r"\$\{(\w+)\.(\w+)\}",
                lambda m: self.field(join["from"] if m[1] == "account" else m[1], m[2], m[1]),
                join["sql_on"],
            )
            joined = self.views[join["from"]]["sql_table_name"]
            source += f" left join {joined} as account on {condition}"
            groups.append(self.field(join["from"], "segment", "account"))
        columns = ", ".join([*groups, self.aggregate(view, metric)])
        return f"select {columns} from {source} group by all"

    def one_value(self, view: str, metric: str) -> tuple[str, str]:
        return self.aggregate(view, metric), f"{self.views[view]['sql_table_name']} as {view}"


class Tableau:
    """Data sources, as an XML library reads them."""

    FORMULA = re.compile(r"(SUM|COUNT|COUNTD)\(\[(\w+)\]\)")
    ONE_VALUE = re.compile(r"IF SUM\(1\) = 1 THEN MAX\(\[(\w+)\]\) END")

    def __init__(self, folder: Path) -> None:
        self.sources = {
            path.stem: ET.parse(path).getroot() for path in (folder / "tableau").iterdir()
        }

    def field(self, source: str, metric: str) -> ET.Element:
        return self.sources[source].find(f"column[@name='[metric {metric}]']")

    def formula(self, source: str, metric: str) -> str:
        return self.field(source, metric).find("calculation").attrib["formula"]

    def relation(self, source: str) -> str:
        return self.sources[source].find("connection/relation").text

    def query(self, source: str, metric: str, by_segment: bool) -> str:
        function, column = self.FORMULA.fullmatch(self.formula(source, metric)).groups()
        told = self.field(source, metric).find("desc/formatted-text/run").text
        groups = [MONTH_OF.format(TOLD_TIME.search(told)[1])]
        groups += ["account__segment"] if by_segment else []
        aggregate = f"count(distinct {column})" if function == "COUNTD" else f"{function}({column})"
        return (
            f"select {', '.join([*groups, aggregate])} from ({self.relation(source)}) group by all"
        )

    def one_value(self, source: str, metric: str) -> tuple[str, str]:
        (column,) = self.ONE_VALUE.fullmatch(self.formula(source, metric)).groups()
        return f"case when sum(1) = 1 then max({column}) end", f"({self.relation(source)})"


class PowerBi:
    """The model, as a JSON reader reads it."""

    FORMULA = re.compile(
        r"(?:CALCULATE\()?(?P<function>\w+)\('(?P<table>\w+)'\[(?P<column>\w+)\]\)"
        r"(?:, USERELATIONSHIP\('(?P=table)'\[(?P<time>\w+)\], 'dim_dates'\[date_day\]\)\))?"
    )
    ONE_VALUE = re.compile(r"IF\(COUNTROWS\('(\w+)'\) = 1, MAX\('\1'\[(\w+)\]\)\)")
    FUNCTIONS: ClassVar = {
        "SUM": "sum({})",
        "COUNTA": "count({})",
        "DISTINCTCOUNTNOBLANK": "count(distinct {})",
    }

    def __init__(self, folder: Path) -> None:
        content = json.loads((folder / "power_bi" / "model.bim").read_text())
        self.model = content["model"]
        self.tables = {table["name"]: table for table in self.model["tables"]}

    def measure(self, table: str, metric: str) -> dict[str, Any]:
        note = {"name": "metric", "value": metric}
        measures = self.tables[table]["measures"]
        (found,) = (each for each in measures if each["annotations"] == [note])
        return found

    def source(self, table: str) -> str:
        (partition,) = self.tables[table]["partitions"]
        text = re.search(r', "(.*)"\)$', partition["source"]["expression"][1])[1]
        return "(" + text.replace('""', '"') + ")"

    def relationship(self, table: str, to: str, **found: Any) -> dict[str, Any]:
        (each,) = (
            each
            for each in self.model["relationships"]
            if (each["fromTable"], each["toTable"]) == (table, to)
            and {"isActive": True, **each}.items() >= found.items()
        )
        return each

    def query(self, table: str, metric: str, by_segment: bool) -> str:
        formula = self.FORMULA.fullmatch(self.measure(table, metric)["expression"])
        assert formula["table"] == table
        time = formula["time"]
        if time:
            self.relationship(table, "dim_dates", fromColumn=time, isActive=False)
        else:
            time = self.relationship(table, "dim_dates", isActive=True)["fromColumn"]
        groups = ["dates.month_start"]
        source = f"{self.source(table)} as fact left join {self.source('dim_dates')} as dates"
        source += f" on fact.{time} = dates.date_day"
        if by_segment:
            join = self.relationship(table, "dim_account_history")
            source += f" left join {self.source('dim_account_history')} as account"
            source += f" on fact.{join['fromColumn']} = account.{join['toColumn']}"
            groups.append("account.segment")
        aggregate = self.FUNCTIONS[formula["function"]].format(f"fact.{formula['column']}")
        return f"select {', '.join([*groups, aggregate])} from {source} group by all"

    def one_value(self, table: str, metric: str) -> tuple[str, str]:
        name, column = self.ONE_VALUE.fullmatch(self.measure(table, metric)["expression"]).groups()
        assert name == table
        return f"case when count(*) = 1 then max({column}) end", self.source(table)


TOOLS = (Looker, Tableau, PowerBi)


@pytest.fixture(scope="module")
def tools(folder: Path) -> Mapping[type, Any]:
    return {tool: tool(folder) for tool in TOOLS}


# --- Measures and metric values -----------------------------------------------------------


@pytest.mark.parametrize("tool", TOOLS)
def test_a_measure_computes_what_the_metric_query_does(
    tool: type,
    tools: Mapping[type, Any],
    governed: Governed,
    asked: MetricsEngine,
    published: duckdb.DuckDBPyConnection,
) -> None:
    compared = 0
    for fact in governed.facts:
        has_segment = "account" in {join.entity for join in fact.joins}
        for measure in fact.measures:
            for groups in [[MONTH], [MONTH, SEGMENT]][: 1 + has_segment]:
                metric = measure.metric.name
                sql = tools[tool].query(fact.name, metric, by_segment=SEGMENT in groups)
                found = {tuple(row[:-1]): row[-1] for row in published.execute(sql).fetchall()}
                rows = asked.query([metric], groups).to_pylist()
                expected = {tuple(row[each] for each in groups): row[metric] for row in rows}
                # A group in which no row counts is absent from the metric query, 0 or empty here.
                assert _counted(found) == _counted(expected), (metric, groups)
                assert _counted(expected), metric
                compared += 1
    assert compared > 40


def _counted(values: Values) -> Values:
    return {key: Decimal(value) for key, value in values.items() if value}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_metric_value_is_shown_as_exported_and_never_added_up(
    tool: type,
    tools: Mapping[type, Any],
    asked: MetricsEngine,
    published: duckdb.DuckDBPyConnection,
) -> None:
    for saved in asked.saved_queries:
        result = asked.query_saved(saved.name)
        metrics = [each for each in result.column_names if each in asked.metrics]
        groups = [each for each in result.column_names if each not in metrics]
        for table in saved.exports:
            aggregates, (source, *others) = zip(
                *(tools[tool].one_value(table, metric) for metric in metrics), strict=True
            )
            assert set(others) <= {source}
            columns = ", ".join(aggregates)
            sql = f"select {', '.join(groups)}, {columns} from {source} group by all"
            found = Counter(published.execute(sql).fetchall())
            assert found == Counter(tuple(row.values()) for row in result.to_pylist()), table
            over_all = published.execute(f"select {columns} from {source}").fetchone()
            alone = [tuple(row[each] for each in metrics) for row in result.to_pylist()]
            nothing = tuple(None for _ in metrics)
            assert over_all == (alone[0] if len(alone) == 1 else nothing), table


def test_a_metric_is_a_measure_only_if_it_may_be_added_up(governed: Governed) -> None:
    """Each kind by an example: counts, sums, and what no tool may compute."""
    measures = {measure.metric.name for fact in governed.facts for measure in fact.measures}
    assert {"tickets_opened", "tickets_solved", "churned_mrr", "feedback_texts"} <= measures
    a_stock, a_ratio, a_median = "mrr", "net_revenue_retention", "first_reply_time_hours"
    cumulative, derived, hidden = "cumulative_new_mrr", "quick_ratio", "sla_met_tickets"
    assert not {a_stock, a_ratio, a_median, cumulative, derived, hidden} & measures
    exported = {metric.name for table in governed.metric_tables for metric in table.metrics}
    assert {a_stock, a_ratio, a_median, derived} <= exported
    # The sum of binary fractions: its last digit hangs on the order of the rows.
    assert governed.left_out == ["csms_needed"]
    assert measures | exported == set(governed.metrics) - {"csms_needed"}


def test_a_filter_is_part_of_the_measure(governed: Governed) -> None:
    (tickets,) = (fact for fact in governed.facts if fact.name == "fct_tickets")
    solved = {each.metric.name: each for each in tickets.measures}["tickets_solved"]
    assert solved.sql == "count(case when (is_counted and not is_open) then ticket_id end)"
    assert solved.time == "solved_date"


def test_a_row_without_an_account_stays_in_the_total() -> None:
    """Three rows by hand: one of a known account, one of an unknown one, one of none."""
    key, segment = Column("key", "VARCHAR", ""), Column("segment", "VARCHAR", "")
    accounts = Table("main", "accounts", "key", "", [key, segment])
    sales = Table(
        schema="main",
        name="sales",
        key=None,
        description="",
        columns=[Column("account_key", "VARCHAR", "")],
        joins=[Join("account", "accounts", column="account_key", key="key")],
    )
    with duckdb.connect() as connection:
        connection.execute(
            "create table accounts as select 'a' as key, 'smb' as segment;"
            "create table sales as select unnest(['a', 'gone', null]) as account_key"
        )
        rows = connection.execute(joined_query(sales, [accounts])).fetchall()
    assert Counter(rows) == Counter([("a", "smb"), ("gone", None), (None, None)])


# --- What each tool demands of its file ---------------------------------------------------


def test_looker_finds_every_field_by_a_name_of_its_own(tools: Mapping[type, Any]) -> None:
    looker = tools[Looker]
    explores = {explore["name"]: explore for explore in looker.model["explores"]}
    dimensions = {"dim_accounts", "dim_account_history"}
    assert set(looker.views) == set(explores) | dimensions
    for name, view in looker.views.items():
        fields = [*view.get("dimensions", []), *view.get("dimension_groups", [])]
        names = [each["name"] for each in [*fields, *view.get("measures", [])]]
        assert len(names) == len(set(names)), name
        keys = [
            each["name"] for each in view.get("dimensions", []) if each.get("primary_key") == "yes"
        ]
        assert len(keys) <= 1
        if name in dimensions:
            assert keys, name  # a join is many to one only onto a key


def test_tableau_finds_every_column_in_the_query(
    tools: Mapping[type, Any], published: duckdb.DuckDBPyConnection
) -> None:
    kinds = {"VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "datetime"}
    kinds |= {"INTEGER": "integer", "BIGINT": "integer", "HUGEINT": "integer"}
    for name, source in tools[Tableau].sources.items():
        columns = source.findall("column")
        captions = [each.attrib["caption"].lower() for each in columns]
        assert len(captions) == len(set(captions)), name
        described = published.execute(f"describe {tools[Tableau].relation(name)}").fetchall()
        types = {f"[{column}]": kinds.get(kind, "real") for column, kind, *_ in described}
        plain = [each for each in columns if each.find("calculation") is None]
        assert {each.attrib["name"]: each.attrib["datatype"] for each in plain} == types
        for each in plain:  # a number that could be dragged into a sum is hidden
            assert (each.attrib["role"] == "measure") == (each.attrib.get("hidden") == "true")
        (connection,) = source.findall("connection/named-connections/named-connection/connection")
        assert "access_mode=READ_ONLY" in connection.attrib["odbc-connect-string-extras"]


def test_power_bi_finds_tables_columns_and_names(
    tools: Mapping[type, Any], published: duckdb.DuckDBPyConnection
) -> None:
    power_bi = tools[PowerBi]
    assert power_bi.model["discourageImplicitMeasures"] is True
    measures = [m["name"].lower() for t in power_bi.tables.values() for m in t["measures"]]
    assert len(measures) == len(set(measures))
    for name, table in power_bi.tables.items():
        columns = {each["sourceColumn"] for each in table["columns"]}
        described = published.execute(f"describe {power_bi.source(name)}").fetchall()
        assert columns == {column for column, *_ in described}
        own = {each["name"].lower() for each in table["columns"]}
        assert not own & {each["name"].lower() for each in table["measures"]}
        assert {each["summarizeBy"] for each in table["columns"]} == {"none"}
    for each in power_bi.model["relationships"]:
        ends = {(each["fromTable"], each["fromColumn"]), (each["toTable"], each["toColumn"])}
        for table, column in ends:
            assert column in {own["name"] for own in power_bi.tables[table]["columns"]}
        rows, keys = published.execute(
            f"select count(*), count(distinct {each['toColumn']}) "
            f"from {power_bi.source(each['toTable'])}"
        ).fetchone()
        assert rows == keys, each
    active = Counter(
        (each["fromTable"], each["toTable"])
        for each in power_bi.model["relationships"]
        if each.get("isActive", True)
    )
    assert set(active.values()) == {1}


# --- Superset ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundle(folder: Path) -> dict[str, dict[str, Any]]:
    with zipfile.ZipFile(io.BytesIO((folder / "superset.zip").read_bytes())) as files:
        return {name: yaml.safe_load(files.read(name)) for name in files.namelist()}


def of_kind(bundle: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {each["uuid"]: each for name, each in bundle.items() if f"/{kind}/" in name}


def test_superset_charts_take_every_number_from_a_governed_metric(
    bundle: dict[str, dict[str, Any]], governed: Governed
) -> None:
    datasets = of_kind(bundle, "datasets")
    charts = of_kind(bundle, "charts")
    for chart in charts.values():
        dataset, params = datasets[chart["dataset_uuid"]], chart["params"]
        asked = params.get("metrics") or [params["metric"]]
        known = {metric["metric_name"] for metric in dataset["metrics"]}
        assert set(asked) <= known & set(governed.metrics), chart["slice_name"]
        assert "adhoc_filters" not in params
        groups = [params.get("x_axis"), *_listed(params.get("groupby"))]
        columns = {column["column_name"] for column in dataset["columns"]}
        assert {each for each in groups if each} <= columns, chart["slice_name"]
    (dashboard,) = of_kind(bundle, "dashboards").values()
    placed = [each["meta"]["uuid"] for each in dashboard["position"].values() if _is_chart(each)]
    assert sorted(placed) == sorted(charts)
    assert {each["database_uuid"] for each in datasets.values()} == set(
        of_kind(bundle, "databases")
    )


def _is_chart(item: Any) -> bool:
    return isinstance(item, dict) and item["type"] == "CHART"


def _listed(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def test_superset_adds_no_metric_values_up(
    bundle: dict[str, dict[str, Any]], published: duckdb.DuckDBPyConnection
) -> None:
    for dataset in of_kind(bundle, "datasets").values():
        if dataset["schema"] == "metrics":
            expressions = [metric["expression"] for metric in dataset["metrics"]]
            over_all = published.execute(
                f"select {', '.join(expressions)} from metrics.{dataset['table_name']}"
            ).fetchone()
            assert set(over_all) == {None}, dataset["table_name"]


def test_superset_opens_the_published_file_for_reading_only(
    bundle: dict[str, dict[str, Any]], folder: Path
) -> None:
    (database,) = of_kind(bundle, "databases").values()
    file = folder.parent / "acme.duckdb"
    assert database["sqlalchemy_uri"] == f"duckdb:///{file}?access_mode=READ_ONLY"
    assert database["allow_dml"] is False
    config = database["extra"]["engine_params"]["connect_args"]["config"]
    assert config == {"enable_external_access": False, "lock_configuration": True}


def test_the_exposure_names_what_the_dashboard_shows(bundle: dict[str, dict[str, Any]]) -> None:
    text = (ROOT / "models" / "exposures.yml").read_text(encoding="utf-8")
    (exposure,) = (
        each for each in yaml.safe_load(text)["exposures"] if each["name"] == "superset_dashboard"
    )
    shown = {
        metric
        for chart in of_kind(bundle, "charts").values()
        for metric in chart["params"].get("metrics") or [chart["params"]["metric"]]
    }
    assert sorted(exposure["depends_on"]) == sorted(f"metric('{each}')" for each in shown)


# --- Bad input ----------------------------------------------------------------------------


def test_without_a_published_file_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"There is no file .*acme\.duckdb: run `make build` first"):
        command.write(tmp_path / "acme.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_version_leaves_what_was_written(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    other = folder.parent / "other"
    other.mkdir()
    published_file = other / "acme.duckdb"
    sibling(published_file, "semantic_manifest.json").symlink_to(
        sibling(PUBLISHED_FILE, "semantic_manifest.json")
    )
    with duckdb.connect(str(published_file)) as connection:
        connection.execute("create schema metrics; create table metrics.monthly_mrr (mrr integer)")
    (other / "acme.bi").mkdir()
    (other / "acme.bi" / "superset.zip").write_bytes(b"of before")
    with pytest.raises(UserError, match=r"has no table \w+\.\w+.*build and publish again"):
        command.write(published_file)
    assert sorted(path.name for path in other.iterdir() if "bi" in path.suffix) == ["acme.bi"]
    assert (other / "acme.bi" / "superset.zip").read_bytes() == b"of before"
    assert {path: path.read_bytes() for path in before} == before


def test_the_folder_is_written_anew(folder: Path) -> None:
    (folder / "tableau" / "no_longer_exported.tds").write_text("<datasource/>")
    before = sorted(path for path in folder.rglob("*") if path.name != "no_longer_exported.tds")
    assert command.write(folder.parent / "acme.duckdb").folder == folder
    assert sorted(folder.rglob("*")) == before
    assert [path.name for path in folder.parent.glob(".*")] == []


# --- The open interchange -----------------------------------------------------------------


def test_the_interchange_document_has_the_public_metrics(governed: Governed) -> None:
    """All but conversions, which the format can't express, and no hidden one."""
    text = sibling(PUBLISHED_FILE, "osi_document.json").read_text(encoding="utf-8")
    (model,) = json.loads(text)["semantic_model"]
    told = [metric["name"] for metric in model["metrics"]]
    conversions = {each.name for each in governed.metrics.values() if each.type == "conversion"}
    assert sorted(told) == sorted(set(governed.metrics) - conversions)
    sources = {dataset["source"].replace('"', "") for dataset in model["datasets"]}
    published = {f"bellwether.{fact.relation}" for fact in governed.facts}
    assert published <= sources
