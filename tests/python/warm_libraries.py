"""Imports what is slow, and lets dbt make what it makes once in a process. See warm_python.py."""

import gc
import tempfile
from pathlib import Path

import dbt.adapters.duckdb
import great_expectations
import metricflow.engine.metricflow_engine
from dbt.cli.main import dbtRunner

__all__ = ["dbt", "great_expectations", "metricflow"]

PROJECT = "{name: empty, profile: empty, flags: {send_anonymous_usage_stats: false}}"
PROFILE = "{empty: {target: here, outputs: {here: {type: duckdb, path: ':memory:'}}}}"
PROPERTIES = """
models:
  - name: one
    columns: [{name: id, data_tests: [not_null]}]
"""

with tempfile.TemporaryDirectory() as folder:
    files = {
        "dbt_project.yml": PROJECT,
        "profiles.yml": PROFILE,
        "models/one.sql": "select 1 as id",
        "models/one.yml": PROPERTIES,
    }
    for name, text in files.items():
        path = Path(folder, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    places = [f"--{place}={folder}" for place in ("project-dir", "profiles-dir", "log-path")]
    # Its static parser would start threads, for which a fork waits in vain.
    dbtRunner().invoke(
        ["--quiet", "--no-static-parser", "parse", *places, f"--target-path={folder}/target"]
    )
gc.collect()
gc.freeze()  # what is here stays: collecting in a fork need not look at it
