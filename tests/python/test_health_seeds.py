"""What happens when somebody changes the seeds of the health score and builds."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from whole_project import parsed, run_dbt

from scripts.project import ROOT, Places, UserError

SELECTION = [
    *("health_models", "health_components", "health_measures", "health_bands"),
    *("int_health_rules_expanded", "int_health_problems_found", "int_health_measures_scored"),
    *("int_health_components_scored", "int_health_scores_banded"),
]
SCORES = "select avg(score), count(score) from intermediate.int_health_scores_banded"


@pytest.fixture
def change(tmp_path: Path) -> Callable[..., None]:
    """Replace texts in a copy of the seeds and build the scores; a UserError tells what failed."""
    reference = tmp_path / "seeds" / "reference"
    shutil.copytree(ROOT / "seeds" / "reference", reference)
    shutil.copy(Places.of().work_file, tmp_path / "bellwether.duckdb")

    def build(*edits: tuple[str, str, str]) -> None:
        for seed, old, new in edits:
            path = reference / f"{seed}.csv"
            text = path.read_text(encoding="utf-8")
            assert text.count(old) == 1
            path.write_text(text.replace(old, new), encoding="utf-8")
        manifest = parsed()
        for node in manifest.nodes.values():
            if node.resource_type == "seed":
                node.root_path = str(tmp_path)
        exclude = ["--indirect-selection", "cautious", "--exclude-resource-type", "unit_test"]
        run_dbt(tmp_path, {}, "build", "--select", *SELECTION, *exclude, manifest=manifest)

    return build


def test_problems_are_printed_and_stop_the_scoring(
    change: Callable, tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    with pytest.raises(UserError) as failed:
        change(
            ("health_components", "v2,commercial,Commercial,0.10", "v2,commercial,Commercial,0.15"),
            ("health_measures", "v2,commercial,days_overdue", "v2,commercial,days_late"),
            ("health_models", "Head of customer success,2026-06-22,Weights", ",,Weights"),
            ("health_models", "v1,retired", "v1,champion"),
            (
                "health_models",
                "Head of customer success,2026-06-15,A number",
                ",,A number",
            ),
        )
    for message in (
        "health_models, version v3: nobody approved it",
        "health_components, version v2: the weights of its components add up to 1.0500, not 1",
        "health_measures, version v2, measure days_late, segment all, from day 0: "
        "the project observes no measure of this name",
        "health_models, versions v1 and v2: both are champion on the same day",
        "health_models, version baseline_random: nobody approved it",
    ):
        assert message in str(failed.value)
    results = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    statuses = {result["unique_id"].split(".")[2]: result["status"] for result in results}
    assert {statuses[model] for model in SELECTION[-3:]} == {"skipped"}
    assert scores(tmp_path) == warehouse.execute(SCORES).fetchone()


def test_a_threshold_is_changed_without_sql(
    change: Callable, tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """Seats count as fully used at 90 % in place of 70 %: nobody's score rises."""
    row = "v2,product_adoption,seat_utilization_pct,all,180,higher_is_better"
    change(("health_measures", f"{row},20,70", f"{row},20,90"))
    average, count = scores(tmp_path)
    average_before, count_before = warehouse.execute(SCORES).fetchone() or (0, 0)
    assert count == count_before > 0
    assert average < average_before


def scores(folder: Path) -> tuple[float, int]:
    with duckdb.connect(str(folder / "bellwether.duckdb"), read_only=True) as connection:
        average, count = connection.execute(SCORES).fetchone() or (0, 0)
    return average, count
