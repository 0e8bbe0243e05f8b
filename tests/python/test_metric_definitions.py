"""What the project says of its own metrics and models, asked of a small one with known faults."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from small_project import PROPERTIES, SmallProject
from warm_python import run_python

from scripts.project import ROOT

META = {
    "owner": "somebody",
    "unit": "usd",
    "direction": "higher",
    "target": 1,
    "tier": 1,
    "cadence": "monthly",
    "version": 1,
    "effective_from": "2024-01-01",
    "source_systems": ["billing"],
}


def metric(name: str, **formula: Any) -> dict[str, Any]:
    words = {"name": name, "label": name, "description": f"{name} of the month."}
    return {**words, "type": "simple", "agg": "sum", "config": {"meta": META}, **formula}


# `mrr` is computed a second time by a helper metric, `new_mrr` by its own name.
METRICS = [
    metric("mrr", expr="mrr"),
    metric("mrr_copied", expr="mrr", hidden=True),
    metric("new_mrr"),
    metric("new_mrr_copied", expr="new_mrr"),
    metric("mrr_counted", expr="mrr", agg="count"),
    metric("mrr_of_smb", expr="mrr", filter="{{ Dimension('account__account_name') }} = 'smb'"),
    {
        **{k: v for k, v in metric("arr").items() if k != "agg"},
        **{"type": "derived", "expr": "12 * mrr", "input_metrics": ["mrr"]},
    },
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A project with these metrics on one model with two data tests, built."""
    root = tmp_path_factory.mktemp("small") / "project"
    root.mkdir()
    SmallProject.in_folder(root)
    work_file = root / "work" / "bellwether.duckdb"
    work_file.parent.mkdir()
    shutil.copy(ROOT / "macros" / "text_literal.sql", root / "macros")
    shutil.copy(ROOT / "macros" / "as_of_date.sql", root / "macros")
    shutil.copytree(ROOT / "macros" / "metadata", root / "macros" / "metadata", dirs_exist_ok=True)
    for name in ("dim_metrics", "fct_documentation"):
        shutil.copy(ROOT / "models" / "metadata" / f"{name}.sql", root / "models" / "metadata")
    (root / "models" / "int_dashboards_documented.sql").write_text(
        "select 'known' as dashboard_key, true as is_documented union all select 'forgotten', false"
    )
    write_properties(root / "models" / "properties.yml")
    select = ["--select", "+dim_metrics", "+fct_documentation"]
    run_python(
        ["-m", "dbt.cli.main", "--quiet", "run", *select],
        root,
        {**os.environ, "BELLWETHER_WORK_FILE": str(work_file)},
    ).check_returncode()
    with duckdb.connect(str(work_file), read_only=True) as connection:
        yield connection


def write_properties(path: Path) -> None:
    spine, model = PROPERTIES["models"]
    month_column = {"description": "The month.", "data_tests": ["not_null"]}
    columns = [
        {**model["columns"][0], "data_tests": ["not_null"]},
        {**model["columns"][1], **month_column},
        {"name": "account_name", "dimension": "categorical", "description": "Its name."},
    ]
    described = {**model, "columns": columns, "metrics": METRICS, "config": {"access": "public"}}
    silent = {"name": "fct_tickets", "config": {"access": "public"}}
    path.write_text(yaml.safe_dump({"models": [spine, described, silent]}))


def test_a_second_definition_is_found(project: duckdb.DuckDBPyConnection) -> None:
    found = project.execute("select metric_name, same_formula_as from metadata.dim_metrics")
    assert dict(found.fetchall()) == {
        "mrr": "mrr_copied",
        "new_mrr": "new_mrr_copied",
        "new_mrr_copied": "new_mrr",
        "mrr_counted": None,
        "mrr_of_smb": None,
        "arr": None,
    }


def test_tests_of_a_metric_are_those_of_its_models(project: duckdb.DuckDBPyConnection) -> None:
    found = project.execute("select metric_name, data_tests from metadata.dim_metrics").fetchall()
    assert len(found) == 6
    assert {tests for _, tests in found} == {2}


def test_what_lacks_a_description_is_found(project: duckdb.DuckDBPyConnection) -> None:
    found = project.execute(
        "select item_name, items, described_items, undescribed_columns "
        "from metadata.fct_documentation order by 1"
    )
    assert found.fetchall() == [
        ("fct_account_months", 4, 3, "account_id"),
        ("fct_tickets", 1, 0, None),
        ("forgotten", 1, 0, None),
        ("known", 1, 1, None),
    ]
