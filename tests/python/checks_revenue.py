"""The revenue metrics, calculated a second time: from the truth the demo was made of.

MRR and its movements come from tests/truth, segments from the staged CRM history replayed in
Python. Only committed MRR and the constant-currency MRR of twelve months ago are read from
fct_account_months, because the truth has no word on them. Money is whole cents, so that sums are
exact.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, partial
from typing import Any

import duckdb
import pandas as pd

from scripts.project import ROOT

TRUTH = ROOT / "tests" / "truth"
MOVEMENTS = ["new", "reactivation", "expansion", "contraction", "churn", "fx"]
UNASSIGNED = "unassigned"

Value = Decimal | float | int | None


@dataclass(frozen=True)
class Check:
    """A metric's second calculation from the rows of one group, for one month.

    `rows` names the table of `tables`, `segment` its column that the metric is broken down by and
    `dimension` what the semantic layer calls that, None if it is not broken down. `months` is the
    least number of months that have a value: 1 for what is known as of the as-of date only.
    """

    calculate: Callable[[pd.DataFrame, pd.Period], Value]
    rows: str = "account_months"
    segment: str = "segment"
    dimension: str | None = "account__segment"
    months: int = 13


def tables(warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """What the checks calculate from: account-months, and the same by ultimate parent."""
    months = account_months(warehouse)
    return {"account_months": months, "parent_months": parent_months(warehouse, months)}


def account_months(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Every account in every month, with MRR and movements as planted."""
    mrr = truth("monthly_mrr.csv", "mrr")
    moved = truth("movements.csv", "amount").pivot_table(
        index=["account_id", "month"], columns="movement_type", values="amount", aggfunc="sum"
    )
    from_mart = query(
        warehouse,
        "select account_id, month_start, mrr_12_months_ago as mrr_then, committed_mrr as committed "
        "from marts.fct_account_months",
    )
    spine = pd.MultiIndex.from_product(
        [
            sorted(set(mrr.account_id) | set(from_mart.account_id)),
            pd.period_range(from_mart.month.min(), from_mart.month.max(), freq="M"),
        ],
        names=["account_id", "month"],
    )
    keys = ["account_id", "month"]
    rows = (
        mrr.set_index(keys)[["mrr"]]
        .join(moved.reindex(columns=MOVEMENTS), how="outer")
        .join(from_mart.set_index(keys), how="outer")
        .reindex(spine)
        .fillna(0)
        .astype("int64")
        .reset_index()
    )
    by_account = rows.groupby("account_id")
    rows["mrr_before"] = by_account.mrr.shift(1, fill_value=0)
    rows["paid_before"] = by_account.mrr.cumsum() - rows.mrr > 0
    known = rows.account_id != UNASSIGNED
    rows["active"] = known & (rows.mrr > 0)
    rows["active_before"] = known & (rows.mrr_before > 0)
    rows["is_new"] = rows.active & ~rows.paid_before
    rows["is_back"] = rows.active & ~rows.active_before & rows.paid_before
    rows["is_gone"] = rows.active_before & ~rows.active
    rows["base"] = known & (rows.mrr_then > 0)
    history = SegmentHistory(warehouse)
    rows["segment"] = [
        history.segment(account, last_day(month))
        for account, month in zip(rows.account_id, rows.month, strict=True)
    ]
    rows["segment_then"] = rows.groupby("account_id").segment.shift(12)
    first = rows[rows.is_new].set_index("account_id")
    rows["cohort"] = rows.account_id.map(first.month)
    rows["cohort_segment"] = rows.account_id.map(first.segment)
    age = (rows.month.astype("int64") - rows.cohort.astype("int64")).where(rows.cohort.notna())
    first_year = rows[age.between(0, 11)].groupby("account_id")
    rows["lost_early"] = rows.is_new & rows.account_id.map(first_year.is_gone.any()).eq(True)
    rows["expanded_early"] = rows.is_new & rows.account_id.map(first_year.expansion.max()).gt(0)
    rows["cohort_mrr"] = rows.account_id.map(first.mrr)
    rows["is_member"] = rows.cohort.notna()
    return rows


