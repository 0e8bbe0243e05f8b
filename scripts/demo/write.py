"""Writes the tables: dirty CSV with the truth beside it, or clean typed Parquet at any size."""

from __future__ import annotations

import csv
from dataclasses import astuple, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from . import (
    lifecycle,
    truth_health,
    truth_operations,
    truth_reconciliation,
    truth_success,
    truth_support,
    truth_usage,
    truth_voice,
)
from .company import Company
from .contract import PROJECT, RawTable, raw_tables
from .dirt import Account, Dirt, make_dirty, with_odd_rows
from .scenarios import scenarios
from .text import as_text
from .truth import charge_months, monthly_mrr, movements, resolve_accounts
from .truth_renewals import RENEWAL_COLUMNS, forecast_rows, renewal_rows

TRUTH = PROJECT / "tests" / "truth"
TRUTHS = (
    truth_health,
    truth_success,
    truth_support,
    truth_usage,
    truth_voice,
)
ARROW_TYPES = {
    "key": pa.string(),
    "text": pa.string(),
    "email": pa.string(),
    "decimal": pa.decimal128(18, 4),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("s"),
}


def write_csv(company: Company, folder: Path | None) -> int:
    """Write the dirty tables and the truth, to the seeds if ``folder`` is None; return the rows."""
    activity = pd.concat(list(company.activity()), ignore_index=True)
    mrr = monthly_mrr(charge_months(company.tables))
    # The stages on record follow from the use, so they are known only now.
    stages = lifecycle.true_stages(company.tables, activity, mrr)
    changes = lifecycle.recorded_changes(
        company.settings, stages, company.tables["crm", "accounts"]
    )
    recorded = lifecycle.with_recorded_stages(company.tables, stages, changes)
    company = replace(company, tables=recorded)
    texts = {name: as_text(raw_tables()[name], frame) for name, frame in company.tables.items()}
    texts["usage", "activity"] = as_text(
        raw_tables()["usage", "activity"],
        activity.astype({"product_user_id": object, "account_id": object, "feature_key": object}),
    )
    dirty, dirt = make_dirty(company.settings, texts)
    for name, frame in dirty.items():
        path = raw_tables()[name].seed_file
        if folder is not None:
            path = folder / name[0] / f"{name[1]}.csv"
        _write_rows(path, list(frame.columns), frame.itertuples(index=False))
    kept_activity = with_odd_rows(("usage", "activity"), texts["usage", "activity"])
    truth = TRUTH if folder is None else folder / "truth"
    _write_truth(company, kept_activity, dirt, mrr, truth)
    _write_rows(
        truth / "lifecycle_stages.csv",
        lifecycle.COLUMNS,
        lifecycle.truth_rows(stages, changes),
    )
    return sum(len(frame) for frame in dirty.values())


