"""A metric's fingerprints move with what it is computed by, and with nothing else."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from scripts import metric_inputs
from scripts.metric_inputs import MetricInputs
from scripts.project import Places

METRIC = "automation_hours_saved"  # of fct_automation_runs, of ops.automation_runs alone
VARIABLES = {"as_of_date": "2026-06-30", "raw_source": "seeds", "reporting_currency": "USD"}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The project's manifest with one public metric and one hidden one."""
    whole = json.loads(Places.of().manifest.read_text())
    kept = {METRIC, "critical_fields_filled"}
    metrics = {key: each for key, each in whole["metrics"].items() if each["name"] in kept}
    assert len(metrics) == 2
    wanted = ("name", "description", "original_file_path", "package_name", "checksum", "columns")
    nodes = {
        key: {name: node[name] for name in (*wanted, "config", "depends_on") if name in node}
        for key, node in whole["nodes"].items()
        if key.startswith(("model.", "seed."))
    }
    return {**{k: whole[k] for k in ("macros", "parent_map")}, "metrics": metrics, "nodes": nodes}


@pytest.fixture(autouse=True)
def definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_inputs, "fingerprints", lambda manifest: {METRIC: "its definition"})


def of(manifest: dict[str, Any], variables: dict[str, str] | None = None) -> MetricInputs:
    (found,) = metric_inputs.metric_inputs(manifest, {}, variables or VARIABLES)
    return found


def test_a_metric_rests_on_the_raw_tables_below_it(manifest: dict[str, Any]) -> None:
    found = of(manifest)
    assert found.metric_name == METRIC
    assert found.raw_tables == "ops.automation_runs"
    meta = next(m for m in manifest["metrics"].values() if m["name"] == METRIC)["config"]["meta"]
    assert found.version == meta["version"]
    assert found.definition_fingerprint == "its definition"


def node(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in manifest["nodes"].values() if each["name"] == name)


def macro(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    return next(
        each
        for each in manifest["macros"].values()
        if each["name"] == name and each["package_name"] == "bellwether"
    )


def another_sql(manifest: dict[str, Any]) -> None:
    node(manifest, "fct_automation_runs")["checksum"]["checksum"] = "another"


def another_sql_in_staging(manifest: dict[str, Any]) -> None:
    node(manifest, "stg_ops__automation_runs")["checksum"]["checksum"] = "another"


def another_reference_rule(manifest: dict[str, Any]) -> None:
    node(manifest, "value_spellings")["checksum"]["checksum"] = "another"


def another_macro_of_a_macro(manifest: dict[str, Any]) -> None:
    macro(manifest, "clean_decimal")["macro_sql"] += " "


def another_contract(manifest: dict[str, Any]) -> None:
    columns = node(manifest, "raw_ops__automation_runs")["columns"]
    next(iter(columns.values()))["data_type"] = "another"


def other_raw_rows(manifest: dict[str, Any]) -> None:
    node(manifest, "raw_ops__automation_runs")["checksum"]["checksum"] = "another"


def another_model_elsewhere(manifest: dict[str, Any]) -> None:
    node(manifest, "fct_tickets")["checksum"]["checksum"] = "another"


def other_words(manifest: dict[str, Any]) -> None:
    node(manifest, "fct_automation_runs")["description"] = "Other words."


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        (another_sql, True),
        (another_sql_in_staging, True),
        (another_reference_rule, True),
        (another_macro_of_a_macro, True),
        (another_contract, True),
        (other_raw_rows, False),
        (another_model_elsewhere, False),
        (other_words, False),
    ],
)
def test_the_model_fingerprint_moves_with_what_is_below(
    manifest: dict[str, Any], change: Callable[[dict[str, Any]], None], moves: bool
) -> None:
    changed = copy.deepcopy(manifest)
    change(changed)
    assert (of(changed).model_fingerprint != of(manifest).model_fingerprint) is moves


@pytest.mark.parametrize(
    ("name", "moves"),
    [("as_of_date", False), ("raw_source", False), ("reporting_currency", True)],
)
def test_a_var_is_a_rule_unless_it_says_where_or_when(
    manifest: dict[str, Any], name: str, moves: bool
) -> None:
    other = of(manifest, VARIABLES | {name: "another"})
    assert (other.model_fingerprint != of(manifest).model_fingerprint) is moves
