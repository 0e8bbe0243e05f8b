"""Measures from the cleaned rows and scores from the seeds, calculated a second time."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from scripts.project import ROOT

DAYS = [date(2024, 9, 30), date(2025, 8, 31), date(2026, 6, 30)]
Values = dict[str, dict[str, float]]


def seed(name: str) -> list[dict[str, str]]:
    with (ROOT / "seeds" / "reference" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def day_of(value: Any) -> date | None:
    return value.date() if hasattr(value, "date") else value


class Staged:
    """The cleaned rows of each table, their accounts resolved and their times cut to days."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        self.connection = warehouse.cursor()
        self.connection.execute("use bellwether.intermediate")
        self.owner = dict(
            self.query("select account_id, resolved_account_id from int_account_ids_resolved")
        )

    def query(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()

    def rows(self, columns: str, table: str) -> Iterable[tuple]:
        """The table's rows as (account, …); the first column is the account's id."""
        for account, *values in self.query(f"select {columns} from staging.{table}"):
            if account in self.owner:
                yield self.owner[account], *(day_of(value) for value in values)


def mean(values: Iterable[float]) -> float | None:
    values = list(values)
    return sum(values) / len(values) if values else None


def per_cent(flags: Iterable[bool]) -> float | None:
    return mean(100 * bool(flag) for flag in flags)


def within(value: date | None, day: date, days: int) -> bool:
    """Whether a date lies in the days that end on the day."""
    return value is not None and day - timedelta(days=days) < value <= day


def people(staged: Staged, day: date) -> Iterable[tuple[str, str, float | None]]:
    """Contacts who are there, users who are active, and how long ago the last touch was."""
    known = defaultdict(list)
    contacts = "account_id, is_champion, is_executive_sponsor, created_at, left_at"
    for account, champion, sponsor, created, left in staged.rows(contacts, "stg_crm__contacts"):
        if created is not None and created <= day:
            known[account].append((champion, sponsor, left is None or left > day))
    for account, contacts in known.items():
        yield account, "champions", sum(bool(c) and here for c, _, here in contacts)
        yield account, "executive_sponsors", sum(bool(s) and here for _, s, here in contacts)
    for measure, types in {
        "days_since_touch": ("call", "meeting", "qbr", "ebr"),
        "days_since_review": ("qbr", "ebr"),
    }.items():
        touches = [
            (account, when)
            for account, kind, when in staged.rows(
                "account_id, type, occurred_at", "stg_crm__activities"
            )
            if kind in types and when <= day
        ]
        last = dict(sorted(touches, key=lambda touch: touch[1]))
        recorded = (day - min(when for _, when in touches)).days
        for account, tenure in tenures(staged, day).items():
            silence = (day - last[account]).days if account in last else min(tenure, recorded)
            yield account, measure, silence


def tenures(staged: Staged, day: date) -> dict[str, int]:
    return dict(
        staged.query(
            "select account_id, tenure_days from int_health_accounts_observed "
            f"where observation_date = date '{day}'"
        )
    )


def voice(staged: Staged, day: date) -> Iterable[tuple[str, str, float | None]]:
    asked, said = defaultdict(list), defaultdict(dict)
    contact_account = dict(
        staged.query("select contact_id, account_id from staging.stg_crm__contacts")
    )
    answers = staged.query(
        "select account_id, contact_id, coalesce(contact_id, email, response_id), survey_type, "
        "sent_at, responded_at, score from staging.stg_surveys__responses "
        "where survey_type <> 'stakeholder' order by responded_at, response_id"
    )
    for account, contact, respondent, survey, sent, responded, score in answers:
        account = staged.owner.get(account or contact_account.get(contact))
        sent, responded = day_of(sent), day_of(responded)
        if within(sent, day, 180):
            asked[account].append(responded is not None and responded <= day)
        if score is not None:
            for name, end in (("recent", day), ("before", day - timedelta(days=180))):
                if within(responded, end, 180):
                    said[account, survey, name][respondent] = float(score)
    for account in {*asked, *(key[0] for key in said)}:
        recent, before = (mean(said[account, "nps", n].values()) for n in ("recent", "before"))
        yield account, "nps_180_days", recent
        if recent is not None and before is not None:
            yield account, "nps_change_180_days", recent - before
        yield account, "csat_180_days", mean(said[account, "csat", "recent"].values())
        yield account, "survey_response_180_days_pct", per_cent(asked[account])


def support(staged: Staged, day: date) -> Iterable[tuple[str, str, float | None]]:
    solved = defaultdict(list)
    for account, *ticket in staged.query(
        "select account_id, solved_date, is_resolution_sla_met, reopened_count "
        "from marts.fct_tickets where is_counted"
    ):
        if within(ticket[0], day, 90):
            solved[account].append(ticket[1:])
    for account, tickets in solved.items():
        judged = [met for met, _ in tickets if met is not None]
        yield account, "resolved_in_time_90_days_pct", per_cent(judged)
        yield account, "reopened_90_days_pct", per_cent(count > 0 for _, count in tickets)


def progress(staged: Staged, day: date) -> Iterable[tuple[str, str, float | None]]:
    done, latest = defaultdict(list), {}
    plans = "account_id, due_at, completed_at"
    for account, due, completed in staged.rows(plans, "stg_success__success_plans"):
        if within(due, day, 365):
            done[account].append(completed is not None and completed <= day)
    for account, flags in done.items():
        yield account, "success_plans_done_pct", per_cent(flags)
    target = {row["path"]: int(row["target_days"]) for row in seed("onboarding_paths")}
    projects = "account_id, started_at, project_id, path, completed_at"
    for account, *project in sorted(staged.rows(projects, "stg_success__onboarding_projects")):
        if within(project[0], day, 365):
            latest[account] = project
    for account, (started, _, path, completed) in latest.items():
        end = completed if completed is not None and completed <= day else day
        yield account, "onboarding_days_late", max((end - started).days - target[path], 0)


CALCULATED = [people, voice, support, progress]


@pytest.mark.parametrize("day", DAYS, ids=str)
@pytest.mark.parametrize("calculate", CALCULATED, ids=lambda f: f.__name__)
def test_measures(warehouse: duckdb.DuckDBPyConnection, calculate: Any, day: date) -> None:
    staged = Staged(warehouse)
    customers = tenures(staged, day)
    expected = {
        (account, measure): pytest.approx(value, abs=0.0001)
        for account, measure, value in calculate(staged, day)
        if account in customers and value is not None
    }
    names = {measure for _, measure in expected}
    found = {
        (account, measure): float(value)
        for account, measure, value in staged.query(
            "select account_id, measure, measure_value from int_health_measures_observed "
            f"where observation_date = date '{day}'"
        )
        if measure in names
    }
    assert len(expected) > 20
    assert found == expected


def test_scores(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Every version's score of every account and date, by the seeds as a person reads them."""
    staged = Staged(warehouse)
    values: Values = defaultdict(dict)
    for account, day, measure, value in staged.query(
        "select account_id, observation_date, measure, measure_value "
        "from int_health_measures_observed"
    ):
        values[account, day][measure] = float(value)
    customers = staged.query(
        "select account_id, observation_date, segment, tenure_days "
        "from int_health_accounts_observed"
    )
    found = {
        (version, account, day): None if score is None else float(score)
        for version, account, day, score in staged.query(
            "select model_version, account_id, observation_date, score "
            "from int_health_scores_banded"
        )
    }
    expected = {}
    for version in seed("health_models"):
        if version["status"] == "retired":
            continue
        for account, day, segment, tenure in customers:
            score = version_score(version, segment, tenure, values[account, day])
            expected[version["model_version"], account, day] = score
    assert found.keys() == expected.keys()
    wrong = {
        key: (score, found[key])
        for key, score in expected.items()
        if (score is None) != (found[key] is None)
        or (score is not None and abs(score - found[key]) > 0.002)
    }
    assert len(expected) > 20_000
    assert not wrong


RULES = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
for row in seed("health_measures"):
    by_segment = RULES[row["model_version"]][row["component"], row["measure"]]
    by_segment[row["segment"]].append(row)
WEIGHTS = {
    (row["model_version"], row["component"]): float(row["weight"])
    for row in seed("health_components")
}


def version_score(
    version: dict[str, str], segment: str, tenure: int, values: dict[str, float]
) -> float | None:
    asked = defaultdict(list)
    for (component, measure), by_segment in RULES[version["model_version"]].items():
        rows = by_segment.get(segment) or by_segment["all"]
        reached = [row for row in rows if int(row["tenure_from_days"]) <= tenure]
        if reached:
            rule = max(reached, key=lambda row: int(row["tenure_from_days"]))
            if float(rule["weight"]):
                asked[component].append((rule, values.get(measure)))
    weighed = {
        component: weighted_mean(
            (float(rule["weight"]), None if value is None else points(rule, value))
            for rule, value in rules
        )
        for component, rules in asked.items()
    }
    by_weight = [(WEIGHTS[version["model_version"], c], score) for c, score in weighed.items()]
    present = sum(weight for weight, score in by_weight if score is not None)
    if round(present / sum(w for w, _ in by_weight), 4) < float(version["minimum_weight_share"]):
        return None
    return weighted_mean(by_weight)


def points(rule: dict[str, str], value: float) -> float:
    red, green = float(rule["red_at"]), float(rule["green_at"])
    return min(max(100 * (value - red) / (green - red), 0), 100)


def weighted_mean(pairs: Iterable[tuple[float, float | None]]) -> float | None:
    present = [(weight, value) for weight, value in pairs if value is not None]
    if not present:
        return None
    return sum(weight * value for weight, value in present) / sum(w for w, _ in present)
