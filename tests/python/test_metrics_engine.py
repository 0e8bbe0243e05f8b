"""The metrics engine and its commands: right numbers, plain errors, tables that equal queries."""

import csv
import io
import json
import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from warm_python import run_python

from scripts import metrics as commands
from scripts.metrics_engine import MetricsEngine
from scripts.metrics_export import export_saved_queries
from scripts.project import ROOT, Places, UsageError, UserError, sibling

MONTH = "metric_time__month"
QUARTER = "metric_time__quarter"
SEGMENT = "account__segment"


def test_dbt_reads_the_metrics_at_all(metrics_engine: MetricsEngine) -> None:
    """An older dbt reads the latest semantic spec as zero metrics, without a word."""
    assert len(metrics_engine.metrics) > 30
    assert {"mrr", "net_revenue_retention", "customer_lifetime_value"} <= set(
        metrics_engine.metrics
    )
    assert {metric.type for metric in metrics_engine.list_metrics()} == {
        "simple",
        "ratio",
        "derived",
        "cumulative",
        "conversion",
    }


def test_hidden_metrics_stay_hidden(metrics_engine: MetricsEngine) -> None:
    assert "lost_mrr" not in metrics_engine.metrics
    with pytest.raises(UsageError, match="There is no metric 'lost_mrr'"):
        metrics_engine.query(["lost_mrr"])


@pytest.mark.parametrize(
    ("metrics", "group_by"),
    [
        (["mrr", "net_revenue_retention"], [MONTH, SEGMENT]),
        (["customer_lifetime_value", "churned_mrr_trailing_12_months"], [MONTH]),
        (["first_year_expansion_rate"], ["metric_time__quarter"]),
    ],
)
def test_engine_answers_as_mf_does(
    metrics_engine: MetricsEngine, tmp_path: Path, metrics: list[str], group_by: list[str]
) -> None:
    # mf opens the file for writing, which nobody can while this session reads it.
    copy = shutil.copy(metrics_engine.database, tmp_path / "bellwether.duckdb")
    answer = tmp_path / "mf.csv"
    run_python(
        [
            *("-m", "dbt_metricflow.cli.main", "query", "--quiet", "--csv", str(answer)),
            *("--metrics", ",".join(metrics), "--group-by", ",".join(group_by)),
        ],
        ROOT,
        {**os.environ, "BELLWETHER_WORK_FILE": str(copy)},
    ).check_returncode()
    with answer.open(encoding="utf-8", newline="") as lines:
        expected = [
            {name: comparable(text) for name, text in row.items()} for row in csv.DictReader(lines)
        ]
    found = [
        {name: comparable(value) for name, value in row.items()}
        for row in metrics_engine.query(metrics, group_by).to_pylist()
    ]
    assert len(found) > 12
    assert sorted(found, key=str) == sorted(expected, key=str)


def comparable(value: object) -> object:
    """A value of the engine or its text in mf's CSV, in one form: numbers to 9 places."""
    text = "" if value is None else str(value).removesuffix(" 00:00:00").removesuffix("T00:00:00")
    try:
        return round(float(text), 9)
    except ValueError:
        return text


def test_types_and_order_of_columns(metrics_engine: MetricsEngine) -> None:
    result = metrics_engine.query(
        ["net_revenue_retention", "mrr", "active_customers"], [SEGMENT, MONTH]
    )
    assert result.column_names == [
        *(SEGMENT, MONTH),
        *("net_revenue_retention", "mrr", "active_customers"),
    ]
    row = result.to_pylist()[-1]
    assert isinstance(row[MONTH], date)
    assert isinstance(row["mrr"], Decimal)
    assert isinstance(row["active_customers"], int)


