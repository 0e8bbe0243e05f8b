"""The metrics of onboarding, lifecycle and playbooks, calculated a second time.

They start from the truth that the demo was made of; segments come from the CRM history replayed in
Python.
"""

from datetime import date
from statistics import median

import duckdb
import pandas as pd
from checks_revenue import TRUTH, UNASSIGNED, Check, SegmentHistory, share


def tables(warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Truth tables, each row under the month and segment that its metrics count it under."""
    history = SegmentHistory(warehouse)

    def of_month(rows: pd.DataFrame, day: str, segment_day: str) -> pd.DataFrame:
        rows = rows[rows[day].notna()].copy()
        rows["month"] = pd.PeriodIndex(rows[day], freq="M")
        rows["segment"] = [
            None if account == UNASSIGNED else history.segment(account, date.fromisoformat(on))
            for account, on in zip(rows.account_id, rows[segment_day], strict=True)
        ]
        return rows

    projects, ctas = planted("onboarding_projects"), planted("ctas")
    return {
        "projects_by_start": of_month(projects, "started_date", "started_date"),
        "projects_by_completion": of_month(projects, "completed_date", "started_date"),
        "ctas_by_due_date": of_month(ctas[ctas.is_due == "True"], "due_date", "created_date"),
        "open_ctas": of_month(ctas[ctas.is_open == "True"], "created_date", "created_date"),
    }


def planted(name: str) -> pd.DataFrame:
    """What counts of a truth file, as text."""
    rows = pd.read_csv(TRUTH / f"{name}.csv", dtype=str)
    return rows[rows.is_counted == "True"]


def rows_in(rows: pd.DataFrame, month: pd.Period) -> int:
    return int((rows.month == month).sum())


def median_days(rows: pd.DataFrame, month: pd.Period) -> float | None:
    days = rows[rows.month == month].cycle_time_days.astype(int).tolist()
    return median(days) if days else None


STARTS, COMPLETIONS, DUE = "projects_by_start", "projects_by_completion", "ctas_by_due_date"

CHECKS: dict[str, Check] = {
    "onboarding_projects_started": Check(rows_in, rows=STARTS),
    "onboarding_completion_rate": Check(
        share(lambda r: (r.is_on_target == "True").sum(), len), rows=STARTS
    ),
    "onboarding_cycle_time_days": Check(median_days, rows=COMPLETIONS),
    "ctas_due": Check(rows_in, rows=DUE),
    "playbook_execution_rate": Check(
        share(lambda r: (r.is_completed_within_sla == "True").sum(), len), rows=DUE
    ),
    "open_ctas": Check(rows_in, rows="open_ctas"),
}
