"""The page Retention: what moved recurring revenue, and what is kept of it."""

from __future__ import annotations

from scripts.pages.charts import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    YELLOW,
    bars,
    heat_map,
    lines,
    ranking,
    waterfall,
)
from scripts.pages.facts import Facts
from scripts.pages.parts import Kpi, Kpis, Page, Section

RETENTION = {
    "net_revenue_retention": "NRR",
    "gross_revenue_retention": "GRR",
    "logo_retention_12m": "Logo retention",
}
MOVEMENTS = {
    "new_mrr": "New",
    "reactivation_mrr": "Reactivation",
    "expansion_mrr": "Expansion",
    "contraction_mrr": "Contraction",
    "churned_mrr": "Churn",
    "fx_mrr": "Exchange rates",
}
COLOURS = {
    "New": BLUE,
    "Reactivation": GREEN,
    "Expansion": "#7fb8e6",
    "Contraction": YELLOW,
    "Churn": ORANGE,
    "Exchange rates": GREY,
}
AGES = range(0, 49, 3)  # months since a cohort began that the heat-map shows


def page(facts: Facts) -> Page:
    return Page(
        "retention",
        "Retention",
        "What moved recurring revenue, and what is kept of each customer's revenue.",
        [moved(facts), kept(facts), cohorts(facts), lost(facts)],
    )


def moved(facts: Facts) -> Section:
    bridge = facts.cube(["mrr", *MOVEMENTS])
    return Section(
        "moved",
        "What moved MRR",
        "Monthly recurring revenue before the period, each movement in it, and what it came to.",
        [
            waterfall(
                bridge,
                ("mrr", "MRR"),
                MOVEMENTS,
                key="mrr_bridge",
                title="MRR bridge over the period",
                unit="usd",
                rest="Other segment, region or team",
                note="Accounts that changed segment, region or team came from, or went to, another "
                "selection.",
            ),
            bars(
                bridge,
                MOVEMENTS,
                key="mrr_movements",
                title="Movements of MRR by month",
                unit="usd",
                colours=COLOURS,
            ),
        ],
    )


def kept(facts: Facts) -> Section:
    retention = facts.cube(list(RETENTION))
    by_segment = [
        lines(
            retention,
            {metric: name},
            key=f"{metric}_by_segment",
            title=f"{facts.metric(metric).label} by segment",
            unit="ratio",
            colour="segment",
            split=("segment",),
        )
        for metric, name in RETENTION.items()
    ]
    return Section(
        "kept",
        "Kept after twelve months",
        "Of the customers and the revenue of twelve months before, what is there now.",
        [
            Kpis(
                "retention_now",
                [Kpi(metric, name, retention) for metric, name in RETENTION.items()],
            ),
            lines(
                retention,
                RETENTION,
                key="retention_by_month",
                title="Retention over twelve months",
                unit="ratio",
            ),
            *by_segment,
        ],
    )


def cohorts(facts: Facts) -> Section:
    import altair as alt

    ages = ", ".join(map(str, AGES))
    cohort = facts.cube(
        ["cohort_mrr_retention", "cohort_logo_retention"],
        extra=["cohort__months_since"],
        where=[f"cohort__months_since in ({ages})"],
        period="quarter",
    )
    names = {"cohort_mrr_retention": "MRR kept", "cohort_logo_retention": "Customers kept"}
    return Section(
        "cohorts",
        "Cohorts",
        "Customers by the quarter of their first contract: what is there so many months later.",
        [
            heat_map(
                cohort,
                {metric: name},
                key=metric,
                title=f"{name} of each cohort, % of its beginning",
                unit="ratio",
                x=alt.X("months_since:O", title="months since", axis=alt.Axis(labelAngle=0)).sort(
                    [str(age) for age in AGES]
                ),
                y=alt.Y("utcyearquarter(month):O", title=None, axis=alt.Axis(format="Q%q %Y")),
                middle=1,
                height=alt.Step(20),
                months="always",
            )
            for metric, name in names.items()
        ],
    )


def lost(facts: Facts) -> Section:
    reasons = facts.cube(
        ["mrr_change"],
        extra=["mrr_movement_reason__reason"],
        where=["mrr_movement_reason__movement_type = 'churn'"],
    )
    shrinking = facts.cube(
        ["mrr_change"],
        extra=["mrr_movement_reason__reason"],
        where=["mrr_movement_reason__movement_type = 'contraction'"],
    )
    customers = facts.cube(["churned_customers", "logo_churn_rate", "gross_mrr_churn_rate"])
    return Section(
        "lost",
        "Why it was lost",
        "Reasons as the CRM gives them; not stated is what nobody wrote down.",
        [
            ranking(
                reasons,
                {"mrr_change": "MRR lost"},
                key="churn_reasons",
                title="MRR of customers that left, by reason, over the period",
                unit="usd",
                by="reason",
                ascending=True,
            ),
            ranking(
                shrinking,
                {"mrr_change": "MRR lost"},
                key="contraction_reasons",
                title="MRR of customers that shrank, by reason, over the period",
                unit="usd",
                by="reason",
                ascending=True,
            ),
            bars(
                customers,
                {"churned_customers": "Customers lost"},
                key="churned_customers",
                title="Customers that left, by month",
                unit="accounts",
                colours={"Customers lost": ORANGE},
            ),
            lines(
                customers,
                {"logo_churn_rate": "Customers", "gross_mrr_churn_rate": "MRR"},
                key="churn_rates",
                title="Share lost in each month",
                unit="ratio",
                zero=True,
            ),
        ],
    )
