"""Accounts whose contracts are written by hand, so that every odd case occurs at a known date."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Charge:
    """One charge line: plan, quantity, price in cents per interval, discount, from and to."""

    plan: str
    quantity: int
    cents: int
    start: str
    end: str | None = None
    discount: int = 0


@dataclass
class Subscription:
    """One subscription of a scripted account; ``booked`` is the day the cancellation came in."""

    charges: list[Charge]
    status: str = "active"
    end: str | None = None
    booked: str | None = None
    signed: str | None = None
    reason: str | None = None
    follows: bool = False
    customer: int = 0
    unpaid_from: str | None = None


@dataclass
class Scenario:
    """One scripted account. ``crm`` replaces values of its row in the CRM."""

    name: str
    segment: int
    subscriptions: list[Subscription] = field(default_factory=list)
    currencies: tuple[str, ...] = ("USD",)
    crm: dict[str, object] = field(default_factory=dict)
    parent: str | None = None


def scenarios() -> list[Scenario]:
    sub, charge = Subscription, Charge
    return [
        Scenario(
            "returns after six months",
            0,
            [
                sub(
                    [charge("basic_month", 4, 4900, "2024-02-10", "2025-01-10")],
                    "canceled",
                    "2025-01-10",
                    "2024-12-18",
                    reason="low_usage",
                ),
                sub([charge("basic_month", 3, 5200, "2025-07-10")]),
            ],
        ),
        Scenario(
            "renewal without a gap into an open-ended upgrade",
            1,
            [
                sub(
                    [charge("pro_year", 6, 118_800, "2024-03-15", "2025-03-15")],
                    "expired",
                    "2025-03-15",
                ),
                sub([charge("pro_year", 9, 118_800, "2025-03-15")], follows=True),
            ],
        ),
        Scenario(
            "overlapping charges",
            1,
            [
                sub(
                    [
                        charge("pro_month", 5, 9900, "2024-06-01", "2025-09-15"),
                        charge("pro_month", 7, 9900, "2025-06-20"),
                    ]
                )
            ],
        ),
        Scenario(
            "half a cent",
            0,
            [sub([charge("basic_month", 1, 10_030, "2024-08-01", None, 25)])],
        ),
        Scenario(
            "late renewal inside a month",
            1,
            [
                sub(
                    [charge("pro_year", 5, 118_800, "2024-05-03", "2025-05-03")],
                    "expired",
                    "2025-05-03",
                ),
                sub([charge("pro_year", 5, 124_800, "2025-05-15")], follows=True),
            ],
        ),
        Scenario(
            "late renewal over a month's end",
            1,
            [
                sub(
                    [charge("pro_year", 8, 118_800, "2024-05-20", "2025-05-20")],
                    "expired",
                    "2025-05-20",
                ),
                sub([charge("pro_year", 8, 118_800, "2025-06-05")], follows=True),
            ],
        ),
        Scenario("weekly billing", 0, [sub([charge("basic_week", 5, 1_131, "2024-10-07")])]),
        Scenario(
            "two-year contract with co-termed seats",
            2,
            [
                sub(
                    [
                        charge("enterprise_two_years", 12, 357_600, "2024-09-01", "2026-09-01", 10),
                        charge("enterprise_two_years", 4, 357_600, "2025-02-15", "2026-09-01", 10),
                        charge("platform_two_years", 1, 3_000_000, "2024-09-01", "2026-09-01"),
                    ],
                    end="2026-09-01",
                )
            ],
        ),
        Scenario(
            "three years paid at once",
            2,
            [sub([charge("enterprise_three_years", 11, 536_400, "2024-12-02", "2027-12-02", 15)])],
        ),
        Scenario(
            "half-yearly billing in euros",
            1,
            [sub([charge("pro_half_year", 6, 59_400, "2024-11-18")])],
            ("EUR",),
        ),
        Scenario(
            "two currencies",
            2,
            [
                sub([charge("pro_month", 10, 9900, "2024-04-01")]),
                sub([charge("pro_month", 6, 8900, "2024-09-12")], customer=1),
            ],
            ("USD", "GBP"),
        ),
        Scenario("on trial", 0, [sub([charge("basic_month", 3, 4900, "2026-06-10")], "trialing")]),
        Scenario(
            "paused",
            0,
            [
                sub(
                    [charge("basic_month", 3, 4900, "2024-12-01", "2026-04-01")],
                    "expired",
                    "2026-04-01",
                ),
                sub([charge("basic_month", 3, 4900, "2026-04-01")], "paused", follows=True),
            ],
        ),
        Scenario("draft", 1, [sub([charge("pro_year", 6, 118_800, "2026-05-01")], "draft")]),
        Scenario(
            "past due for forty days",
            1,
            [
                sub(
                    [charge("pro_month", 4, 9900, "2025-01-20")],
                    "past_due",
                    unpaid_from="2026-04-20",
                )
            ],
        ),
        Scenario(
            "past due beyond ninety days",
            0,
            [
                sub(
                    [charge("basic_month", 4, 4900, "2025-02-05")],
                    "past_due",
                    unpaid_from="2026-02-05",
                )
            ],
        ),
        Scenario(
            "started and cancelled within a month",
            0,
            [
                sub(
                    [charge("basic_month", 2, 4900, "2025-09-04", "2025-09-22")],
                    "canceled",
                    "2025-09-22",
                    "2025-09-20",
                    reason="missing_features",
                )
            ],
        ),
        Scenario(
            "one-time and usage charges",
            2,
            [
                sub(
                    [
                        charge("enterprise_quarter", 10, 44_700, "2024-08-12"),
                        charge("onboarding", 1, 500_000, "2024-08-12", "2024-11-12"),
                        charge("api_calls", 40_000, 1, "2024-09-01"),
                    ]
                )
            ],
            crm={"arr": 17_880.0 + 12 * 400},
        ),
        Scenario("free for ever", 0, [sub([charge("free_month", 3, 0, "2025-01-08")])]),
        Scenario(
            "internal",
            0,
            [sub([charge("pro_month", 10, 9900, "2024-02-01")])],
            crm={"is_internal": True},
        ),
        Scenario(
            "signed, starts later",
            1,
            [
                sub(
                    [charge("pro_year", 7, 118_800, "2026-08-01")],
                    signed="2026-06-12",
                )
            ],
        ),
        Scenario(
            "cancellation booked",
            1,
            [
                sub(
                    [charge("pro_year", 8, 118_800, "2024-09-10", "2026-09-10")],
                    end="2026-09-10",
                    booked="2026-06-05",
                    reason="price",
                )
            ],
        ),
        Scenario("holding without a contract", 2, crm={"arr": 12_000.0}),
        Scenario(
            "child whose contract moves to its sister",
            1,
            [
                sub(
                    [charge("pro_month", 12, 9900, "2024-05-01", "2025-10-01")],
                    "canceled",
                    "2025-10-01",
                    "2025-09-10",
                )
            ],
            parent="holding without a contract",
        ),
        Scenario(
            "sister that takes the contract over",
            1,
            [sub([charge("pro_month", 12, 9900, "2025-10-01")])],
            parent="holding without a contract",
        ),
        Scenario("merge survivor", 1, [sub([charge("pro_month", 5, 9900, "2024-06-14")])]),
        Scenario(
            "merged away",
            1,
            [sub([charge("pro_month", 3, 9900, "2025-03-03")])],
            crm={"is_deleted": True},
            parent="merge survivor",
        ),
        Scenario(
            "merged away without a contract",
            1,
            crm={"is_deleted": True},
            parent="merge survivor",
        ),
        Scenario(
            "deleted with a contract",
            0,
            [sub([charge("basic_month", 6, 4900, "2025-05-12")])],
            crm={"is_deleted": True},
        ),
        Scenario(
            "seats, price and discount change on one day",
            1,
            [
                sub(
                    [
                        charge("pro_month", 5, 9900, "2024-07-01", "2025-08-01", 20),
                        charge("pro_month", 8, 10_500, "2025-08-01", None, 10),
                    ]
                )
            ],
        ),
        Scenario(
            "second product added and dropped",
            2,
            [
                sub([charge("enterprise_month", 9, 14_900, "2024-06-03")]),
                sub(
                    [charge("automation_month", 1, 90_000, "2025-02-03", "2026-02-03")],
                    "canceled",
                    "2026-02-03",
                    "2026-01-07",
                    reason="low_usage",
                ),
            ],
        ),
        Scenario(
            "from one month's last day to another's",
            0,
            [
                sub(
                    [charge("basic_month", 6, 4900, "2025-01-31", "2026-01-31")],
                    "canceled",
                    "2026-01-31",
                    "2026-01-03",
                    reason="company_closed",
                )
            ],
        ),
    ]