def parent_months(warehouse: duckdb.DuckDBPyConnection, months: pd.DataFrame) -> pd.DataFrame:
    """Account-months added up under today's ultimate parents."""
    parents = dict(
        warehouse.execute(
            "select account_id, parent_account_id from staging.stg_crm__accounts "
            "where not coalesce(is_deleted, false)"
        ).fetchall()
    )
    known_since = dict(
        warehouse.execute(
            "select account_id, min(valid_from) from marts.dim_account_history group by 1"
        ).fetchall()
    )
    history = SegmentHistory(warehouse)

    def top(account: str) -> str:
        while parents.get(account) in parents and parents[account] != account:
            account = parents[account]
        return account

    customers = months[months.account_id != UNASSIGNED]
    rows = (
        customers.assign(parent=customers.account_id.map(top))
        .groupby(["parent", "month"], as_index=False)[["mrr", "mrr_then"]]
        .sum()
    )
    rows["base"] = rows.mrr_then > 0

    def segment_then(parent: str, month: pd.Period) -> str | None:
        day = last_day(month - 12)
        return history.segment(parent, day) if known_since[parent] <= day else None

    rows["segment_then"] = [
        segment_then(parent, month) for parent, month in zip(rows.parent, rows.month, strict=True)
    ]
    return rows


class SegmentHistory:
    """An account's segment on a day, by replaying the CRM's changes."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        self.now = dict(
            warehouse.execute(
                "select account_id, segment from staging.stg_crm__accounts"
            ).fetchall()
        )
        self.changes: dict[str, list[tuple[date, str, str]]] = {}
        for account, day, old, new in warehouse.execute(
            "select account_id, cast(changed_at as date), old_value, new_value "
            "from staging.stg_crm__account_history where field = 'segment' order by changed_at"
        ).fetchall():
            self.changes.setdefault(account, []).append((day, old, new))

    def segment(self, account: str, day: date) -> str | None:
        changes = self.changes.get(account)
        if not changes:
            return self.now.get(account)
        value = changes[0][1]
        for changed, _, new in changes:
            if changed <= day:
                value = new
        return value


def truth(name: str, amount: str) -> pd.DataFrame:
    rows = pd.read_csv(TRUTH / name, dtype=str)
    rows[amount] = [cents(text) for text in rows[amount]]
    rows["month"] = pd.PeriodIndex(rows.month_start, freq="M")
    return rows


def query(warehouse: duckdb.DuckDBPyConnection, sql: str) -> pd.DataFrame:
    """A query's result with its money in cents and its months as periods."""
    cursor = warehouse.execute(sql)
    columns = [column for column, *_ in cursor.description]
    rows = pd.DataFrame(cursor.fetchall(), columns=columns)
    rows["month"] = pd.PeriodIndex(rows.pop("month_start"), freq="M")
    for column in rows.columns.difference(["account_id", "month"]):
        rows[column] = [cents(value) for value in rows[column]]
    return rows


@cache
def last_day(month: pd.Period) -> date:
    return month.end_time.date()


def cents(amount: Any) -> int:
    exact = Decimal(str(amount)) * 100
    assert exact == int(exact), amount
    return int(exact)


def money(amount: int) -> Decimal:
    return Decimal(int(amount)) / 100


def ratio(numerator: float, denominator: float) -> float | None:
    return float(numerator) / float(denominator) if denominator else None


def total(column: str, rows: pd.DataFrame, month: pd.Period) -> Decimal:
    return money(rows.loc[rows.month == month, column].sum())


def count(column: str, rows: pd.DataFrame, month: pd.Period) -> int:
    return int(rows.loc[rows.month == month, column].sum())


def share(
    numerator: Callable[[pd.DataFrame], float],
    denominator: Callable[[pd.DataFrame], float],
    months: int = 1,
) -> Callable[[pd.DataFrame, pd.Period], float | None]:
    """A ratio of two sums over the month, or over so many months up to it.

    The rows stand in the order of their months.
    """

    def calculate(rows: pd.DataFrame, month: pd.Period) -> float | None:
        first, end = rows.month.searchsorted([month - months, month], side="right")
        window = rows.iloc[first:end]
        return ratio(numerator(window), denominator(window))

    return calculate


def gross_margin(month: pd.Period) -> float:
    with (ROOT / "seeds" / "reference" / "gross_margins.csv").open(encoding="utf-8") as lines:
        settings = sorted(
            (row["effective_from"], row["gross_margin"]) for row in csv.DictReader(lines)
        )
    in_force = [margin for day, margin in settings if day <= last_day(month).isoformat()]
    return float(in_force[-1])


def lifetime_value(rows: pd.DataFrame, month: pd.Period) -> float | None:
    now = rows[rows.month == month]
    quarter = rows[(rows.month > month - 3) & (rows.month <= month)]
    per_account = ratio(now.mrr.sum() / 100 * gross_margin(month), now.active.sum())
    churn_rate = ratio(quarter.is_gone.sum(), quarter.active_before.sum())
    return None if per_account is None or not churn_rate else per_account / churn_rate


