from pathlib import Path

from dbt.flags import get_flags

from scripts.metric_queries import kpi_values
from scripts.metrics_engine import MetricDefinitions


def model(dbt, session):
    """Ask the semantic layer for every KPI of the scorecard: the company's, and each segment's."""
    # What the KPIs' metrics are made of; a test compares this list with the metrics.
    dbt.ref("dim_account_history")
    dbt.ref("dim_dates")
    dbt.ref("dim_months")
    dbt.ref("fct_automation_runs")
    dbt.ref("fct_ctas")
    dbt.ref("fct_dashboard_usage")
    dbt.ref("fct_dependencies")
    dbt.ref("fct_documentation")
    dbt.ref("fct_escalations")
    dbt.ref("fct_field_completeness")
    dbt.ref("fct_health_losses")
    dbt.ref("fct_health_scores")
    dbt.ref("fct_incident_months")
    dbt.ref("fct_kpi_definitions")
    dbt.ref("fct_lifecycle_stages")
    dbt.ref("fct_onboarding_projects")
    dbt.ref("fct_renewal_forecasts")
    dbt.ref("fct_renewal_hygiene")
    dbt.ref("fct_request_backlog")
    dbt.ref("fct_requests")
    dbt.ref("fct_revenue_reconciliation")
    dbt.ref("fct_stakeholder_satisfaction")

    flags = get_flags()
    target = Path(flags.PROJECT_DIR) / (flags.TARGET_PATH or "target")
    metrics = MetricDefinitions(target / "semantic_manifest.json")
    kpis = dbt.ref("kpis").project("metric, period, segment_dimension, condition").fetchall()
    return session.sql(kpi_values(metrics, kpis))
