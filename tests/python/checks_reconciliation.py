"""The metrics of the reconciliations, calculated a second time: from the truth that the demo was
made of, and from the staged charges and rates.
"""

from decimal import Decimal

import duckdb
import pandas as pd
from checks_revenue import (
    TRUTH,
    UNASSIGNED,
    Check,
    SegmentHistory,
    cents,
    last_day,
    query,
    share,
    truth,
)

TOLERANCE = Decimal("0.01")
LAST_MONTH = pd.Period("2026-06", freq="M")
# 5 seats of USD 99 that were billed on 1 September and replaced on the 15th, without a credit.
OVERLAPPING = ("a001003", pd.Period("2025-09", freq="M"), 49_500)


def tables(warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    history = SegmentHistory(warehouse)
    rows = {
        "invoice_months": invoice_months(),
        "charge_months": charge_months(warehouse),
        "crm_accounts": crm_accounts(warehouse),
    }
    for table in rows.values():
        table["segment"] = [
            None if account == UNASSIGNED else history.segment(account, last_day(month))
            for account, month in zip(table.account_id, table.month, strict=True)
        ]
    return rows


def invoice_months() -> pd.DataFrame:
    rows = truth("reconciliation_invoices.csv", "mrr")
    rows["other"] = rows.invoiced.map(cents)
    # What was billed twice is all that is left then, to the cent that rounding moves.
    parts = rows[["currency", "one_off", "credited"]].map(cents).sum(axis=1)
    rows["unexplained"] = (rows.other - rows.mrr - parts).where(rows.billed_twice != "0.00", 0)
    account, month, amount = OVERLAPPING
    rows.loc[(rows.account_id == account) & (rows.month == month), "unexplained"] += amount
    return judged(rows)


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    rows["is_customer"] = rows.account_id != UNASSIGNED
    rows["agrees"] = (rows.other - rows.mrr).abs() * 100 <= rows.mrr
    return rows


def charge_months(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """MRR as planted, and on top of it what is charged in dollars and is no MRR."""
    mrr = truth("monthly_mrr.csv", "mrr").set_index(["account_id", "month"]).mrr
    extra = query(
        warehouse,
        """
        select customers.account_id, months.month_start,
            cast(subscriptions.status = 'past_due' as int) as due,
            sum(case
                when plans.charge_type = 'one_time'
                    and date_trunc('month', charges.effective_from) <> months.month_start then 0
                else charges.quantity * charges.unit_price * (100 - coalesce(discount_pct, 0)) / 100
                    / case plans.billing_interval when 'year' then
                        case plans.charge_type when 'one_time' then 1 else 12 end else 1 end
            end) as extra
        from staging.stg_billing__subscription_charges as charges
        join staging.stg_billing__subscriptions as subscriptions using (subscription_id)
        join staging.stg_billing__customers as customers using (customer_id)
        join staging.stg_billing__plans as plans using (plan_id)
        join intermediate.int_months_closed as months
            on months.month_end >= charges.effective_from
            and (charges.effective_to is null or months.month_end < charges.effective_to
                or plans.charge_type = 'one_time')
        where subscriptions.status in ('draft', 'trialing', 'paused', 'past_due')
            or plans.charge_type <> 'recurring'
        group by all
        """,
    )
    # A contract in arrears is extra once the truth has it no longer.
    is_mrr = [
        due > 0 and (account, month) in mrr.index
        for account, month, due in zip(extra.account_id, extra.month, extra.due, strict=True)
    ]
    extra = extra[~pd.Series(is_mrr)].groupby(["account_id", "month"]).extra.sum()
    extra = extra[extra > 0]
    rows = pd.concat([mrr, extra], axis=1).fillna(0).astype("int64").reset_index()
    rows["other"] = rows.mrr + rows.extra
    return judged(rows)


def crm_accounts(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """What differs, was not planted, and is the ARR of no month before, nor at an older rate."""
    rows = pd.read_csv(TRUTH / "operations_reconciliation.csv", dtype=str)
    planted = set(pd.read_csv(TRUTH / "reconciliation_arr.csv").account_id)
    past = truth("monthly_mrr.csv", "mrr").groupby("account_id").mrr.apply(set).to_dict()
    rates = warehouse.execute(
        "select currency, rate_to_usd from staging.stg_billing__fx_rates "
        "where rate_date between date '2025-07-01' and date '2026-06-30'"
    ).fetchall()
    latest = dict(
        warehouse.execute(
            "select currency, arg_max(rate_to_usd, rate_date) from staging.stg_billing__fx_rates "
            "group by 1"
        ).fetchall()
    )
    currency_of = dict(
        warehouse.execute(
            "select account_id, min(currency) from staging.stg_billing__customers group by 1"
        ).fetchall()
    )
    rows["month"] = LAST_MONTH
    rows["mrr"] = rows.billing_arr.map(cents)
    rows["other"] = rows.crm_arr.fillna("0.00").map(cents)
    unexplained = []
    for row in rows.itertuples():
        currency = currency_of.get(row.account_id)
        others = {Decimal(12 * mrr) for mrr in past.get(row.account_id, ())}
        others |= {row.mrr * rate / latest[code] for code, rate in rates if code == currency}
        explains = any(abs(row.other - other) <= TOLERANCE * other for other in others if other)
        is_open = row.is_within_tolerance == "False" and row.account_id not in planted
        unexplained.append(abs(row.other - row.mrr) if is_open and not explains else 0)
    rows["unexplained"] = unexplained
    return rows


def rate(column: str = "unexplained"):
    return share(lambda r: r[column].sum(), lambda r: r.mrr.sum())


AGREEING = share(lambda r: (r.agrees & r.is_customer).sum(), lambda r: r.is_customer.sum())

CHECKS = {
    "invoice_reconciled_rate": Check(AGREEING, rows="invoice_months"),
    "invoice_unexplained_rate": Check(rate(), rows="invoice_months"),
    "charge_reconciled_rate": Check(AGREEING, rows="charge_months"),
    "arr_unexplained_rate": Check(rate(), rows="crm_accounts", months=1),
}