def since_beginning(rows: pd.DataFrame, month: pd.Period) -> Decimal:
    return money(rows.loc[rows.month <= month, "new"].sum())


def year_to_date(rows: pd.DataFrame, month: pd.Period) -> Decimal:
    return money(rows.loc[(rows.month <= month) & (rows.month.dt.year == month.year), "new"].sum())


def twelve_months(rows: pd.DataFrame, month: pd.Period) -> Decimal:
    return money(rows.loc[(rows.month > month - 12) & (rows.month <= month), "churn"].sum())


def cohort(now: str, then: str, rows: pd.DataFrame, month: pd.Period) -> float | None:
    """Over all months since the cohort's first, as the metric shows them when not split."""
    members = rows[(rows.cohort == month) & (rows.month >= month)]
    return ratio(members[now].sum(), members[then].sum())


def retained(rows: pd.DataFrame) -> float:
    return rows[rows.base][["mrr", "mrr_then"]].min(axis=1).sum()


RETENTION = {
    "net_revenue_retention": share(
        lambda r: r[r.base].mrr.sum(), lambda r: r[r.base].mrr_then.sum()
    ),
    "gross_revenue_retention": share(retained, lambda r: r[r.base].mrr_then.sum()),
    "logo_retention_12m": share(lambda r: (r[r.base].mrr > 0).sum(), lambda r: r.base.sum()),
}

CHECKS: dict[str, Check] = {
    "mrr": Check(partial(total, "mrr")),
    "arr": Check(lambda rows, month: 12 * total("mrr", rows, month)),
    "committed_mrr": Check(partial(total, "committed")),
    "new_mrr": Check(partial(total, "new")),
    "reactivation_mrr": Check(partial(total, "reactivation")),
    "expansion_mrr": Check(partial(total, "expansion")),
    "contraction_mrr": Check(partial(total, "contraction")),
    "churned_mrr": Check(partial(total, "churn")),
    "fx_mrr": Check(partial(total, "fx")),
    "net_new_mrr": Check(
        lambda rows, month: sum(total(movement, rows, month) for movement in MOVEMENTS[:-1])
    ),
    "mrr_change": Check(
        lambda rows, month: total("mrr", rows, month) - total("mrr_before", rows, month)
    ),
    "active_customers": Check(partial(count, "active")),
    "new_customers": Check(partial(count, "is_new")),
    "reactivated_customers": Check(partial(count, "is_back")),
    "churned_customers": Check(partial(count, "is_gone")),
    "gross_mrr_churn_rate": Check(
        share(lambda r: -(r.churn + r.contraction).sum(), lambda r: r.mrr_before.sum())
    ),
    "net_mrr_churn_rate": Check(
        share(
            lambda r: -(r.churn + r.contraction + r.expansion + r.reactivation).sum(),
            lambda r: r.mrr_before.sum(),
        )
    ),
    "logo_churn_rate": Check(share(lambda r: r.is_gone.sum(), lambda r: r.active_before.sum())),
    "logo_churn_rate_trailing_3_months": Check(
        share(lambda r: r.is_gone.sum(), lambda r: r.active_before.sum(), months=3)
    ),
    "quick_ratio": Check(
        share(
            lambda r: (r.new + r.reactivation + r.expansion).sum(),
            lambda r: -(r.churn + r.contraction).sum(),
        )
    ),
    "arpa": Check(share(lambda r: r.mrr.sum() / 100, lambda r: r.active.sum())),
    "customer_lifetime_value": Check(lifetime_value),
    "cumulative_new_mrr": Check(since_beginning),
    "new_mrr_year_to_date": Check(year_to_date),
    "churned_mrr_trailing_12_months": Check(twelve_months),
    "first_year_churn_rate": Check(share(lambda r: r.lost_early.sum(), lambda r: r.is_new.sum())),
    "first_year_expansion_rate": Check(
        share(lambda r: r.expanded_early.sum(), lambda r: r.is_new.sum())
    ),
    "cohort_logo_retention": Check(
        partial(cohort, "active", "is_member"),
        segment="cohort_segment",
        dimension="cohort__segment",
    ),
    "cohort_mrr_retention": Check(
        partial(cohort, "mrr", "cohort_mrr"),
        segment="cohort_segment",
        dimension="cohort__segment",
    ),
    **{name: Check(rule, segment="segment_then") for name, rule in RETENTION.items()},
    **{
        f"{name}_parent": Check(rule, rows="parent_months", segment="segment_then")
        for name, rule in RETENTION.items()
    },
}
