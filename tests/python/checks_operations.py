"""The metrics of operations, completeness, reconciliation and the project's own definitions,
calculated a second time: from the truth that the demo was made of, and from dbt's manifest.
"""

import json
from collections import Counter
from decimal import Decimal
from statistics import median
from typing import Any

import duckdb
import pandas as pd
from checks_revenue import TRUTH, UNASSIGNED, Check, SegmentHistory, cents, share

from scripts.project import ROOT, Places

LAST_DAY = pd.Timestamp("2026-06-30")
# Accounts per manager, ARR per manager, weight of the accounts: the coverage model, and the one
# for enterprise until June 2025.
BOOKS = {
    "enterprise": (Decimal(10), Decimal(360_000), Decimal("0.3")),
    "mid_market": (Decimal(30), Decimal(400_000), Decimal("0.5")),
    "smb": (Decimal(60), Decimal(300_000), Decimal("0.7")),
}
BOOK_BEFORE = (Decimal(12), Decimal(360_000), Decimal("0.3"))


def tables(warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Truth tables, each row with the month and, as `segment`, the group it counts under."""
    requests = planted("requests", "created_date", "kind")
    requests = requests[requests.is_counted == "True"]
    delivered = requests[requests.delivered_date.notna() & requests.priority.isin(["p1", "p2"])]
    dependencies = planted("dependencies", "due_date", "providing_team")
    return {
        "requests": requests,
        "urgent_deliveries": by_month(delivered, "delivered_date"),
        "backlog": planted("backlog", "month_start", "priority"),
        "leaders": planted("dashboard_usage", "month_start", "dashboard_key"),
        "views": views(warehouse),
        "incidents": planted("incidents", "month_start"),
        "automation": planted("automation", "run_date", "automation_key"),
        "dependencies": dependencies[dependencies.is_due == "True"],
        "stakeholders": planted("stakeholders", "month_start"),
        "books": books(),
        "reconciliation": reconciliation(warehouse),
        "completeness": planted("field_completeness", None, "segment"),
        "documentation": documentation(),
        "kpis": kpis(),
    }


def planted(name: str, day: str | None, group: str | None = None) -> pd.DataFrame:
    """A truth file as text, by the month of a day; what has none is of the last day."""
    rows = pd.read_csv(TRUTH / f"operations_{name}.csv", dtype=str)
    rows["segment"] = rows[group] if group else None
    return by_month(rows, day)


def by_month(rows: pd.DataFrame, day: str | None) -> pd.DataFrame:
    month = pd.PeriodIndex(rows[day], freq="M") if day else pd.Period(LAST_DAY, freq="M")
    return rows.assign(month=month)


def views(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    staged = warehouse.execute(
        "select dashboard_key as segment, cast(viewed_at as date) as day "
        "from staging.stg_ops__dashboard_views where viewed_at < timestamp '2026-07-01'"
    ).df()
    return by_month(staged, "day")


def books() -> pd.DataFrame:
    rows = planted("csm_accounts", "month_start", "segment")
    rows["cents"] = rows.arr.map(cents)
    rows["load"] = [
        load(row.segment, row.month, Decimal(row.arr)) for row in rows.itertuples(index=False)
    ]
    return rows


def load(segment: str, month: pd.Period, arr: Decimal) -> float:
    ratios = BOOKS[segment]
    if segment == "enterprise" and month < pd.Period("2025-07", freq="M"):
        ratios = BOOK_BEFORE
    accounts, amount, weight = ratios
    return float(weight / accounts + (1 - weight) * arr / amount)


def reconciliation(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    rows = planted("reconciliation", None)
    history = SegmentHistory(warehouse)
    rows["segment"] = [
        None if account == UNASSIGNED else history.segment(account, LAST_DAY.date())
        for account in rows.account_id
    ]
    rows["billing"] = rows.billing_arr.map(cents)
    rows["off"] = (rows.crm_arr.fillna("0.00").map(cents) - rows.billing).abs()
    return rows


def manifest() -> dict[str, Any]:
    return json.loads(Places.of().manifest.read_text())


def documentation() -> pd.DataFrame:
    """Each dashboard, public model and column of one, under the name of what it belongs to."""
    dashboards = pd.read_csv(TRUTH / "operations_dashboards.csv")
    rows = [(row.dashboard_key, row.is_documented) for row in dashboards.itertuples()]
    for node in manifest()["nodes"].values():
        if node["resource_type"] == "model" and node["config"]["access"] == "public":
            described = [node["description"], *(c["description"] for c in node["columns"].values())]
            rows += [(node["name"], bool(text.strip())) for text in described]
    return by_month(pd.DataFrame(rows, columns=["segment", "is_described"]), None)


def kpis() -> pd.DataFrame:
    """Each KPI of the list with whether the manifest defines it as it should."""
    seeds = ROOT / "seeds" / "reference"
    names = pd.read_csv(seeds / "kpis.csv").metric.tolist()
    targets = pd.read_csv(seeds / "kpi_targets.csv")
    dated = set(targets.metric[(targets.valid_from <= "2026-06-30") & targets.valid_to.isna()])
    project = manifest()
    metrics = {metric["name"]: metric for metric in project["metrics"].values()}
    tested = {node.get("attached_node") for node in project["nodes"].values()}

    def has_tests(key: str) -> bool:
        upstream = project["child_map"] and project["parent_map"].get(key, [])
        return key in tested or any(
            has_tests(parent) for parent in upstream if not key.startswith("model.")
        )

    def formula(metric: dict[str, Any]) -> str:
        parameters = {k: v for k, v in metric["type_params"].items() if k != "is_private"}
        if metric["type"] == "simple":
            parameters["expr"] = parameters["expr"] or metric["name"]
        return json.dumps([metric["type"], metric["filter"], parameters], sort_keys=True)

    formulas = Counter(formula(metric) for metric in metrics.values())

    def is_compliant(name: str) -> bool:
        metric = metrics.get(name)
        if metric is None or metric["type_params"]["is_private"]:
            return False
        meta = metric["config"]["meta"]
        return bool(
            meta["owner"]
            and metric["description"]
            and (meta["target"] is not None or name in dated)
            and has_tests(metric["unique_id"])
            and formulas[formula(metric)] == 1
        )

    rows = pd.DataFrame([(name, is_compliant(name)) for name in names], columns=["name", "ok"])
    return by_month(rows, None)


def rows_in(rows: pd.DataFrame, month: pd.Period) -> int:
    return int((rows.month == month).sum())


def of_month(rows: pd.DataFrame, month: pd.Period, column: str) -> pd.Series:
    return rows[column][rows.month == month]


def total(column: str):
    """The sum of whole numbers that stand as text."""
    return lambda rows, month: int(of_month(rows, month, column).astype(int).sum())


def median_days(rows: pd.DataFrame, month: pd.Period) -> float | None:
    days = of_month(rows, month, "business_days_to_delivery").astype(int).tolist()
    return median(days) if days else None


def hours_saved(rows: pd.DataFrame, month: pd.Period) -> float:
    return float(sum(map(Decimal, of_month(rows, month, "minutes_saved")), Decimal(0)) / 60)


def leaders_looking(rows: pd.DataFrame) -> int:
    return rows.viewer_id[rows.views.astype(int) > 0].nunique()


def load_of(rows: pd.DataFrame, month: pd.Period) -> float:
    return float(of_month(rows, month, "load").sum())


def accuracy(rows: pd.DataFrame, month: pd.Period) -> float | None:
    off = share(lambda r: r.off.sum(), lambda r: r.billing.sum())(rows, month)
    return None if off is None else 1 - off


def customers(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows.account_id != UNASSIGNED]


def number(column: str):
    return lambda rows: rows[column].astype(int).sum()


SEGMENTS = "account__segment"
CHECKS: dict[str, Check] = {
    "requests_opened": Check(rows_in, rows="requests", dimension="request__kind"),
    "self_service_ratio": Check(
        share(lambda r: (r.kind == "dashboard_served").sum(), len),
        rows="requests",
        dimension="request__kind",
    ),
    "time_to_insight_days": Check(median_days, rows="urgent_deliveries", dimension="request__kind"),
    "open_requests": Check(
        total("open_requests"), rows="backlog", dimension="request_backlog__priority"
    ),
    "backlog_aging_breaches": Check(
        total("over_limit_requests"), rows="backlog", dimension="request_backlog__priority"
    ),
    "dashboard_adoption_rate": Check(
        share(leaders_looking, lambda r: r.viewer_id.nunique()),
        rows="leaders",
        dimension="dashboard_usage__dashboard_key",
    ),
    "dashboard_views": Check(rows_in, rows="views", dimension="dashboard_usage__dashboard_key"),
    "report_incidents": Check(total("incidents"), rows="incidents", dimension=None),
    "reporting_reliability": Check(total("critical_incidents"), rows="incidents", dimension=None),
    "automation_hours_saved": Check(
        hours_saved, rows="automation", dimension="automation_run__automation_key"
    ),
    "dependencies_due": Check(rows_in, rows="dependencies", dimension="dependency__providing_team"),
    "cross_functional_sla_adherence": Check(
        share(lambda r: (r.is_delivered_on_time == "True").sum(), len),
        rows="dependencies",
        dimension="dependency__providing_team",
    ),
    "stakeholder_satisfaction": Check(
        share(number("total_score"), number("responses")), rows="stakeholders", dimension=None
    ),
    "csms_with_accounts": Check(
        lambda rows, month: of_month(rows, month, "csm_id").nunique(), rows="books"
    ),
    "accounts_per_csm": Check(share(len, lambda r: r.csm_id.nunique()), rows="books"),
    "arr_per_csm": Check(
        share(lambda r: r.cents.sum() / 100, lambda r: r.csm_id.nunique()), rows="books"
    ),
    "csms_needed": Check(load_of, rows="books"),
    "arr_difference": Check(
        lambda rows, month: Decimal(int(of_month(rows, month, "off").sum())) / 100,
        rows="reconciliation",
        months=1,
    ),
    "data_accuracy": Check(accuracy, rows="reconciliation", months=1),
    "accurate_account_rate": Check(
        share(
            lambda r: (customers(r).is_within_tolerance == "True").sum(),
            lambda r: len(customers(r)),
        ),
        rows="reconciliation",
        months=1,
    ),
    "data_completeness": Check(
        share(number("filled"), number("expected")),
        rows="completeness",
        dimension="field_completeness__segment",
        months=1,
    ),
    "documentation_coverage": Check(
        share(lambda r: r.is_described.sum(), len),
        rows="documentation",
        dimension="documented_item__item_name",
        months=1,
    ),
    "metric_definition_compliance": Check(
        share(lambda r: r.ok.sum(), len), rows="kpis", dimension=None, months=1
    ),
}