STOCKS = [
    *("mrr", "arr", "committed_mrr", "active_customers", "arpa", "customer_lifetime_value"),
    *("net_revenue_retention", "gross_revenue_retention", "logo_retention_12m"),
    *("net_revenue_retention_parent", "gross_revenue_retention_parent"),
    *("logo_retention_12m_parent", "cumulative_new_mrr", "churned_mrr_trailing_12_months"),
    *("new_mrr_year_to_date", "logo_churn_rate_trailing_3_months"),
]
FLOWS = [
    *("new_mrr", "reactivation_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "fx_mrr"),
    *("net_new_mrr", "mrr_change", "new_customers", "reactivated_customers", "churned_customers"),
]
MONTHLY_RATES = ["gross_mrr_churn_rate", "net_mrr_churn_rate", "logo_churn_rate"]


def by_quarter(engine: MetricsEngine, name: str) -> dict[date, tuple[object, list]]:
    """Each whole quarter's value with those of its three months."""
    months = {row[MONTH]: row[name] for row in engine.query([name], [MONTH]).to_pylist()}
    quarters = {row[QUARTER]: row[name] for row in engine.query([name], [QUARTER]).to_pylist()}
    parts = {
        start: [months.get(date(start.year, start.month + i, 1)) for i in range(3)]
        for start in quarters
    }
    whole = {
        start: (quarters[start], parts[start])
        for start in quarters
        if all(date(start.year, start.month + i, 1) in months for i in range(3))
    }
    assert len(whole) > 8
    return whole


@pytest.mark.parametrize("name", STOCKS)
def test_a_stock_shows_the_last_month_of_a_quarter(
    metrics_engine: MetricsEngine, name: str
) -> None:
    for start, (quarter, months) in by_quarter(metrics_engine, name).items():
        assert quarter == pytest.approx(months[-1]), start


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_adds_up_over_a_quarter(metrics_engine: MetricsEngine, name: str) -> None:
    for start, (quarter, months) in by_quarter(metrics_engine, name).items():
        assert quarter == sum(months), start


@pytest.mark.parametrize("name", MONTHLY_RATES)
def test_a_monthly_rate_is_averaged_over_a_quarter(
    metrics_engine: MetricsEngine, name: str
) -> None:
    for start, (quarter, months) in by_quarter(metrics_engine, name).items():
        known = [rate for rate in months if rate is not None]
        if known:
            assert min(known) <= quarter <= max(known), start


def test_retention_is_attributed_to_the_segment_of_twelve_months_ago(
    metrics_engine: MetricsEngine, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """Some base changed its segment since, so that the two attributions differ."""
    by_segment = """
        select {segment}, sum(mrr_now_of_12_month_base) / sum(mrr_12_months_ago)
        from marts.fct_account_months
        where was_active_12_months_ago and month_start = '2026-06-01'
        group by 1
    """
    then = dict(warehouse.execute(by_segment.format(segment="segment_12_months_ago")).fetchall())
    now = dict(warehouse.execute(by_segment.format(segment="segment")).fetchall())
    found = metrics_engine.query(
        ["net_revenue_retention"], [SEGMENT], where=["metric_time__month = '2026-06-01'"]
    ).to_pylist()
    assert {row[SEGMENT]: row["net_revenue_retention"] for row in found} == pytest.approx(then)
    assert then != pytest.approx(now)


def test_conditions_order_and_limit(metrics_engine: MetricsEngine) -> None:
    rows = metrics_engine.query(
        ["mrr"],
        [MONTH, SEGMENT],
        where=["account__segment in ('smb', 'enterprise')", "metric_time__month >= '2026-01-01'"],
        order_by=["-mrr"],
        limit=5,
    ).to_pylist()
    assert len(rows) == 5
    assert {row[SEGMENT] for row in rows} <= {"smb", "enterprise"}
    assert min(row[MONTH] for row in rows) >= date(2026, 1, 1)
    assert [row["mrr"] for row in rows] == sorted((row["mrr"] for row in rows), reverse=True)


def test_an_unknown_attribute_stays_in_the_total(metrics_engine: MetricsEngine) -> None:
    where = ["metric_time__month = '2026-06-01'"]
    parts = metrics_engine.query(["mrr"], [SEGMENT], where=where).to_pylist()
    (whole,) = metrics_engine.query(["mrr"], where=where).to_pylist()
    assert sum(row["mrr"] for row in parts) == whole["mrr"]
    assert None in {row[SEGMENT] for row in parts}


def test_explain_gives_the_sql_that_runs(metrics_engine: MetricsEngine) -> None:
    sql = metrics_engine.explain(["mrr"], [MONTH])
    assert "fct_account_months" in sql
    with duckdb.connect() as connection:
        connection.execute(f"attach '{metrics_engine.database}' as bellwether (read_only)")
        assert len(connection.sql(sql).fetchall()) == len(metrics_engine.query(["mrr"], [MONTH]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "Name at least one metric"),
        ((["net_revenu_retention"],), "Did you mean net_revenue_retention"),
        ((["mrr"], ["account__segmnt"]), "Did you mean account__segment"),
        ((["mrr"], ["segment"]), "Did you mean account__segment"),
        ((["mrr"], ["metric_time__day"]), "mrr can't be grouped by 'metric_time__day'"),
        (
            (["mrr", "cohort_mrr_retention"], ["cohort__months_since"]),
            "mrr can't be grouped by 'cohort__months_since'",
        ),
        ((["mrr"], [MONTH], ["segment = 'smb'"]), "Did you mean account__segment"),
        ((["mrr"], [MONTH], ["account__segment is smb"]), "is not understood"),
        ((["mrr"], [MONTH], ["account__segment = smb"]), "single quotes"),
        ((["mrr"], [MONTH], ["account__segment = 'a' or 1 = 1"]), "is not understood"),
        ((["mrr"], [MONTH], ["account__segment = '{{ x }}' --"]), "is not understood"),
        ((["mrr"], [MONTH], ["account__segment in ('a', (select 1))"]), "is not understood"),
        ((["mrr"], [MONTH], ["account__segment = 'a\nb'"]), "is not understood"),
        ((["mrr"], [MONTH], ["account__segment = 'a\u2028b'"]), "is not understood"),
        ((["mrr"], [MONTH], ["metric_time__month = 'soon'"]), "The query failed: Conversion"),
        ((["mrr"], [MONTH], [], ["arr"]), "can't be ordered by 'arr'"),
        ((["customer_lifetime_value"], [SEGMENT]), "group by metric_time, e.g. metric_time__month"),
        (
            (["mrr"], [MONTH], [], [], None, date(2026, 2, 1), date(2026, 1, 1)),
            "The start, 2026-02-01, is after the end, 2026-01-01",
        ),
    ],
)
def test_what_does_not_exist_is_said_plainly(
    metrics_engine: MetricsEngine, arguments: tuple, message: str
) -> None:
    with pytest.raises(UsageError) as error:
        metrics_engine.query(*arguments)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_named_twice_is_asked_once(metrics_engine: MetricsEngine) -> None:
    assert metrics_engine.query(["mrr", "mrr"], [MONTH, MONTH]).column_names == [MONTH, "mrr"]


def test_a_value_with_braces_is_a_value(metrics_engine: MetricsEngine) -> None:
    """MetricFlow reads conditions as templates; a value is never one."""
    for value in ("{{ 1 + 1 }}", r'{{ "\x27 or 1=1 or \x27" }}', "{% if x %}", "{# x", "{{"):
        condition = f"account__segment = '{value}'"
        assert condition.removeprefix("account__") in metrics_engine.explain(
            ["mrr"], [MONTH], [condition]
        ).replace("_src_10000.", " ")
        assert metrics_engine.query(["mrr"], [MONTH], [condition]).num_rows == 0, value
    assert metrics_engine.query(["mrr"], [MONTH], ["account__segment = 'it''s'"]).num_rows == 0


def test_threads_ask_metricflow_one_after_the_other(
    metrics_engine: MetricsEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, most = [], []
    compile_it = MetricsEngine._sql

    def compile_slowly(self: MetricsEngine, request: object) -> str:
        inside.append(request)
        most.append(len(inside))
        time.sleep(0.05)
        inside.remove(request)
        return compile_it(self, request)

    monkeypatch.setattr(MetricsEngine, "_sql", compile_slowly)
    monkeypatch.setattr(metrics_engine._compiled, "sql", lambda _, compile_it: compile_it())
    limits = range(1, 9)
    with ThreadPoolExecutor(8) as threads:
        found = list(
            threads.map(lambda limit: metrics_engine.query(["mrr"], [MONTH], limit=limit), limits)
        )
    assert [rows.num_rows for rows in found] == list(limits)
    assert most == [1] * 8


def test_missing_files_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"There is no file .*: run `make build` first"):
        MetricsEngine(tmp_path / "absent.duckdb")
    (tmp_path / "a").mkdir()
    lonely = tmp_path / "a" / "lonely.duckdb"
    duckdb.connect(str(lonely)).close()
    with pytest.raises(UserError, match=r"metric definitions .* are missing.*run `make build`"):
        MetricsEngine(lonely)


def test_a_published_file_answers_with_the_manifest_beside_it(
    metrics_engine: MetricsEngine, tmp_path: Path
) -> None:
    published = tmp_path / "renamed.duckdb"
    shutil.copy(metrics_engine.database, published)
    shutil.copy(Places.of().semantic_manifest, sibling(published, "semantic_manifest.json"))
    engine = MetricsEngine(published)
    try:
        assert engine.query(["mrr"], [MONTH]) == metrics_engine.query(["mrr"], [MONTH])
    finally:
        engine.close()


@pytest.fixture
def exported(metrics_engine: MetricsEngine, tmp_path: Path) -> Path:
    """A copy of the work file, its metrics exported twice over a table of an older export."""
    copy = tmp_path / "copy.duckdb"
    shutil.copy(metrics_engine.database, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("create schema if not exists metrics")
        connection.execute("create or replace table metrics.no_longer_exported (x integer)")
    first = export_saved_queries(copy, Places.of().semantic_manifest)
    assert first == export_saved_queries(copy, Places.of().semantic_manifest)
    return copy


def test_exported_tables_equal_their_queries(metrics_engine: MetricsEngine, exported: Path) -> None:
    with duckdb.connect(str(exported), read_only=True) as connection:
        tables = {
            table
            for (table,) in connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'metrics'"
            ).fetchall()
        }
        queries = metrics_engine.saved_queries
        assert tables == {table for query in queries for table in query.exports}
        assert len(tables) >= 5
        for query in queries:
            (table,) = query.exports
            result = connection.table(f"metrics.{table}").to_arrow_table()
            assert result.num_rows > 0
            assert result.to_pylist() == metrics_engine.query_saved(query.name).to_pylist()


def test_an_export_needs_the_work_file_to_itself(exported: Path) -> None:
    holder = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    python = str(ROOT / ".venv" / "bin" / "python")
    with subprocess.Popen(
        [python, "-c", holder, str(exported)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(UserError, match="lock"):
            export_saved_queries(exported, Places.of().semantic_manifest)
        process.communicate("\n")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_python(["-m", "scripts", "metrics", *arguments], ROOT)


def test_the_commands_in_a_process_of_their_own(metrics_engine: MetricsEngine) -> None:
    database = ("--database", str(metrics_engine.database))
    listed = run("list", "--json", *database)
    assert listed.returncode == 0, listed.stderr
    by_name = {metric["name"]: metric for metric in json.loads(listed.stdout)}
    assert set(by_name) == set(metrics_engine.metrics)
    assert by_name["net_revenue_retention"]["meta"]["owner"] == "Revenue operations"
    assert SEGMENT in by_name["net_revenue_retention"]["dimensions"]

    answer = run("query", "--metrics", "mrr", "--group-by", MONTH, "--format", "csv", *database)
    assert answer.returncode == 0, answer.stderr
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    expected = metrics_engine.query(["mrr"], [MONTH]).to_pylist()
    assert [(row[MONTH], row["mrr"]) for row in rows] == [
        (row[MONTH].isoformat(), str(row["mrr"])) for row in expected
    ]

    misspelt = run("query", "--metrics", "mmr", *database)
    assert misspelt.returncode == 2
    assert misspelt.stderr.startswith("Error: There is no metric 'mmr'. Did you mean")
    assert "Traceback" not in misspelt.stderr

    bad_day = run("query", "--metrics", "mrr", "--start", "2026-02-30", *database)
    assert (bad_day.returncode, "2026-02-30" in bad_day.stderr) == (2, True)

    absent = run("list", "--database", "published/absent.duckdb")
    assert (absent.returncode, "run `make build` first" in absent.stderr) == (1, True)


COLUMNS = ["month", "segment", "money", "share", "count"]
ROWS = [
    [date(2026, 1, 1), "smb", Decimal("1234.50"), 0.123456, 7],
    [date(2026, 2, 1), None, Decimal("0.00"), None, 1000],
]


def test_a_table_aligns_and_leaves_the_unknown_empty() -> None:
    assert commands.as_table(COLUMNS, ROWS).splitlines() == [
        "month       segment     money   share  count",
        "----------  -------  --------  ------  -----",
        "2026-01-01  smb      1,234.50  0.1235      7",
        "2026-02-01               0.00          1,000",
    ]
    assert commands.as_table(["mrr"], []).splitlines() == ["mrr", "---", "(no rows)"]


def test_csv_keeps_every_digit() -> None:
    assert commands.as_csv(COLUMNS, ROWS).splitlines() == [
        "month,segment,money,share,count",
        "2026-01-01,smb,1234.50,0.123456,7",
        "2026-02-01,,0.00,,1000",
    ]


def test_json_has_numbers_dates_and_nulls() -> None:
    assert json.loads(commands.as_json_rows(COLUMNS, ROWS)) == [
        {"month": "2026-01-01", "segment": "smb", "money": 1234.5, "share": 0.123456, "count": 7},
        {"month": "2026-02-01", "segment": None, "money": 0.0, "share": None, "count": 1000},
    ]
