"""The page Overview: where the company stands, and each KPI against its target."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.pages.charts import bars, lines
from scripts.pages.facts import Facts
from scripts.pages.parts import Cube, Kpi, Kpis, Page, Section
from scripts.parsed_project import read_rows
from scripts.project import ROOT

KPIS = ROOT / "seeds" / "reference" / "kpis.csv"
HEADLINES = [
    "arr",
    "net_revenue_retention",
    "gross_revenue_retention",
    "active_customers",
    "arr_at_risk",
    "average_health_score",
    "renewal_rate_gross",
    "monthly_active_users",
    "nps",
    "csat",
]
GROUPS = {
    "outcome": "Outcomes",
    "quality": "Data and process",
    "operations": "How the team works",
}


def page(facts: Facts) -> Page:
    return Page(
        "overview",
        "Overview",
        "Where the company stands, and each KPI of customer-success operations against its target.",
        [standing(facts), scorecard(facts)],
    )


def standing(facts: Facts) -> Section:
    headlines = facts.cube(HEADLINES)
    return Section(
        "standing",
        "Where we stand",
        "At the end of the period, with the change in a year and the last 24 months.",
        [
            Kpis(
                "headlines",
                [Kpi(name, facts.metric(name).label, headlines, latest=True) for name in HEADLINES],
            ),
            bars(
                headlines,
                {"arr": "ARR"},
                key="arr_by_segment",
                title="Annual recurring revenue by segment",
                unit="usd",
                colour="segment",
                split=("segment",),
            ),
            lines(
                headlines,
                {"net_revenue_retention": "NRR", "gross_revenue_retention": "GRR"},
                key="revenue_retention",
                title="Revenue kept after twelve months",
                unit="ratio",
            ),
        ],
    )


def scorecard(facts: Facts, groups: Mapping[str, str] = GROUPS) -> Section:
    """The KPIs of some groups of the scorecard, with their targets, as one section."""
    return Section(
        "scorecard",
        "KPIs against their targets",
        "Targets are set for the company and hold for its segments; a region or a team has none.",
        [
            Kpis(f"scorecard_{group}", kpis(facts, group), title=title, as_table=True)
            for group, title in groups.items()
        ],
    )


def kpis(facts: Facts, group: str) -> list[Kpi]:
    """The KPIs of a group of the scorecard, in its order."""
    targets: dict[str, dict[str, dict[int, tuple[float | None, str]]]] = {}
    for row in facts.rows(
        "marts.rpt_kpi_scorecard", ["metric", "segment", "period_end", "target", "status"]
    ):
        target = None if row["target"] is None else float(row["target"])
        of_segment = targets.setdefault(row["metric"], {}).setdefault(row["segment"], {})
        of_segment[facts.number(row["period_end"])] = target, row["status"]
    cubes = _cubes(facts)
    return [
        Kpi(
            row["metric"],
            facts.metric(row["metric"]).label,
            cubes[row["metric"]],
            targets=targets.get(row["metric"], {}),
        )
        for row in read_rows(KPIS)
        if row["kpi_group"] == group
    ]


def _cubes(facts: Facts) -> dict[str, Cube]:
    """The cube of each KPI; those that are told alike share one, which is asked faster."""
    alike: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for row in read_rows(KPIS):
        filters = tuple(facts.filter_dimensions(row["metric"]).values())
        told = row["condition"], row["period"], filters
        alike.setdefault(told, []).append(row["metric"])
    return {
        metric: facts.cube(metrics, where=[condition] if condition else [], period=period)
        for (condition, period, _), metrics in alike.items()
        for metric in metrics
    }
