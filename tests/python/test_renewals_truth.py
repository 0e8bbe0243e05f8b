"""Renewals, and what was forecast of them, are what the demo company was made of, to the row."""

import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from whole_project import parsed, run_dbt

from scripts.project import ROOT

TRUTH = Path(__file__).resolve().parent.parent / "truth"
FORECASTS = "models/intermediate/renewals/int_renewal_forecasts_stated.sql"
HISTORY = '"bellwether"."staging"."stg_crm__opportunity_history"'


def rows(warehouse: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    return sorted(warehouse.execute(sql).fetchall(), key=str)


def test_every_term_is_the_planted_term(warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = (
        "renewal_id, account_id, cast(agreed_end_date as varchar), opportunity_id, "
        "cast(expiring_arr as decimal(18, 2)), cast(renewed_arr as decimal(18, 2)), outcome, "
        "cast(days_late as integer), cast(is_hygienic as boolean), "
        "cast(is_due_within_90_days as boolean)"
    )
    planted = rows(
        warehouse,
        f"select {columns} from read_csv('{TRUTH / 'renewals.csv'}', all_varchar = true)",
    )
    assert len(planted) > 150
    assert rows(warehouse, f"select {columns} from marts.fct_renewals") == planted


@pytest.mark.parametrize(
    ("planted", "outcomes", "terms"),
    [
        ("late", {"renewed_late"}, 5),
        ("early", {"renewed_early"}, 4),
        ("without a link", {"renewed_on_time", "renewed_partly"}, 4),
        ("goes on", {"renewed_on_time", "renewed_partly"}, 4),
        ("replaced midway", {"renewed_early"}, 4),
        ("two into one", {"renewed_on_time"}, 3),
    ],
)
def test_the_odd_cases_come_out(
    warehouse: duckdb.DuckDBPyConnection, planted: str, outcomes: set[str], terms: int
) -> None:
    truth = pd.read_csv(TRUTH / "renewals.csv").query("planted == @planted")
    found = dict(rows(warehouse, "select renewal_id, outcome from marts.fct_renewals"))
    assert len(truth) == terms
    assert {found[key] for key in truth.renewal_id} <= outcomes


def test_a_term_of_two_subscriptions_is_shared_out_once(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """The add-ons had a subscription of their own: it is renewed for what it was worth."""
    truth = pd.read_csv(TRUTH / "renewals.csv").query("planted == 'two into one'")
    for key in truth.renewal_id:
        own, end = key.split("|")
        found = warehouse.execute(
            "select expiring_arr, renewed_arr from marts.fct_renewals where renewal_id = ?",
            [f"{own}b|{end}"],
        ).fetchone()
        assert found is not None
        assert found[0] == found[1]


def test_a_subscription_that_renews_itself_has_its_next_term(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    second = rows(warehouse, "select subscription_id from marts.fct_renewals where term_number = 2")
    truth = pd.read_csv(TRUTH / "renewals.csv").query("planted == 'goes on'")
    assert {key for (key,) in second} == set(truth.renewal_id.str.partition("|")[0])


def test_a_term_that_ends_before_it_starts_is_rejected(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        warehouse,
        "select reason_code from metadata.fct_rejected_rows where raw_key = 'sub_x2'",
    ) == [("ends_before_start",)]
    assert not rows(warehouse, "select 1 from marts.fct_renewals where subscription_id = 'sub_x2'")


def test_opportunities_without_a_known_subscription_find_their_term(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    found = dict(
        rows(
            warehouse,
            "select coalesce(matched_by, 'nothing'), count(*) "
            "from intermediate.int_renewal_opportunities_matched group by 1",
        )
    )
    assert found["account"] == 6
    assert found["nothing"] == 1


def test_every_forecast_is_the_planted_forecast(warehouse: duckdb.DuckDBPyConnection) -> None:
    planted = rows(
        warehouse,
        "select cast(renewal_month as date), cast(forecast_horizon as integer), "
        "cast(forecast_arr as decimal(18, 2)), cast(actual_arr as decimal(18, 2)) "
        f"from read_csv('{TRUTH / 'renewal_forecasts.csv'}', all_varchar = true)",
    )
    found = rows(
        warehouse,
        "select renewal_month, forecast_horizon, cast(sum(forecast_arr) as decimal(18, 2)), "
        "cast(sum(actual_arr) as decimal(18, 2)) from marts.fct_renewal_forecasts group by 1, 2",
    )
    assert len(planted) > 100
    assert found == planted


# --- No look-ahead -----------------------------------------------------------------------


def forecasts_read_from(history: str) -> str:
    """The forecasts model as compiled, reading the history from another relation."""
    compiled = (ROOT / "target" / "compiled" / "bellwether" / FORECASTS).read_text()
    assert compiled.count(HISTORY) == 1
    return re.sub(re.escape(HISTORY), f"({history})", compiled)


def cutoffs(warehouse: duckdb.DuckDBPyConnection) -> list:
    return rows(
        warehouse,
        "select distinct cutoff_date from intermediate.int_renewal_forecasts_stated "
        "where forecast_horizon = 90 and renewal_month >= date '2024-06-01'",
    )


def test_a_forecast_reads_no_later_history(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Without the rows after a cut-off day, the forecasts of that day are the same."""
    days = cutoffs(warehouse)
    assert len(days) > 20
    for (day,) in days:
        truncated = f"select * from {HISTORY} where cast(changed_at as date) <= date '{day}'"
        of_day = f"where cutoff_date = date '{day}'"
        then = rows(warehouse, f"select * from ({forecasts_read_from(truncated)}) {of_day}")
        now = "select * from intermediate.int_renewal_forecasts_stated"
        assert then == rows(warehouse, f"{now} {of_day}"), day
        assert then, day


def test_a_forecast_reads_the_history_of_its_last_day(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Cut off a month earlier, forecasts differ: the comparison above can fail."""
    changed = 0
    for (day,) in cutoffs(warehouse):
        earlier = (
            f"select * from {HISTORY} "
            f"where cast(changed_at as date) <= date '{day}' - interval 30 day"
        )
        of_day = f"where cutoff_date = date '{day}'"
        then = rows(warehouse, f"select * from ({forecasts_read_from(earlier)}) {of_day}")
        now = "select * from intermediate.int_renewal_forecasts_stated"
        changed += then != rows(warehouse, f"{now} {of_day}")
    assert changed > 10


# --- What comes before a churn -----------------------------------------------------------


def lifts(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> pd.DataFrame:
    """The analysis as dbt compiles it, run on the work file."""
    name = "signal_lift_before_churn"
    run_dbt(tmp_path, {}, "compile", "--select", name, manifest=parsed())
    compiled = next(tmp_path.glob(f"target/compiled/**/{name}.sql")).read_text()
    return warehouse.execute(compiled).df().set_index("signal")


def test_signals_are_more_frequent_before_a_churn(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """The lift of a red health band, counted a second time."""
    found = lifts(warehouse, tmp_path)
    assert len(found) == 8
    assert found.lift["health_red"] > 1.3
    churned = rows(
        warehouse, "select account_id, month_start from marts.fct_account_months where is_churned"
    )
    counts = {(before, red): 0 for before in (True, False) for red in (True, False)}
    for account, day, band in rows(
        warehouse,
        "select account_id, observation_date, final_band from marts.fct_health_scores "
        "where is_champion and period_type = 'month_end' and final_band <> 'unscored'",
    ):
        before = any(who == account and 30 <= (left - day).days <= 180 for who, left in churned)
        counts[before, band == "red"] += 1
    expected = {
        "months_before_churn": counts[True, True] + counts[True, False],
        "signalled_before_churn": counts[True, True],
        "other_months": counts[False, True] + counts[False, False],
        "signalled_otherwise": counts[False, True],
    }
    assert found.loc["health_red", list(expected)].to_dict() == expected
    share_before = expected["signalled_before_churn"] / expected["months_before_churn"]
    share_otherwise = expected["signalled_otherwise"] / expected["other_months"]
    assert found.lift["health_red"] == pytest.approx(share_before / share_otherwise)


def test_a_few_users_tried_the_next_plan(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The demo lets a few users try a feature of the next plan, so that the signal occurs."""
    tried = rows(
        warehouse,
        "select distinct account_id from marts.fct_expansion_signals where has_tried_higher_plan",
    )
    assert len(tried) >= 10
