"""The page Renewals: what comes up, what became of it, and how well that was foreseen."""

from __future__ import annotations

from scripts.formats import day_text, value_text, words
from scripts.pages.charts import BLUE, GREY, bars, lines, ranking
from scripts.pages.facts import Facts
from scripts.pages.parts import Kpi, Kpis, Page, Section, Table

RATES = {
    "renewal_rate_gross": "Gross",
    "renewal_rate_net": "Net",
    "renewal_rate_logo": "Terms",
    "on_time_renewal_rate": "On time",
}
NOT_RECORDED = "not recorded"
RISKS = {"low": BLUE, "medium": "#e0b23c", "high": "#b2452f", NOT_RECORDED: GREY}


def page(facts: Facts) -> Page:
    return Page(
        "renewals",
        "Renewals",
        "What comes up for renewal, what became of what came up, and how well that was foreseen.",
        [pipeline(facts), outcome(facts), forecast(facts), hygiene(facts)],
    )


def pipeline(facts: Facts) -> Section:
    coming = facts.cube(
        ["expiring_arr"],
        extra=["renewal__risk_status"],
        where=["renewal__is_open = true"],
        none=NOT_RECORDED,
    )
    return Section(
        "pipeline",
        "What comes up",
        "Terms that are open, by the month in which they end, those in their days of grace too.",
        [
            bars(
                coming,
                {"expiring_arr": "Expiring ARR"},
                key="pipeline_by_risk",
                title="Expiring ARR by month and recorded risk",
                unit="usd",
                colour="risk_status",
                colours=RISKS,
                months="always",
                note="Every open term, whatever the period.",
            ),
            bars(
                facts.cube(
                    ["expiring_arr"],
                    extra=["renewal__forecast_category"],
                    where=["renewal__is_open = true"],
                    none=NOT_RECORDED,
                ),
                {"expiring_arr": "Expiring ARR"},
                key="pipeline_by_forecast",
                title="Expiring ARR by month and forecast category",
                unit="usd",
                colour="forecast_category",
                months="always",
                note="Every open term, whatever the period.",
            ),
            due_soon(facts),
        ],
    )


def due_soon(facts: Facts) -> Table:
    """The renewals that are due within 90 days, the largest first."""
    columns = ["account_id", "account_name", "segment", "due_date", "expiring_arr", "risk_status"]
    columns += ["owner_id", "is_hygienic", "health_band", "is_due_within_90_days"]
    due = [
        row
        for row in facts.rows("marts.rpt_renewal_pipeline", columns)
        if row["is_due_within_90_days"]
    ]
    accounts = {
        row["account_id"]: row
        for row in facts.rows("marts.rpt_account_overview", ["account_id", "region", "csm_id"])
    }
    managers = {
        row["user_id"]: row["manager_id"]
        for row in facts.rows("marts.dim_users", ["user_id", "manager_id"])
    }
    return Table(
        "due_soon",
        "Due within 90 days",
        "marts.rpt_renewal_pipeline",
        ["Account", "Due", "ARR", "Risk", "Owner", "Ready", "Health"],
        [
            facts.row(
                [
                    row["account_name"],
                    day_text(row["due_date"]),
                    value_text(row["expiring_arr"], "usd"),
                    words(row["risk_status"] or NOT_RECORDED),
                    row["owner_id"] or "nobody",
                    "yes" if row["is_hygienic"] else "no",
                    row["health_band"] or "unscored",
                ],
                segment=row["segment"],
                region=accounts[row["account_id"]]["region"],
                team=managers.get(accounts[row["account_id"]]["csm_id"]),
            )
            for row in sorted(due, key=lambda row: (-row["expiring_arr"], row["account_id"]))
        ],
        numeric=frozenset({"ARR"}),
        note="ready: risk, close plan and owner are recorded",
    )


def outcome(facts: Facts) -> Section:
    rates = facts.cube(list(RATES))
    amounts = facts.cube(["expiring_arr", "renewed_arr"])
    return Section(
        "outcome",
        "What became of it",
        "Terms by the month in which they ended; what is open has no outcome yet.",
        [
            Kpis(
                "rates_now",
                [Kpi(metric, facts.metric(metric).label, rates, latest=True) for metric in RATES],
            ),
            lines(
                amounts,
                {"expiring_arr": "Expiring", "renewed_arr": "Renewed"},
                key="expiring_and_renewed",
                title="ARR that came up, and ARR that was renewed",
                unit="usd",
                zero=True,
            ),
            lines(
                rates,
                RATES,
                key="renewal_rates",
                title="Renewal rates",
                unit="ratio",
            ),
        ],
    )


def forecast(facts: Facts) -> Section:
    foreseen = facts.cube(
        ["renewal_forecast_accuracy", "renewal_forecast_bias"],
        extra=["renewal_forecast__forecast_horizon"],
    )
    return Section(
        "forecast",
        "Forecast against actual",
        "What was forecast 90, 60, 30 and 0 days ahead, against what was renewed.",
        [
            lines(
                foreseen,
                {"renewal_forecast_bias": "Forecast bias"},
                key="forecast_bias",
                title="Forecast above or below the actual, by days ahead",
                unit="ratio",
                colour="forecast_horizon",
                target=0,
            ),
            lines(
                foreseen,
                {"renewal_forecast_accuracy": "Forecast accuracy"},
                key="forecast_accuracy",
                title="Forecast accuracy by days ahead",
                unit="ratio",
                colour="forecast_horizon",
                target=facts.metric("renewal_forecast_accuracy").meta["target"],
            ),
        ],
    )


def hygiene(facts: Facts) -> Section:
    company = facts.cube(["renewal_hygiene_compliance", "renewals_due"])
    owners = facts.cube(["renewal_hygiene_compliance", "renewals_due"], extra=["account__csm_id"])
    return Section(
        "hygiene",
        "Hygiene",
        "Of the renewals due within 90 days, those with risk, close plan and owner recorded.",
        [
            lines(
                company,
                {"renewal_hygiene_compliance": "Hygiene compliance"},
                key="hygiene_by_month",
                title="Renewals that are ready, share by month",
                unit="ratio",
                target=facts.metric("renewal_hygiene_compliance").meta["target"],
                zero=True,
            ),
            ranking(
                owners,
                {"renewal_hygiene_compliance": "Hygiene compliance"},
                key="hygiene_by_owner",
                title="Renewals that are ready, share by CSM in charge",
                unit="ratio",
                by="csm_id",
                ascending=True,
                months="end",
            ),
            bars(
                company,
                {"renewals_due": "Renewals due"},
                key="renewals_due",
                title="Renewals due within 90 days, by month",
                unit="renewals",
                colours={"Renewals due": BLUE},
            ),
            ranking(
                owners,
                {"renewals_due": "Renewals due"},
                key="renewals_due_by_owner",
                title="Renewals due within 90 days, by CSM in charge",
                unit="renewals",
                by="csm_id",
                months="end",
            ),
        ],
    )
