"""Onboarding and calls to action are what the demo was made of, to the row."""

import csv

import duckdb
import pytest
from checks_revenue import TRUTH

MARTS = {
    "onboarding_projects": "fct_onboarding_projects",
    "ctas": "fct_ctas",
    "lifecycle_stages": "fct_lifecycle_stages where period_type = 'month_end'",
}


@pytest.mark.parametrize("name", MARTS)
def test_mart_is_what_was_planted(warehouse: duckdb.DuckDBPyConnection, name: str) -> None:
    file = TRUTH / f"{name}.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        header = next(csv.reader(lines))
    described = warehouse.execute(f"describe select * from marts.{MARTS[name]}").fetchall()
    types = {column: kind for column, kind, *_ in described}
    typed = ", ".join(f"cast({column} as {types[column]}) as {column}" for column in header)
    planted = f"select {typed} from read_csv('{file}', all_varchar = true)"
    found = f"select {', '.join(header)} from marts.{MARTS[name]}"
    assert len(warehouse.execute(planted).fetchall()) > 60
    for one, other in ((planted, found), (found, planted)):
        assert not warehouse.execute(f"{one} except all {other}").fetchall()
