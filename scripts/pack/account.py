"""What a business review tells of one account: its quarters in numbers, and what happened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.pack.facts import SEGMENT, Headline, Reader, Value
from scripts.pack.period import Period, last_quarter
from scripts.project import UsageError, suggestion

if TYPE_CHECKING:
    from scripts.metrics_engine import MetricsEngine

REVIEWED = (
    *("mrr", "expansion_mrr", "contraction_mrr", "net_revenue_retention"),
    *("monthly_active_users", "seat_utilization", "feature_breadth", "stickiness"),
    *("tickets_opened", "sla_attainment", "first_reply_time_business_hours"),
    *("full_resolution_time_business_hours", "escalation_rate", "csat", "nps"),
    *("average_health_score_by_mrr", "arr_at_risk"),
)
# On what a median rests; of a ratio it is what it is divided by.
RESTS_ON = {
    "first_reply_time_business_hours": "tickets_opened",
    "full_resolution_time_business_hours": "tickets_opened",
}
# Other metrics are amounts and numbers, which depend on how large an account is.
COMPARABLE = ("ratio", "hours", "days", "score")
THEMES, EXPIRING = "theme_mentions", "expiring_arr"
COLUMNS = (
    "account_id, account_name, segment, region, product_tier, csm_id, customer_since_date, "
    "recorded_stage, next_renewal_date, next_renewal_risk_status, next_renewal_has_close_plan, "
    "last_touch_date, reason_1, reason_2, reason_3"
)


@dataclass(frozen=True)
class AccountFacts:
    """An account in a quarter. `profile`, `open_ctas` and `actions` are as of `as_of`.

    `of_segment` are the values of its segment in the quarter, of metrics that can be compared;
    `renewals` what of its ARR ends in the months to come; `themes` what it spoke of, by theme.
    """

    period: Period
    as_of: date
    profile: dict[str, Any]
    headlines: list[Headline]
    of_segment: dict[str, Value | None]
    renewals: dict[date, Value]
    themes: dict[str, int]
    events: list[dict[str, Any]]
    open_ctas: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    sources: list[dict[str, Any]]


def asked_metrics() -> set[str]:
    """The metrics that a business review asks for."""
    return {*REVIEWED, THEMES, EXPIRING, "nps_responses"}


def account_facts(engine: MetricsEngine, published_file: Path, account: str) -> AccountFacts:
    """The facts of an account, named by its id or its name, in the last quarter that was over.

    Raises a UsageError for an account that isn't known or has no numbers in the quarter.
    """
    company = Reader(engine, published_file, asked_metrics())
    profile = _profile(company, account)
    account_id = profile["account_id"]
    reader = Reader(engine, published_file, asked_metrics(), account_id)
    as_of = company.last_run()["as_of_date"]
    period = last_quarter(as_of)
    headlines = [reader.headline(name, period, parts=False) for name in REVIEWED]
    headlines = [_resting(each, headlines) for each in headlines]
    if all(headline.value is None for headline in headlines):
        raise UsageError(
            f"There are no numbers of {profile['account_name']} in {period.label}: "
            "it was no customer then."
        )
    return AccountFacts(
        period=period,
        as_of=as_of,
        profile=profile,
        headlines=headlines,
        of_segment=_of_segment(company, headlines, profile["segment"]),
        renewals=_renewals(reader, as_of),
        themes=_themes(reader, period),
        events=reader.rows(
            "marts.rpt_account_timeline",
            "where account_id = ? and event_date between ? and ? order by event_number",
            [account_id, period.start, period.end],
            "event_date, event_type, summary, source_system",
        ),
        open_ctas=reader.rows(
            "marts.fct_ctas",
            "where account_id = ? and is_open order by due_date, cta_id",
            [account_id],
            "playbook_name, reason, priority, owner_id, due_date",
        ),
        actions=reader.rows(
            "marts.rpt_cta_queue",
            "where account_id = ? order by due_date, action_key",
            [account_id],
            "playbook_key, reason, priority, owner_id, due_date",
        ),
        sources=company.rows("metadata.fct_source_freshness", "order by system"),
    )


def _profile(reader: Reader, account: str) -> dict[str, Any]:
    rows = reader.rows("marts.rpt_account_overview", "order by account_id", columns=COLUMNS)
    wanted = account.strip().lower()
    if not wanted:
        raise UsageError("Name the account: ACCOUNT=<its id or name>.")
    named = [
        row for row in rows if wanted in (row["account_id"].lower(), row["account_name"].lower())
    ]
    if len(named) == 1:
        return named[0]
    if named:
        ids = " and ".join(row["account_id"] for row in named)
        raise UsageError(f"{ids} are both called {account!r}: name the account by its id.")
    known = [name for row in rows for name in (row["account_name"], row["account_id"])]
    raise UsageError(
        f"There is no account {account!r} among those that are or were customers."
        f"{suggestion(account, known)}"
    )


def _resting(headline: Headline, headlines: list[Headline]) -> Headline:
    """The headline with the number that its median rests on, before or now, whichever is less."""
    for each in headlines:
        if each.metric == RESTS_ON.get(headline.metric):
            return replace(headline, base=float(min(each.value or 0, each.previous or 0)))
    return headline


def _of_segment(
    company: Reader, headlines: list[Headline], segment: str | None
) -> dict[str, Value | None]:
    values: dict[str, Value | None] = {}
    for headline in headlines:
        if headline.unit in COMPARABLE:
            rows = company.asked([headline.metric], [headline.period], [SEGMENT])
            found = {row[SEGMENT]: row[headline.metric] for row in rows}
            values[headline.metric] = found.get(segment)
    return values


def _renewals(reader: Reader, as_of: date) -> dict[date, Value]:
    """ARR of open terms by the month in which it ends, of the twelve months to come."""
    month = Period("month", as_of.replace(day=1), as_of)
    months = [month.back(-count) for count in range(13)]
    rows = reader.asked([EXPIRING], months, where=["renewal__is_open = true"])
    return {row["metric_time__month"]: row[EXPIRING] for row in rows if row[EXPIRING]}


def _themes(reader: Reader, period: Period) -> dict[str, int]:
    rows = reader.asked([THEMES], [period], ["feedback__theme"])
    found = {row["feedback__theme"]: row[THEMES] for row in rows}
    return dict(sorted(found.items(), key=lambda theme: -theme[1]))
