"""The page Retention: what moved recurring revenue, and what is kept of it."""

from __future__ import annotations

from scripts.pages.charts import lines
from scripts.pages.facts import Facts
from scripts.pages.parts import Kpi, Kpis, Page, Section

RETENTION = {
    "net_revenue_retention": "NRR",
    "gross_revenue_retention": "GRR",
    "logo_retention_12m": "Logo retention",
}


def page(facts: Facts) -> Page:
    kept = facts.cube(list(RETENTION))
    return Page(
        "retention",
        "Retention",
        "What moved recurring revenue, and what is kept of each customer's revenue.",
        [
            Section(
                "kept",
                "Kept after twelve months",
                "Of the customers and the revenue of twelve months before, what is there now.",
                [
                    Kpis("retention_now", [Kpi(m, name, kept) for m, name in RETENTION.items()]),
                    lines(
                        kept,
                        RETENTION,
                        key="retention_by_month",
                        title="Retention over twelve months",
                        unit="ratio",
                    ),
                    lines(
                        kept,
                        {"net_revenue_retention": "NRR"},
                        key="nrr_by_segment",
                        title="Net revenue retention by segment",
                        unit="ratio",
                        colour="segment",
                        split=("segment",),
                    ),
                ],
            )
        ],
    )
