"""Operations: how the team works, how good its data is, and whether there are enough of them."""

from __future__ import annotations

from scripts.formats import day_text
from scripts.pages.charts import lines, ranking
from scripts.pages.facts import Facts
from scripts.pages.overview import kpis
from scripts.pages.parts import Kpis, Page, Section, Table

CSM = "account__csm_id"
CAPACITY = ["csms_needed", "csms_with_accounts", "accounts_per_csm", "arr_per_csm"]


def page(facts: Facts) -> Page:
    """The page, from the metrics of one published file."""
    return Page(
        key="operations",
        title="Operations",
        text="How the team works, how good the data is that it works with, and its capacity.",
        sections=[_team(facts), _quality(facts), _capacity(facts)],
    )


def _team(facts: Facts) -> Section:
    return Section(
        "team",
        "How the team works",
        "What customer-success operations is measured by.",
        [
            Kpis(
                "operations_team",
                kpis(facts, "operations"),
                title="KPIs of the team",
                as_table=True,
            ),
            lines(
                facts.cube(["requests_opened"]),
                {"requests_opened": "opened"},
                key="operations_requests",
                title="Requests to the team each month",
                unit="requests",
                zero=True,
            ),
            lines(
                facts.cube(["open_requests", "backlog_aging_breaches"]),
                {"open_requests": "open", "backlog_aging_breaches": "of them open for too long"},
                key="operations_backlog",
                title="Requests open at each month end",
                unit="requests",
                zero=True,
            ),
            lines(
                facts.cube(["playbook_execution_rate"]),
                {"playbook_execution_rate": "closed in time"},
                key="operations_playbooks",
                title="Share of calls to action that were closed in time",
                unit="ratio",
                target=facts.metric("playbook_execution_rate").meta["target"],
                zero=True,
            ),
            lines(
                facts.cube(["automation_hours_saved"]),
                {"automation_hours_saved": "saved"},
                key="operations_automation",
                title="Hours that automation saved each month",
                unit="hours",
                target=facts.metric("automation_hours_saved").meta["target"],
                zero=True,
            ),
        ],
    )


def _quality(facts: Facts) -> Section:
    issues = facts.rows("metadata.fct_data_issues", ["system", "in_words", "owner", "status"])
    open_issues = {
        (row["system"], row["in_words"], row["owner"]) for row in issues if row["status"] == "open"
    }
    freshness = facts.rows(
        "metadata.fct_source_freshness", ["system", "owner", "newest_record_date", "freshness"]
    )
    return Section(
        "quality",
        "Data quality",
        "Whether the numbers can be trusted, and who mends what is wrong at its source.",
        [
            Kpis(
                "operations_quality",
                kpis(facts, "quality"),
                title="KPIs of data quality",
                as_table=True,
            ),
            Table(
                key="operations_freshness",
                title="How fresh each source is",
                source="fct_source_freshness",
                columns=["Source", "Owner", "Newest record", "State"],
                rows=[
                    facts.row(
                        [
                            row["system"],
                            row["owner"],
                            day_text(row["newest_record_date"]),
                            row["freshness"],
                        ]
                    )
                    for row in sorted(freshness, key=lambda row: row["system"])
                ],
            ),
            Table(
                key="operations_issues",
                title="What is wrong in the data, and who mends it",
                source="fct_data_issues",
                columns=["Source", "What is wrong", "Who mends it"],
                rows=[facts.row(issue) for issue in sorted(open_issues)],
            ),
        ],
    )


def _capacity(facts: Facts) -> Section:
    capacity = facts.cube(CAPACITY)
    return Section(
        "capacity",
        "Capacity",
        "Managers that the accounts need by the coverage model, beside those who have accounts.",
        [
            lines(
                capacity,
                {"csms_needed": "needed", "csms_with_accounts": "with accounts"},
                key="operations_csms",
                title="Customer success managers needed, and those there are",
                unit="people",
                zero=True,
            ),
            ranking(
                facts.cube(["csms_needed"], [CSM]),
                {"csms_needed": "load"},
                key="operations_load",
                title="Load of each manager in the last month; above 1 is too much for one",
                unit="people",
                by="csm_id",
                months="end",
            ),
            lines(
                capacity,
                {"accounts_per_csm": "accounts"},
                key="operations_accounts",
                title="Accounts of a manager, by segment",
                unit="accounts",
                colour="segment",
                split=("segment",),
                zero=True,
            ),
            lines(
                capacity,
                {"arr_per_csm": "ARR"},
                key="operations_arr",
                title="ARR of a manager, by segment",
                unit="usd",
                colour="segment",
                split=("segment",),
                zero=True,
            ),
        ],
    )
