from pathlib import Path

from dbt.flags import get_flags

from scripts.metric_queries import metric_values
from scripts.metrics_engine import MetricDefinitions


def model(dbt, session):
    """Ask the semantic layer for every public metric by month, of the company and by segment."""
    # What the metrics are made of; a test compares this list with them.
    dbt.ref("dim_account_history")
    dbt.ref("dim_dates")
    dbt.ref("dim_months")
    dbt.ref("fct_account_months")
    dbt.ref("fct_account_retention")
    dbt.ref("fct_adoption_milestones")
    dbt.ref("fct_automation_runs")
    dbt.ref("fct_cohort_retention")
    dbt.ref("fct_cs_qualified_leads")
    dbt.ref("fct_csm_accounts")
    dbt.ref("fct_ctas")
    dbt.ref("fct_dashboard_usage")
    dbt.ref("fct_dependencies")
    dbt.ref("fct_documentation")
    dbt.ref("fct_escalations")
    dbt.ref("fct_expansion_signals")
    dbt.ref("fct_feature_adoption")
    dbt.ref("fct_feedback_themes")
    dbt.ref("fct_field_completeness")
    dbt.ref("fct_health_band_movements")
    dbt.ref("fct_health_losses")
    dbt.ref("fct_health_outcomes")
    dbt.ref("fct_health_overrides")
    dbt.ref("fct_health_scores")
    dbt.ref("fct_incident_months")
    dbt.ref("fct_kpi_definitions")
    dbt.ref("fct_lifecycle_stages")
    dbt.ref("fct_lifecycle_transitions")
    dbt.ref("fct_mrr_movement_reasons")
    dbt.ref("fct_onboarding_project_months")
    dbt.ref("fct_onboarding_projects")
    dbt.ref("fct_parent_months")
    dbt.ref("fct_reconciliations")
    dbt.ref("fct_renewal_forecasts")
    dbt.ref("fct_renewal_hygiene")
    dbt.ref("fct_renewals")
    dbt.ref("fct_request_backlog")
    dbt.ref("fct_requests")
    dbt.ref("fct_revenue_reconciliation")
    dbt.ref("fct_stakeholder_satisfaction")
    dbt.ref("fct_survey_responses")
    dbt.ref("fct_tickets")
    dbt.ref("fct_user_activity")
    dbt.ref("fct_user_months")
    dbt.ref("fct_user_stage_months")

    flags = get_flags()
    target = Path(flags.PROJECT_DIR) / (flags.TARGET_PATH or "target")
    metrics = MetricDefinitions(target / "semantic_manifest.json")
    return session.sql(metric_values(metrics))
