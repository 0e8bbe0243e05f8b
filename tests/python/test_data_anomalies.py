"""Jumps are found by the written rule, computed anew, and planted ones are found."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from replay import compiled_sql

from scripts.project import ROOT, Places

RULES = ROOT / "seeds" / "reference" / "anomaly_rules.csv"
KEY = ["series_id", "period_start"]


@pytest.fixture(scope="module")
def series(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    rows = warehouse.execute("select * from intermediate.int_series_measured").df()
    return rows.sort_values(KEY, ignore_index=True)


def jumps(series: pd.DataFrame) -> pd.DataFrame:
    """The rule in numpy: usual value, spread and score of each value that jumps."""
    rules = pd.read_csv(RULES).set_index(["kind", "grain"])
    found = []
    for (name, kind, grain), rows in series.groupby(["series_id", "kind", "grain"]):
        rule = rules.loc[kind, grain]
        rows = rows[rows.records.isna() | (rows.records >= rule.min_records)]
        for number, row in enumerate(rows.itertuples()):
            before = rows.value.to_numpy()[max(0, number - rule.trailing_periods) : number]
            if len(before) < rule.min_periods:
                continue
            median = np.median(before)
            if abs(median) < rule.min_median:
                continue
            if np.isnan(row.records):
                chance = np.sqrt(abs(median))
            else:
                chance = np.sqrt(median * (1 - median) / row.records)
            spread = max(
                1.4826 * np.median(np.abs(before - median)),
                rule.floor_of_median * abs(median),
                rule.floor_absolute,
                rule.floor_of_chance * chance,
            )
            is_new = row.value < before.min() or row.value > before.max()
            if is_new and spread > 0 and abs(row.value - median) / spread >= rule.min_score:
                found.append(
                    {
                        "series_id": name,
                        "period_start": row.period_start,
                        "usual_value": median,
                        "usual_spread": spread,
                        "score": (row.value - median) / spread,
                        "is_recent": row.periods_ago < rule.recent_periods,
                    }
                )
    return pd.DataFrame(found).sort_values(KEY, ignore_index=True)


def judged(series: pd.DataFrame) -> pd.DataFrame:
    """What the model's own SQL finds in these series."""
    sql = compiled_sql(Places.of().target, "models/metadata/fct_data_anomalies.sql")
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as bellwether; use bellwether")
        connection.execute("create schema intermediate; create schema reference")
        connection.execute("create table intermediate.int_series_measured as from series")
        connection.execute(
            "create table reference.anomaly_rules as "
            f"select * replace (effective_to::date as effective_to) from '{RULES}'"
        )
        return connection.execute(f"from ({sql})").df()


def test_the_demo_jumps_as_computed_anew(
    warehouse: duckdb.DuckDBPyConnection, series: pd.DataFrame
) -> None:
    expected = jumps(series)
    found = warehouse.execute("select * from metadata.fct_data_anomalies").df()
    found["series_id"] = [
        "|".join(key.split("|")[:-1]) for key in found.data_anomaly_id.astype(str)
    ]
    found = found.sort_values(KEY, ignore_index=True)
    assert len(found) > 30
    assert found[KEY].equals(expected[KEY])
    assert (found.is_recent == expected.is_recent).all()
    for column in ("usual_value", "usual_spread"):
        assert np.allclose(found[column].astype(float), expected[column], atol=1e-6)
    assert np.allclose(found.score.astype(float), expected.score, atol=0.006)


def test_few_of_the_demos_months_are_told(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A company that grows and has its seasons doesn't flood the log."""
    found, watched, recent = warehouse.execute(
        """
        select
            (select count(*) from metadata.fct_data_anomalies),
            (select count(*) from intermediate.int_series_measured),
            (select count(*) from metadata.fct_data_anomalies where is_recent)
        """
    ).fetchone()
    assert found < 0.005 * watched
    assert recent < 10


PLANTED = {
    "volume|week|tickets|tickets||": 0.0,
    "volume|week|usage|activity||": 0.5,
    "share|month|tickets|tickets|requester_email|given": 0.5,
    "company_amount|month|bellwether|fct_metric_values|mrr|all": 2.0,
    "company_rate|month|bellwether|fct_metric_values|net_revenue_retention|all": 0.5,
    "segment_amount|month|bellwether|fct_metric_values|mrr|smb": 0.2,
}


def test_planted_breaks_are_found(series: pd.DataFrame) -> None:
    """A source that stops or halves, a column that empties, metrics that double and halve."""
    before = set(judged(series)[lambda rows: rows.is_recent].data_anomaly_id)
    broken = series.copy()
    for name, factor in PLANTED.items():
        last = (broken.series_id == name) & (broken.periods_ago == 0)
        assert last.sum() == 1, name
        broken.loc[last, "value"] *= factor
    after = judged(broken)
    told = set(after[after.is_recent].data_anomaly_id) - before
    assert {"|".join(key.split("|")[:-1]) for key in told} == set(PLANTED)
