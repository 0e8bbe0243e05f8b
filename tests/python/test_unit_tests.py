"""dbt's unit tests: the SQL of the models on examples worked by hand."""

import json
import shutil
from pathlib import Path

from whole_project import parsed, run_dbt

from scripts.project import Places


def test_the_unit_tests_of_dbt(tmp_path: Path) -> None:
    # On a copy, because dbt opens the file for writing and other tests are reading it.
    shutil.copy(Places.of().work_file, tmp_path / "bellwether.duckdb")
    run_dbt(tmp_path, {}, "test", "--select", "test_type:unit", manifest=parsed())
    results = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    statuses = [result["status"] for result in results if "unit_test" in result["unique_id"]]
    assert len(statuses) > 100
    assert set(statuses) == {"pass"}
