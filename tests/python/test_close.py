"""What was closed stays as it was published, and a later build says what differs and why.

Done on a small project with the real scripts and the real models of closes and restatements. Its
company has charges, which `charged` adds up, and accounts, which `customers` counts.
"""

import copy
import json
import signal
from pathlib import Path

import duckdb
import pytest
import yaml
from small_project import PROPERTIES, SmallProject
from warm_python import run_python

from scripts.carry import CLOSE_TABLES
from scripts.close import close as close_month
from scripts.project import ROOT, Places, UsageError

MAY, JUNE = "2026-05-31", "2026-06-30"
OWN_MODELS = [
    "metadata/fct_source_changes",
    "metadata/rpt_restatements",
]
OWN_VIEWS = ["int_raw_rows_fingerprinted", "int_source_rows_changed"]
RAW_TABLES = "{% macro raw_tables() %}{{ return([('billing', 'charges'), ('crm', 'accounts')]) }}"
BASE = """
select
    {key} as raw_key,
    'kept' as row_status,
    md5(cast(raw as text)) as raw_row_hash,
    cast({day} as date) as raw_row_date,
    *
from {{{{ ref('{seed}') }}}} as raw
"""
VALUES = """
select 'charged' as metric_name, month_start, 'all' as segment,
       cast(sum(amount) as decimal(18, 6)) as value
from {{{{ ref('fct_charges') }}}} group by month_start
union all
select 'customers', month_start, 'all', cast({formula} as decimal(18, 6))
from {{{{ ref('fct_accounts') }}}} group by month_start
"""
CHARGES = [
    "charge_id,charged_on,amount",
    "c1,2026-05-03,100",
    "c2,2026-05-04,50",
    "c3,2026-04-05,30",
]

# Dies, as if killed, when the finished copy would be renamed into place.
KILLED_CLOSE = """
import os, signal
from pathlib import Path
from scripts.close import close
from scripts.project import Places

rename = Path.replace
def die_on_the_database(self, target):
    if Path(target).suffix == ".duckdb":
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.replace = die_on_the_database
close(Places.of(), "2026-05")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    project = SmallProject.in_folder(tmp_path_factory.mktemp("small"))
    for name in ("as_of_date.sql", "dates/month_end.sql"):
        (project.root / "macros" / Path(name).name).write_text((ROOT / "macros" / name).read_text())
    (project.root / "macros" / "raw_tables.sql").write_text(RAW_TABLES + "{% endmacro %}")
    for name in OWN_MODELS:
        project.take_model(name)
    for name in OWN_VIEWS:
        source = ROOT / "models" / "intermediate" / "metadata" / f"{name}.sql"
        project.write_model(f"intermediate/{name}", source.read_text())
    for seed, key, day in (
        ("raw_billing__charges", "charge_id", "charged_on"),
        ("raw_crm__accounts", "account_id", "since"),
    ):
        base = f"staging/{seed.replace('raw_', 'base_')}"
        project.write_model(base, BASE.format(seed=seed, key=key, day=day))
    write_seed(project, "billing/raw_billing__charges", CHARGES)
    write_seed(
        project, "crm/raw_crm__accounts", ["account_id,since", "a,2026-01-01", "b,2026-02-01"]
    )
    month = "date_trunc('month', cast({day} as date))::date as month_start"
    project.write_model(
        "marts/fct_charges",
        f"select *, {month.format(day='charged_on')} from {{{{ ref('base_billing__charges') }}}} "
        "where cast(charged_on as date) <= {{ as_of_date() }}",
    )
    project.write_model(
        "marts/fct_accounts",
        "select account_id, month_start::date as month_start "
        "from {{ ref('base_crm__accounts') }} "
        "cross join (values ('2026-04-01'), ('2026-05-01'), ('2026-07-01')) as m (month_start)",
    )
    write_customers(project, "count(*)")
    return project


def write_seed(project: SmallProject, name: str, lines: list[str]) -> None:
    file = project.root / "seeds" / "raw" / f"{name}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n")


def write_customers(project: SmallProject, formula: str) -> None:
    """Both metrics' definitions, with this formula of `customers`; the values follow them."""
    project.write_model("metadata/fct_metric_values", VALUES.format(formula=formula))
    properties = copy.deepcopy(PROPERTIES)
    template = properties["models"][1]
    for model, metric, agg, expression in (
        ("fct_charges", "charged", "sum", "amount"),
        ("fct_accounts", "customers", "sum", "2" if formula.startswith("2") else "1"),
    ):
        node = copy.deepcopy(template) | {"name": model}
        node["columns"][0] = {
            "name": f"{metric}_key",
            "entity": {"type": "primary", "name": metric},
        }
        node["metrics"][0] |= {"name": metric, "label": metric, "agg": agg, "expr": expression}
        properties["models"].append(node)
    (project.root / "models" / "properties.yml").write_text(yaml.safe_dump(properties))


