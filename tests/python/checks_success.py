"""The metrics of onboarding, lifecycle and playbooks, calculated a second time.

They start from the truth that the demo was made of; segments come from the CRM history replayed in
Python.
"""

from datetime import date
from statistics import median

import duckdb
import pandas as pd
from checks_revenue import TRUTH, UNASSIGNED, Check, SegmentHistory, last_day, share


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
    stages = pd.read_csv(TRUTH / "lifecycle_stages.csv", dtype=str)
    entries = stage_entries(stages)
    active = stages[stages.is_active_customer == "True"]
    open_projects = open_at_month_ends(projects)
    return {
        "stages": of_month(active, "observation_date", "observation_date"),
        "stage_entries": of_month(entries, "entered", "entered"),
        "open_projects": of_month(open_projects, "month_end", "month_end"),
        "projects_by_start": of_month(projects, "started_date", "started_date"),
        "projects_by_completion": of_month(projects, "completed_date", "started_date"),
        "ctas_by_due_date": of_month(ctas[ctas.is_due == "True"], "due_date", "created_date"),
        "open_ctas": of_month(ctas[ctas.is_open == "True"], "created_date", "created_date"),
    }


def planted(name: str) -> pd.DataFrame:
    """What counts of a truth file, as text."""
    rows = pd.read_csv(TRUTH / f"{name}.csv", dtype=str)
    return rows[rows.is_counted == "True"]


def stage_entries(stages: pd.DataFrame) -> pd.DataFrame:
    """Entries of a stage that has a next one, and whether it was moved on from in 180 days."""
    lifecycle = ["onboarding", "adoption", "value_realization", "renewal", "expansion"]
    entries = []
    for account, rows in stages.groupby("account_id"):
        spans: list[tuple[str, str]] = []
        for day, stage in zip(rows.observation_date, rows.derived_stage, strict=True):
            if not spans or spans[-1][1] != stage:
                spans.append((day, stage))
        for number, (day, stage) in enumerate(spans):
            if stage not in lifecycle[:-1]:
                continue
            left, after = spans[number + 1] if number + 1 < len(spans) else (day, "")
            is_later = after in lifecycle and lifecycle.index(after) > lifecycle.index(stage)
            days = (date.fromisoformat(left) - date.fromisoformat(day)).days
            entries.append((account, day, is_later and days <= 180))
    return pd.DataFrame(entries, columns=["account_id", "entered", "converted"])


def open_at_month_ends(projects: pd.DataFrame) -> pd.DataFrame:
    """Each project at the end of each month at which it was started and not completed."""
    found = []
    for row in projects.itertuples():
        if row.is_open == "True" or not pd.isna(row.completed_date):
            completed = "9999-12-31" if row.is_open == "True" else row.completed_date
            for month in pd.period_range(row.started_date, "2026-06", freq="M"):
                month_end = last_day(month).isoformat()
                if row.started_date <= month_end < completed:
                    found.append((row.account_id, month_end))
    return pd.DataFrame(found, columns=["account_id", "month_end"])


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
    "open_onboarding_projects": Check(rows_in, rows="open_projects"),
    "lifecycle_stage_integrity": Check(
        share(lambda r: (r.is_matching == "True").sum(), len), rows="stages"
    ),
    "stage_entries": Check(rows_in, rows="stage_entries"),
    "stage_conversion_rate": Check(share(lambda r: r.converted.sum(), len), rows="stage_entries"),
    "ctas_due": Check(rows_in, rows=DUE),
    "playbook_execution_rate": Check(
        share(lambda r: (r.is_completed_within_sla == "True").sum(), len), rows=DUE
    ),
    "open_ctas": Check(rows_in, rows="open_ctas"),
}