def _write_rows(path: Path, header: list[str], rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_truth(
    company: Company,
    activity: pd.DataFrame,
    dirt: Dirt,
    mrr: lifecycle.MrrOfMonths,
    folder: Path,
) -> None:
    _write_rows(
        folder / "row_accounting.csv",
        ["system", "object", *(column.name for column in fields(Account))],
        [(*name, *astuple(account)) for name, account in dirt.accounts.items()],
    )
    _write_rows(
        folder / "rejected_rows.csv",
        ["system", "object", "raw_key", "reason_code"],
        dirt.rejected_rows,
    )
    _write_rows(
        folder / "notations.csv", ["system", "object", "column", "kind", "cells"], dirt.notations
    )
    _write_rows(
        folder / "monthly_mrr.csv",
        ["account_id", "month_start", "mrr"],
        [(account, month, f"{now / 100:.2f}") for (account, month), (now, _) in mrr.items() if now],
    )
    moves = movements(mrr)
    _write_rows(
        folder / "movements.csv",
        ["account_id", "month_start", "movement_type", "amount"],
        [(account, month, kind, f"{cents / 100:.2f}") for account, month, kind, cents in moves],
    )
    _write_rows(folder / "accounts.csv", ACCOUNT_COLUMNS, _true_accounts(company, moves))
    tables = {**company.tables, ("usage", "activity"): activity}
    truths = [module.truth_tables(tables) for module in TRUTHS]
    truths.append(truth_operations.truth_tables(tables, mrr, dirt.gaps))
    for files in truths:
        for name, (header, rows) in files.items():
            _write_rows(folder / f"{name}.csv", header, rows)
    _write_rows(
        folder / "reconciliation_invoices.csv",
        truth_reconciliation.INVOICE_COLUMNS,
        truth_reconciliation.invoice_rows(company.tables, mrr, company.adjusted_invoices),
    )
    _write_rows(
        folder / "reconciliation_adjusted.csv",
        ["invoice_id", "case"],
        sorted(company.adjusted_invoices.items()),
    )
    names = [scenario.name for scenario in scenarios()]
    _write_rows(
        folder / "reconciliation_arr.csv",
        ["account_id", "difference_reason"],
        truth_reconciliation.arr_rows(
            dict(zip(names, company.accounts.ids, strict=False)), company.misstated_arr
        ),
    )
    _write_rows(
        folder / "renewals.csv",
        RENEWAL_COLUMNS,
        renewal_rows(company.tables, company.planted_terms, company.lost_links),
    )
    _write_rows(
        folder / "renewal_forecasts.csv",
        ["renewal_month", "forecast_horizon", "forecast_arr", "actual_arr"],
        forecast_rows(company.tables),
    )


ACCOUNT_COLUMNS = [
    "account_id",
    "resolved_account_id",
    "scenario",
    "segment",
    "csm_id",
    "first_churn_month",
    "quality_mean",
    "quality_last",
]


def _true_accounts(company: Company, moves: list) -> list[tuple]:
    """One row per account of the CRM: what its row stands for, and how content it was."""
    crm = company.tables["crm", "accounts"]
    resolved = resolve_accounts(crm)
    churned: dict[str, object] = {}
    for account, month, kind, _ in moves:
        if kind == "churn":
            churned.setdefault(account, month)
    names = [scenario.name for scenario in scenarios()]
    level = company.quality.level
    return [
        (
            row.account_id,
            resolved[row.account_id] or "internal",
            names[number] if number < len(names) else "",
            row.segment,
            row.csm_id,
            churned.get(row.account_id, ""),
            f"{level[number].mean():.3f}",
            f"{level[number, -1]:.3f}",
        )
        for number, row in enumerate(crm.itertuples())
    ]


def write_parquet(company: Company, folder: Path) -> int:
    """Write clean typed tables to ``folder/<system>/<object>.parquet``; returns the rows."""
    rows = 0
    for name, frame in company.tables.items():
        path = _parquet_path(folder, name)
        pq.write_table(_as_arrow(raw_tables()[name], frame), path)
        rows += len(frame)
    table = raw_tables()["usage", "activity"]
    schema = pa.schema([(name, ARROW_TYPES[kind]) for name, kind in table.columns.items()])
    with pq.ParquetWriter(_parquet_path(folder, ("usage", "activity")), schema) as writer:
        for chunk in company.activity():
            writer.write_table(_as_arrow(table, chunk))
            rows += len(chunk)
    return rows


def _parquet_path(folder: Path, name: tuple[str, str]) -> Path:
    path = folder / name[0] / f"{name[1]}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _as_arrow(table: RawTable, frame: pd.DataFrame) -> pa.Table:
    columns = {
        name: _as_arrow_column(frame[name], ARROW_TYPES[kind])
        for name, kind in table.columns.items()
    }
    return pa.table(columns)


def _as_arrow_column(values: pd.Series, kind: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(kind):
        numbers = pa.array(values.to_numpy(dtype=np.float64), from_pandas=True)
        return numbers.cast(kind)
    if pa.types.is_integer(kind) and values.dtype.kind == "f":
        return pa.array(values.to_numpy(), from_pandas=True).cast(kind)
    return pa.array(values, from_pandas=True).cast(kind)