def query(file: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def build(project: SmallProject, as_of: str) -> None:
    built = project.run("build", "--as-of", as_of)
    assert built.returncode == 0, built.stderr


def refused(project: SmallProject, month: str, code: int = 1) -> str:
    before = project.published_file.read_bytes() if project.published_file.exists() else None
    closed = project.run("close", "--month", month)
    assert closed.returncode == code
    assert closed.stderr.count("\n") == 1 or "audit" in closed.stderr
    assert "Traceback" not in closed.stderr
    assert before is None or project.published_file.read_bytes() == before
    return closed.stderr


def close(project: SmallProject, month: str) -> None:
    closed = project.run("close", "--month", month)
    assert closed.returncode == 0, closed.stderr


def all_closed(project: SmallProject) -> list[list[tuple]]:
    return [query(project.published_file, f"from {table} order by all") for table in CLOSE_TABLES]


def restated(project: SmallProject) -> dict[tuple[str, str], tuple]:
    rows = query(
        project.published_file,
        "select strftime(month_start, '%m'), metric_name, closed_value::int, value_today::int, "
        "difference::int, causes, changed_tables from metadata.rpt_restatements",
    )
    return {(month, metric): tuple(rest) for month, metric, *rest in rows}


def test_a_month_is_closed_once_and_in_its_order(project: SmallProject) -> None:
    assert "no build" in refused(project, "2026-05")
    assert "'2026-13' is not a month; write it as yyyy-mm" in refused(project, "2026-13", code=2)
    build(project, MAY)
    assert "2026-06 isn't over as of 2026-05-31" in refused(project, "2026-06")
    assert "no metric has a value" in refused(project, "2026-01")

    close(project, "2026-04")
    assert "months up to 2026-04 are" in refused(project, "2026-04")
    assert "months up to 2026-04 are" in refused(project, "2026-03")
    before = project.published_file.read_bytes()
    killed = run_python(["-c", KILLED_CLOSE], project.root)
    assert killed.returncode == -signal.SIGKILL
    assert project.published_file.read_bytes() == before
    close(project, "2026-05")
    assert "months up to 2026-05 are" in refused(project, "2026-05")
    assert query(
        project.published_file,
        "select month_start::text, metric_name, segment, value::int, version "
        "from metadata.fct_closed_metric_values order by all",
    ) == [
        ("2026-04-01", "charged", "all", 30, 1),
        ("2026-04-01", "customers", "all", 2, 1),
        ("2026-05-01", "charged", "all", 150, 1),
        ("2026-05-01", "customers", "all", 2, 1),
    ]
    assert query(
        project.published_file,
        "select month_start::text, as_of_date::text, metrics, metric_values, source_rows, "
        "run_id = (select max(run_id) from metadata.fct_runs) "
        "from metadata.fct_month_closes order by all",
    ) == [("2026-04-01", MAY, 3, 2, 5, True), ("2026-05-01", MAY, 3, 2, 0, True)]


def test_what_differs_later_has_its_cause_and_its_amount(project: SmallProject) -> None:
    closed = all_closed(project)
    build(project, MAY)
    assert restated(project) == {}

    # A charge of May that came late, and one of June.
    late = [*CHARGES, "c4,2026-05-30,20", "c5,2026-06-01,999"]
    write_seed(project, "billing/raw_billing__charges", late)
    build(project, JUNE)
    one_late = "billing.charges (1 late, 0 corrected, 0 removed)"
    may = {("05", "charged"): (150, 170, 20, "late_data", one_late)}
    assert restated(project) == may
    assert all_closed(project) == closed

    # April's charge corrected, which may have told of May too; each customer counts twice.
    corrected = [line.replace("c3,2026-04-05,30", "c3,2026-04-05,35") for line in late]
    write_seed(project, "billing/raw_billing__charges", corrected)
    write_customers(project, "2 * count(*)")
    build(project, JUNE)
    one_corrected = "billing.charges (0 late, 1 corrected, 0 removed)"
    both = "billing.charges (1 late, 1 corrected, 0 removed)"
    doubled = (2, 4, 2, "changed_definition", None)
    assert restated(project) == {
        ("04", "charged"): (30, 35, 5, "corrected_source", one_corrected),
        ("05", "charged"): (150, 170, 20, "late_data, corrected_source", both),
        ("04", "customers"): doubled,
        ("05", "customers"): doubled,
    }
    assert all_closed(project) == closed

    # The next close adds the changed rows alone.
    close(project, "2026-06")
    assert query(
        project.published_file,
        "select raw_table_id, raw_row_date::text from metadata.fct_closed_source_rows "
        "where month_start = '2026-06-01' order by all",
    ) == [
        ("billing.charges", "2026-04-05"),
        ("billing.charges", "2026-05-30"),
        ("billing.charges", "2026-06-01"),
    ]
    for before, now in zip(closed, all_closed(project), strict=True):
        assert set(before) < set(now)


def test_only_what_was_published_and_passes_is_closed(project: SmallProject) -> None:
    """July is next. What is tried on the work file is gone after the next build."""
    places = Places(
        project.published_file,
        project.root / "work" / "bellwether.duckdb",
        project.root / "target",
        project.root / "logs",
    )

    def change(sql: str) -> None:
        with duckdb.connect(str(places.work_file)) as connection:
            connection.execute(sql)

    build(project, "2026-08-31")
    assert "2026-08 can't be closed yet: 2026-07 is next" in refused(project, "2026-08")
    change("update reference.audit_thresholds set threshold = 2 where severity = 'error'")
    assert "The audit found what must not be published" in refused(project, "2026-07")
    change("update marts.fct_account_months set mrr = 90")
    assert "not what was published last: marts.fct_account_months" in refused(project, "2026-07")
    results = json.loads(places.run_results.read_text())
    results["results"][0]["status"] = "error"
    places.run_results.write_text(json.dumps(results))
    assert "failed. Build again first" in refused(project, "2026-07")


@pytest.mark.parametrize("garbage", ["2026-00", "May", "2026-5", "2026-05-01", "", "05-2026"])
def test_garbage_is_no_month(garbage: str) -> None:
    with pytest.raises(UsageError, match="is not a month; write it as yyyy-mm"):
        close_month(Places.of(), garbage)
