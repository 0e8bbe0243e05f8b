"""A build as of an earlier date gives exactly the rows the full build gives for the months then
closed: nothing looks ahead.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import duckdb
import pytest
from replay import Model, compiled_models, sql_as_of
from whole_project import parsed, run_dbt

from scripts.project import CATALOG, Places

AS_OF_DATES = ["2024-02-29", "2025-08-14"]
CARRYING_ON = {"fct_field_completeness_published"}  # incremental models

MONTH_ENDS = "case when period_type = 'month_end' then observation_date end"

# Every mart with one row per something and day, closed month or observation date, and the day
# by which each row is final. The months of a cohort that are not over yet are nobody's figures.
DATED_MARTS = {
    "fct_account_months": "month_end",
    "fct_mrr_movements": "last_day(month_start)",
    "fct_mrr_movement_reasons": "last_day(month_start)",
    "fct_parent_months": "month_end",
    "fct_account_retention": "last_day(month_start)",
    "fct_user_activity": "activity_date",
    "fct_user_months": "month_end",
    "fct_user_stage_months": "month_end",
    "fct_feature_adoption": "month_end",
    "fct_adoption_milestones": (
        "case when is_due and reached_date is not null then greatest(reached_date, target_date) end"
    ),
    "fct_ticket_backlog": MONTH_ENDS,
    "fct_escalations": (
        "case when is_due and not is_open and instrumented_at is not null then "
        "cast(greatest(escalated_at + to_days(7), solved_at, instrumented_at) as date) end"
    ),
    "fct_health_components": MONTH_ENDS,
    "fct_health_scores": MONTH_ENDS,
    "fct_health_band_movements": "month_end",
    "fct_health_overrides": "case when is_decided then decided_date end",
    "fct_health_losses": "last_day(month_start)",
    "fct_health_outcomes": "window_end_date",
    # What the backtest is made of, with what was to be expected then.
    "int_health_observations_judged": "window_end_date",
    "rpt_health_stability": "month_end",
    "fct_feedback_themes": "said_date",
    # Answered, with the span over in which it could be replaced, and followed up if need be.
    "fct_survey_responses": (
        "case when category <> 'detractor' then counting_closed_date "
        "when closed_loop_at is not null and counting_closed_date is not null "
        "then greatest(counting_closed_date, closed_loop_at::date) end"
    ),
    "fct_lifecycle_stages": MONTH_ENDS,
    "fct_lifecycle_transitions": "left_date",
    "fct_onboarding_project_months": "month_end",
    "fct_onboarding_projects": (
        "case when is_due and completed_date is not null "
        "then greatest(target_date, completed_date) end"
    ),
    "fct_ctas": "case when is_due and not is_open then greatest(due_date, closed_date) end",
    "fct_request_backlog": "month_end",
    "fct_dashboard_usage": "last_day(month_start)",
    "fct_incident_months": "last_day(month_start)",
    "fct_automation_runs": "run_date",
    "fct_stakeholder_satisfaction": "last_day(month_start)",
    "fct_csm_accounts": "last_day(month_start)",
    "rpt_csm_capacity": "last_day(month_start)",
    "rpt_csm_headcount": "last_day(month_start)",
    "fct_cohort_retention": (
        "case when is_complete then last_day(cohort_month + to_months(months_since)) end"
    ),
    "fct_renewals": "case when not is_open then grace_end_date end",
    "fct_renewal_forecasts": "case when is_final then final_date end",
    "fct_renewal_hygiene": MONTH_ENDS,
    "fct_source_days": "record_date",
    # History tells of a month from the day after it on.
    "fct_field_completeness": (
        "case when measured_from = 'history' then last_day(month_start) + 1 end"
    ),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Model]:
    """The dated marts and all that they are made from, compiled for the first of the dates.

    For an empty database, so that no model finds rows of an earlier build to carry on.
    """
    folder = tmp_path_factory.mktemp("earlier")
    select = ["--select", *(f"+{mart}" for mart in DATED_MARTS)]
    run_dbt(folder, {"as_of_date": AS_OF_DATES[0]}, "compile", *select, manifest=parsed())
    return compiled_models(replace(Places.of(), target=folder / "target"), DATED_MARTS)


@pytest.fixture(scope="module", params=AS_OF_DATES)
def earlier(
    request: pytest.FixtureRequest, models: list[Model]
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """The demo built as of an earlier date, beside the full build in the catalog `full_build`."""
    first, day = (date.fromisoformat(text) for text in (AS_OF_DATES[0], request.param))
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{Places.of().work_file}' as full_build (read_only)")
        connection.execute(f"attach ':memory:' as {CATALOG}; use {CATALOG}")
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'full_build'"
        ).fetchall():
            connection.execute(f"create schema if not exists {schema}")
            if schema in ("raw", "reference"):
                connection.execute(
                    f"create view {schema}.{table} as from full_build.{schema}.{table}"
                )
        for model in models:
            sql = sql_as_of(model.sql, day, compiled_for=first)
            connection.execute(f"create table {model.relation} as {sql}")
        yield connection, request.param


@pytest.mark.parametrize("mart", DATED_MARTS)
def test_an_earlier_build_agrees(earlier: tuple[duckdb.DuckDBPyConnection, str], mart: str) -> None:
    connection, as_of = earlier
    (relation,) = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() "
        "where database_name = 'full_build' and table_name = ?",
        [mart],
    ).fetchone()
    then = f"select * from {CATALOG}.{relation} where {DATED_MARTS[mart]} is not null"
    closed = f"select * from full_build.{relation} where {DATED_MARTS[mart]} <= date '{as_of}'"
    rows = connection.execute(f"select count(*) from ({then})").fetchone()
    assert rows is not None
    # After two months of surveys, no answer is final that a newer one replaces within three.
    assert rows[0] > 0 or as_of == AS_OF_DATES[0]
    for one, other in ((then, closed), (closed, then)):
        assert not connection.execute(f"{one} except all {other}").fetchall()


def test_the_date_is_all_that_changes_in_a_models_sql(models: list[Model]) -> None:
    """What a replay of models rests on, here and in test_health_point_in_time."""
    first = date.fromisoformat(AS_OF_DATES[0])
    # A model that carries on reads itself, in the last build.
    now = [
        model
        for model in compiled_models(Places.of(), DATED_MARTS)
        if model.relation not in model.sql
    ]
    assert {model.name for model in now} >= {model.name for model in models} - CARRYING_ON
    earlier = {model.name: model.sql for model in models}
    assert {model.name: sql_as_of(model.sql, first) for model in now} == {
        model.name: earlier[model.name] for model in now
    }
