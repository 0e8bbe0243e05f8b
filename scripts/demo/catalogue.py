"""What the company sells: features, plans, and the exchange rates it bills at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .accounts import INTERVAL_MONTHS, INTERVALS, TIERS
from .settings import Settings

# key, name, product, product stage, core, qualifying, first tier that contains it (3 = add-on)
FEATURES = [
    ("dashboards", "Dashboards", "core", "analyze", True, True, 0),
    ("reports", "Scheduled reports", "core", "analyze", True, True, 0),
    ("imports", "Data imports", "core", "connect", True, True, 0),
    ("sharing", "Sharing", "core", "collaborate", True, True, 0),
    ("alerts", "Alerts", "core", "act", True, True, 1),
    ("forecasts", "Forecasts", "core", "analyze", True, True, 1),
    ("api", "API access", "core", "connect", False, True, 1),
    ("audit_log", "Audit log", "core", "govern", True, True, 2),
    ("sso", "Single sign-on", "core", "govern", False, True, 2),
    ("workflows", "Workflows", "automation", "act", False, True, 3),
    ("login", "Login", "core", "access", False, False, 0),
    ("settings", "Settings page", "core", "access", False, False, 0),
]
FEATURE_KEYS = np.array([feature[0] for feature in FEATURES])
FEATURE_TIER = np.array([feature[6] for feature in FEATURES])

INTERVAL_NAMES = {
    "week": "weekly",
    "month": "monthly",
    "quarter": "quarterly",
    "half_year": "half-yearly",
    "year": "annual",
    "two_years": "two-year",
}


def features() -> pd.DataFrame:
    columns = ["feature_key", "feature_name", "product", "product_stage", "is_core"]
    return pd.DataFrame([feature[:6] for feature in FEATURES], columns=[*columns, "is_qualifying"])


def plans() -> pd.DataFrame:
    """Every tier in every billing interval, platform and add-on beside it, and odd ones."""
    rows = []
    for interval in INTERVALS:
        how = INTERVAL_NAMES[interval]
        for tier_number, tier in enumerate(TIERS):
            keys = ";".join(FEATURE_KEYS[tier_number >= FEATURE_TIER])
            name = f"{tier.capitalize()} {how}"
            rows.append((f"{tier}_{interval}", name, "core", tier, interval, "recurring", keys))
        name = f"Platform {how}"
        rows.append(
            (f"platform_{interval}", name, "platform", "enterprise", interval, "recurring", None)
        )
        name = f"Automation {how}"
        rows.append(
            (f"automation_{interval}", name, "automation", None, interval, "recurring", "workflows")
        )
    free = ";".join(FEATURE_KEYS[FEATURE_TIER <= 0])
    rows.append(("free_month", "Free", "core", "basic", "month", "recurring", free))
    name = "Enterprise three-year"
    whole = ";".join(FEATURE_KEYS[FEATURE_TIER <= 2])
    three_years = ("three_years", "recurring", whole)
    rows.append(("enterprise_three_years", name, "core", "enterprise", *three_years))
    rows.append(("onboarding", "Onboarding package", "services", None, "year", "one_time", None))
    rows.append(("api_calls", "API calls", "usage", None, "month", "usage", "api"))
    return pd.DataFrame(
        rows,
        columns=[
            "plan_id",
            "plan_name",
            "product",
            "product_tier",
            "billing_interval",
            "charge_type",
            "included_features",
        ],
    )


def interval_price(cents_a_month: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """Price of one billing interval, in cents, such that a month of it is a whole amount.

    Twelve weeks' thirds: a weekly price is a multiple of three cents, so × 52 ÷ 12 is exact.
    """
    weekly = np.rint(cents_a_month * 12 / 52 / 3).astype(np.int64) * 3
    return np.where(interval == 0, weekly, cents_a_month * INTERVAL_MONTHS[interval])


def exchange_rates(settings: Settings) -> pd.DataFrame:
    """US dollars for one euro and one pound, on the first of each month; a pound month missing."""
    rng = settings.stream("exchange rates")
    months = settings.month_starts
    frames = []
    for currency, level in (("EUR", 1.08), ("GBP", 1.26)):
        walk = level * np.exp(np.cumsum(rng.normal(0, 0.012, len(months))))
        frames.append(
            pd.DataFrame(
                {"currency": currency, "rate_date": months, "rate_to_usd": np.round(walk, 4)}
            )
        )
    usd = pd.DataFrame({"currency": "USD", "rate_date": months, "rate_to_usd": 1.0})
    rates = pd.concat([*frames, usd], ignore_index=True)
    missing = (rates.currency == "GBP") & (rates.rate_date == months[-15])
    return rates[~missing].reset_index(drop=True)
