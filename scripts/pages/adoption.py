"""Adoption: how many people use the product, which stages of it, how soon new ones do."""

from __future__ import annotations

from scripts.pages.charts import each, heat_map, lines, quarter, ranking
from scripts.pages.facts import Facts
from scripts.pages.parts import Kpi, Kpis, Page, Section

STAGE = "user_stage_month__product_stage"
MILESTONE = "account_milestone__milestone"
USERS = [
    "monthly_active_users",
    "weekly_active_users",
    "average_daily_active_users",
    "stickiness",
]
SHARES = ["active_account_rate", "seat_utilization", "feature_breadth"]


def page(facts: Facts) -> Page:
    """The page, from the metrics of one published file."""
    users, shares = facts.cube(USERS), facts.cube(SHARES)
    stages = facts.cube(["smau"], [STAGE])
    return Page(
        key="adoption",
        title="Adoption",
        text="Who uses what they pay for, which parts of it, and how soon new customers do.",
        sections=[
            Section(
                "now",
                "Where we stand",
                "Use at the end of the period.",
                [
                    Kpis(
                        "adoption_now",
                        [
                            Kpi("monthly_active_users", "Monthly active users", users),
                            Kpi("active_account_rate", "Accounts in use every week", shares),
                            Kpi("seat_utilization", "Seats in use", shares),
                            Kpi("feature_breadth", "Core features in use", shares),
                        ],
                    )
                ],
            ),
            Section(
                "users",
                "Active users",
                "People of paying accounts who did something that counts as use.",
                [
                    lines(
                        users,
                        {
                            "monthly_active_users": "in 28 days",
                            "weekly_active_users": "in the last week",
                            "average_daily_active_users": "on an average day",
                        },
                        key="adoption_users",
                        title="Active users at each month end",
                        unit="users",
                        zero=True,
                    ),
                    lines(
                        users,
                        {"stickiness": "stickiness"},
                        key="adoption_stickiness",
                        title="Stickiness: share of a month's users who come on an average day",
                        unit="ratio",
                        zero=True,
                    ),
                    lines(
                        shares,
                        {"seat_utilization": "seats in use"},
                        key="adoption_seats",
                        title="Share of paid seats that somebody uses, by segment",
                        unit="ratio",
                        colour="segment",
                        split=("segment",),
                        zero=True,
                    ),
                    lines(
                        shares,
                        {
                            "active_account_rate": "accounts in use every week",
                            "feature_breadth": "core features in use",
                        },
                        key="adoption_breadth",
                        title="How many accounts use it every week, and how much of it",
                        unit="ratio",
                        zero=True,
                    ),
                ],
            ),
            Section(
                "stages",
                "Product stages",
                "Stage monthly active users (SMAU): people who used a feature of the stage.",
                [
                    lines(
                        stages,
                        {"smau": "users"},
                        key="adoption_stages",
                        title="Monthly active users of each product stage",
                        unit="users",
                        colour="product_stage",
                        zero=True,
                    ),
                    ranking(
                        stages,
                        {"smau": "users"},
                        key="adoption_stages_now",
                        title="Users of each stage in the last month",
                        unit="users",
                        by="product_stage",
                        months="end",
                    ),
                ],
            ),
            Section(
                "milestones",
                "New customers",
                "What new customers reach in time, and how long they need to the first value.",
                [
                    heat_map(
                        facts.cube(["adoption_milestone_rate"], [MILESTONE], period="quarter"),
                        {"adoption_milestone_rate": "reached"},
                        key="adoption_milestones",
                        title="Share of milestones reached in time, by milestone and quarter",
                        unit="ratio",
                        x=quarter(),
                        y=each("Y", "milestone"),
                        numbers_from=200,
                    ),
                    lines(
                        facts.cube(["time_to_first_value_days"], period="quarter"),
                        {"time_to_first_value_days": "time to first value"},
                        key="adoption_first_value",
                        title="Median days from start to first value, by quarter",
                        unit="days",
                        zero=True,
                    ),
                ],
            ),
        ],
    )
