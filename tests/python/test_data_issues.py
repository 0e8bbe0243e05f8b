"""The life of a data issue over several builds, and what the demo's log is made of."""

import json
import re
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml
from small_project import SmallProject
from warm_python import run_python

from scripts.project import ROOT

LOG = "fct_data_issues"
MAY, JUNE, JULY = "2026-05-31", "2026-06-30", "2026-07-31"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    project = SmallProject.in_folder(tmp_path_factory.mktemp("small"))
    shutil.copy(ROOT / "macros" / "as_of_date.sql", project.root / "macros")
    (project.root / "macros" / "is_full_demo.sql").write_text(
        "{% macro is_full_demo() %}{{ return(false) }}{% endmacro %}"
    )
    shutil.copy(ROOT / "models" / "docs.md", project.root / "models")
    shutil.copy(ROOT / "seeds" / "reference" / "data_issue_rules.csv", project.root / "seeds")
    for suffix in ("sql", "yml"):
        source = ROOT / "models" / "metadata" / f"{LOG}.{suffix}"
        shutil.copy(source, project.root / "models" / "metadata")
    return project


# What a build does from its start to what it publishes, several times in one process.
BUILDS = """
import json, sys
from pathlib import Path
import duckdb
from scripts.carry import carry
from scripts.dbt import Dbt
from scripts.project import Places
from scripts.publish import publish

places = Places.of()
logs = []
for as_of, found in json.loads(sys.argv[1]):
    Path("models/intermediate/int_data_issues_found.sql").write_text(found)
    dbt = Dbt(places, {"as_of_date": as_of})
    carry(places)
    dbt.run(
        ["build", "--full-refresh", "--select", "+fct_data_issues", "data_issue_rules",
         "--exclude", "resource_type:unit_test"]
    )
    dbt.release()
    publish(places, places.manifest)
    with duckdb.connect(str(places.published_file), read_only=True) as connection:
        logs.append(connection.execute(
            "select record_key, status, first_seen_on::text, last_seen_on::text, "
            "closed_on::text, times_reopened from metadata.fct_data_issues"
        ).fetchall())
print(json.dumps(logs))
"""


def found(*records: str) -> str:
    """A model of what is wrong."""
    return " union all ".join(
        f"""
        select '{record}' as issue_id, 'rejected_row' as rule, 'A row' as in_words,
               'warning' as severity, 'crm' as system, 'accounts' as table_name,
               'arr' as field, '{record}' as record_key, 'arr must be given' as detail,
               'CRM administrators' as owner, 'Correct it' as suggested_fix
        """
        for record in records
    )


def logs_after(project: SmallProject, *builds: tuple[str, str]) -> list[dict[str, tuple]]:
    """After each build: status, first seen, last seen, closed, times reopened per record."""
    done = run_python(["-c", BUILDS, json.dumps(builds)], project.root)
    assert done.returncode == 0, done.stderr
    logs = json.loads(done.stdout.splitlines()[-1])
    assert all(len({record for record, *_ in log}) == len(log) for log in logs)
    return [{record: tuple(state) for record, *state in log} for log in logs]


def test_an_issue_is_one_row_that_closes_and_reopens_itself(project: SmallProject) -> None:
    in_may, in_june, again_as_of_may, in_july = logs_after(
        project,
        (MAY, found("a", "b")),
        (JUNE, found("b", "c")),
        (MAY, found("a", "d")),
        (JULY, found("a", "b")),
    )
    assert in_may == {
        "a": ("open", MAY, MAY, None, 0),
        "b": ("open", MAY, MAY, None, 0),
    }
    assert in_june == {
        "a": ("closed", MAY, MAY, JUNE, 0),
        "b": ("open", MAY, JUNE, None, 0),
        "c": ("open", JUNE, JUNE, None, 0),
    }
    assert again_as_of_may == in_june
    assert in_july == {
        "a": ("reopened", MAY, JULY, None, 1),
        "b": ("open", MAY, JULY, None, 0),
        "c": ("closed", JUNE, JUNE, JULY, 0),
    }


# --- On the demo ------------------------------------------------------------------------


def test_every_rule_has_an_arm_and_every_arm_a_rule() -> None:
    """A finding of a rule that the list lacks would be dropped without a word."""
    rules = pd.read_csv(ROOT / "seeds" / "reference" / "data_issue_rules.csv").rule
    sql = (ROOT / "models/intermediate/metadata/int_data_issues_found.sql").read_text()
    arms = re.findall(r"'(\w+)' as rule,", sql) + ["volume_anomaly", "share_anomaly"]
    assert "kind || '_anomaly' else 'metric_anomaly' end" in sql
    assert sorted(rules.unique()) == sorted([*arms, "metric_anomaly"])


def test_no_issue_tells_a_name_or_an_address(warehouse: duckdb.DuckDBPyConnection) -> None:
    issues = warehouse.execute(
        f"select coalesce(record_key, '') || ' ' || detail from metadata.{LOG}"
    ).fetchall()
    people = warehouse.execute(
        """
        select full_name from staging.stg_crm__users
        union select email from staging.stg_crm__users
        union select email from staging.stg_crm__contacts
        union select account_name from staging.stg_crm__accounts
        """
    ).fetchall()
    told = "\n".join(text for (text,) in issues).lower()
    assert "@" not in told
    assert not [name for (name,) in people if name and name.lower() in told]


def test_days_of_sources_are_those_of_the_raw_rows(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Counted anew in pandas from what staging passes on."""
    found = warehouse.execute("select * from metadata.fct_source_days").df()
    assert set(found.system) == set(
        pd.read_csv(ROOT / "seeds" / "reference" / "source_systems.csv").system
    )
    compared = 0
    for path in sorted((ROOT / "seeds" / "raw").glob("*/_*__seeds.yml")):
        for seed in yaml.safe_load(path.read_text())["seeds"]:
            system, table = seed["name"].removeprefix("raw_").split("__")
            here = found[(found.system == system) & (found.raw_table == table)]
            dated_by = seed["config"]["meta"].get("dated_by")
            if dated_by is None:
                assert here.empty
                continue
            rows = warehouse.execute(f"select {dated_by} as day from staging.{view(path, table)}")
            days = pd.to_datetime(rows.df().day).dt.normalize()
            counts = days[days <= "2026-06-30"].value_counts().sort_index()
            expected = here.set_index("record_date").records.sort_index()
            assert counts.to_dict() == expected.to_dict(), table
            compared += 1
    assert compared > 20


def view(path: Path, table: str) -> str:
    """The staging model of a raw table: its name is the table's in the plural."""
    system = path.parent.name
    names = [
        file.stem for file in (ROOT / "models" / "staging" / system).glob(f"stg_{system}__*.sql")
    ]
    (name,) = [name for name in names if name == f"stg_{system}__{table}"]
    return name
