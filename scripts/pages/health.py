"""Health: how well customers are, who moved between bands, and if the score can be believed."""

from __future__ import annotations

from scripts.pages.charts import BANDS, bars, each, heat_map, lines
from scripts.pages.facts import Facts
from scripts.pages.parts import Kpi, Kpis, Page, Section, Table

FROM_BAND, TO_BAND = "health_band_movement__from_band", "health_band_movement__to_band"
BAND_THEN = "health_outcome__final_band"
FROM_BANDS = ["green", "yellow", "red", "unscored", "new"]
TO_BANDS = ["green", "yellow", "red", "unscored", "left"]
RATES = ["health_downgrade_rate", "health_upgrade_rate"]
STATE = [
    "average_health_score_by_mrr",
    "average_health_score",
    "arr_at_risk",
    "accounts_at_risk",
    "health_score_coverage",
]


def page(facts: Facts) -> Page:
    """The page, from the metrics of one published file."""
    state = facts.cube(STATE)
    return Page(
        key="health",
        title="Health",
        text="How well customers are, what is at risk, and how well the score told who leaves.",
        sections=[
            Section(
                "now",
                "Where we stand",
                "The health of customers at the end of the period.",
                [
                    Kpis(
                        "health_now",
                        [
                            Kpi("average_health_score_by_mrr", "Health, by MRR", state),
                            Kpi("arr_at_risk", "ARR at risk", state),
                            Kpi("accounts_at_risk", "Red accounts", state),
                            Kpi("health_score_coverage", "Coverage", state),
                        ],
                    )
                ],
            ),
            _bands(facts),
            _risk(facts),
            _changes(facts),
            _proof(facts),
            _warnings(facts),
        ],
    )


def _bands(facts: Facts) -> Section:
    bands = facts.cube(["health_band_movements"], [TO_BAND], [f"{TO_BAND} != 'left'"])
    movements = facts.cube(["health_band_movements"], [FROM_BAND, TO_BAND])
    return Section(
        "bands",
        "Bands",
        "Every customer is green, yellow or red at a month end, by its score or by an override.",
        [
            bars(
                bands,
                {"health_band_movements": "customers"},
                key="health_bands",
                title="Customers by health band at each month end",
                unit="accounts",
                colour="to_band",
                colours=BANDS,
            ),
            heat_map(
                movements,
                {"health_band_movements": "customers"},
                key="health_movements",
                title="Customers by the band they came from and the band they are in",
                unit="accounts",
                x=each("X", "to_band", "at the month's end", TO_BANDS),
                y=each("Y", "from_band", "a month before", FROM_BANDS),
                months="end",
            ),
        ],
    )


def _risk(facts: Facts) -> Section:
    state = facts.cube(STATE)
    return Section(
        "risk",
        "What is at risk",
        "ARR of red accounts, and of yellow ones whose renewal is near.",
        [
            bars(
                state,
                {"arr_at_risk": "ARR at risk"},
                key="health_risk",
                title="ARR at risk by segment at each month end",
                unit="usd",
                colour="segment",
                split=("segment",),
            ),
            lines(
                state,
                {
                    "average_health_score_by_mrr": "each dollar counts the same",
                    "average_health_score": "each customer counts the same",
                },
                key="health_score",
                title="Average health score",
                unit="score",
                target=facts.metric("average_health_score").meta["target"],
            ),
        ],
    )


def _changes(facts: Facts) -> Section:
    return Section(
        "changes",
        "What changes, and what is covered",
        "Bands that moved within the month, and managed customers whose score is complete.",
        [
            lines(
                facts.cube(RATES),
                {"health_downgrade_rate": "downgraded", "health_upgrade_rate": "upgraded"},
                key="health_moves",
                title="Share of customers whose band got worse or better in the month",
                unit="ratio",
                zero=True,
            ),
            lines(
                facts.cube(STATE),
                {"health_score_coverage": "covered"},
                key="health_coverage",
                title="Share of managed customers whose score has every required input",
                unit="ratio",
                target=facts.metric("health_score_coverage").meta["target"],
                zero=True,
            ),
        ],
    )


def _proof(facts: Facts) -> Section:
    return Section(
        "proof",
        "Can the score be believed?",
        "Looked back on, by quarter: what became of customers in the 180 days after a month end.",
        [
            lines(
                facts.cube(["health_loss_rate"], [BAND_THEN], period="quarter"),
                {"health_loss_rate": "churned or contracted"},
                key="health_calibration",
                title="Calibration: share of each band that churned or contracted in 180 days",
                unit="ratio",
                colour="final_band",
                colours=BANDS,
                zero=True,
            ),
            lines(
                facts.cube(["health_risk_capture"], period="quarter"),
                {"health_risk_capture": "foreseen"},
                key="health_capture",
                title="Share of losses that were red or yellow 30 to 180 days before",
                unit="ratio",
                target=facts.metric("health_risk_capture").meta["target"],
                zero=True,
            ),
            lines(
                facts.cube(["health_auc"], period="quarter"),
                {"health_auc": "chance"},
                key="health_ranking",
                title="Chance that who was lost had a lower score than who stayed (50 % is luck)",
                unit="ratio",
                target=facts.metric("health_auc").meta["target"],
            ),
            lines(
                facts.cube(["health_override_accuracy"], period="quarter"),
                {"health_override_accuracy": "right"},
                key="health_overrides",
                title="Share of overrides that turned out to be right",
                unit="ratio",
                zero=True,
            ),
        ],
    )


def _warnings(facts: Facts) -> Section:
    columns = ["warning", "message"]
    rows = facts.rows("marts.rpt_health_warnings", columns)
    return Section(
        "warnings",
        "What to look at before trusting a score",
        "Accounts, overrides and components of which the score can say less than usual.",
        [
            Table(
                key="health_warnings",
                title="Warnings",
                source="rpt_health_warnings",
                note="of the whole company",
                columns=["Warning", "What is the matter"],
                rows=[
                    facts.row([row["warning"].replace("_", " "), row["message"]])
                    for row in sorted(rows, key=lambda row: (row["warning"], row["message"]))
                ],
            )
        ],
    )
