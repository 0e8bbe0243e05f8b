"""The scorecard says what the metrics say, and neither a KPI nor a metric is missing."""

import csv

import duckdb
import pytest

from scripts.metrics_engine import MetricsEngine
from scripts.project import ROOT

with (ROOT / "seeds/reference/kpis.csv").open(encoding="utf-8") as file:
    KPIS = {row["metric"]: row for row in csv.DictReader(file)}

# Each metric of the definitions, by its name; there may be more.
PROMISED = """
mrr arr committed_mrr new_mrr reactivation_mrr expansion_mrr contraction_mrr churned_mrr
fx_mrr new_customers reactivated_customers churned_customers active_customers
net_revenue_retention gross_revenue_retention logo_retention_12m gross_mrr_churn_rate
net_mrr_churn_rate logo_churn_rate quick_ratio arpa customer_lifetime_value

daily_active_users weekly_active_users monthly_active_users smau stickiness
seat_utilization feature_breadth adoption_milestone_rate time_to_first_value_days
active_account_rate

tickets_opened tickets_solved open_tickets first_reply_time_hours
full_resolution_time_hours sla_attainment reopen_rate escalation_rate
escalation_instrumentation csat

nps pnps survey_response_rate closed_loop_rate

lifecycle_stage_integrity onboarding_cycle_time_days onboarding_completion_rate
stage_conversion_rate

health_score_coverage average_health_score arr_at_risk health_risk_capture
health_precision health_lift health_auc

renewal_rate_gross renewal_rate_net renewal_rate_logo on_time_renewal_rate
renewal_forecast_accuracy renewal_forecast_bias renewal_hygiene_compliance

playbook_execution_rate automation_hours_saved

dashboard_adoption_rate self_service_ratio time_to_insight_days backlog_aging_breaches
metric_definition_compliance data_completeness data_accuracy
cross_functional_sla_adherence stakeholder_satisfaction documentation_coverage
reporting_reliability accounts_per_csm arr_per_csm
"""


def test_the_kpis_are_those_of_the_definitions() -> None:
    assert set(KPIS) == {
        *("dashboard_adoption_rate", "self_service_ratio", "time_to_insight_days"),
        *("backlog_aging_breaches", "metric_definition_compliance", "documentation_coverage"),
        *("cross_functional_sla_adherence", "stakeholder_satisfaction", "reporting_reliability"),
        *("automation_hours_saved", "playbook_execution_rate", "data_completeness"),
        *("data_accuracy", "health_score_coverage", "lifecycle_stage_integrity"),
        *("escalation_instrumentation", "renewal_hygiene_compliance", "health_risk_capture"),
        *("renewal_forecast_accuracy", "onboarding_cycle_time_days"),
    }


def test_every_metric_that_was_promised_is_there(metrics_engine: MetricsEngine) -> None:
    assert set(PROMISED.split()) <= set(metrics_engine.metrics)


@pytest.mark.parametrize("metric", KPIS)
def test_every_value_is_the_metrics(
    metric: str, warehouse: duckdb.DuckDBPyConnection, metrics_engine: MetricsEngine
) -> None:
    kpi = KPIS[metric]
    date = f"metric_time__{kpi['period']}"
    where = [kpi["condition"]] if kpi["condition"] else []
    expected = {
        (row[date], "all"): row[metric]
        for row in metrics_engine.query([metric], [date], where).to_pylist()
    }
    if dimension := kpi["segment_dimension"]:
        expected |= {
            (row[date], row[dimension] or "unassigned"): row[metric]
            for row in metrics_engine.query([metric], [date, dimension], where).to_pylist()
        }
    found = {
        (start, segment): value
        for start, segment, value in warehouse.execute(
            "select period_start, segment, value from marts.rpt_kpi_scorecard where metric = ?",
            [metric],
        ).fetchall()
    }
    measured = {key for key, value in found.items() if value is not None}
    assert measured == {key for key, value in expected.items() if value is not None}
    assert all(abs(float(found[key]) - float(expected[key])) <= 5e-7 for key in measured)


def test_every_kpi_has_a_value_in_the_latest_period(warehouse: duckdb.DuckDBPyConnection) -> None:
    """But one: what became of June's renewals is known once their days of grace are over."""
    latest = dict(
        warehouse.execute(
            "select metric, max(period_end)::text from marts.rpt_kpi_scorecard "
            "where segment = 'all' and value is not null group by metric"
        ).fetchall()
    )
    assert latest == {
        **dict.fromkeys(KPIS, "2026-06-30"),
        "renewal_forecast_accuracy": "2026-05-31",
    }


def test_the_targets_are_those_of_the_metrics(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A metric says its value to reach today; the scorecard knows those of other times, too."""
    differing = warehouse.execute(
        """
        select metric, kpi_targets.target, dim_metrics.target
        from reference.kpi_targets
        join metadata.dim_metrics on metric = metric_name
        where valid_to is null
            and target_kind = 'value'
            and dim_metrics.target is distinct from kpi_targets.target
        """
    ).fetchall()
    assert not differing
