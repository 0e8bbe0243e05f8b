"""What is true of the demo company's surveys, worked out from the clean tables.

Rules (metrics.md): of the answers one respondent gives to one survey in ninety days, counted from
the first, the latest counts; a detractor is followed up by the first call or meeting with the
contact or the account after the answer, in time within five business days. Independent of the dbt
models: nothing here reads them.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import pandas as pd

from .comments import themes
from .contract import PROJECT
from .settings import LAST_DAY
from .truth import COUNTED, UNASSIGNED, accounts_of_subscriptions, resolve_accounts, unpaid_limits

Tables = dict[tuple[str, str], pd.DataFrame]
COLUMNS = [
    "response_id",
    "account_id",
    "category",
    "is_counted",
    "is_paying_account",
    "is_loop_closed_in_time",
]
CATEGORIES = {
    "nps": (["detractor", "passive", "promoter"], [7, 9]),
    "ces": (["dissatisfied", "neutral", "satisfied"], [4, 5]),
}
FIVE_POINTS = (["dissatisfied", "neutral", "satisfied"], [3, 4])
TOUCHES = {"call", "meeting", "qbr", "ebr"}


def truth_tables(tables: Tables) -> dict[str, tuple[list[str], list[tuple]]]:
    """Header and rows of each file of truth, by its name."""
    return {
        "survey_responses": (COLUMNS, survey_responses(tables)),
        "themes": (["text", "theme"], themes()),
    }


def survey_responses(tables: Tables) -> list[tuple]:
    """One row per invitation, in the order of COLUMNS; empty where there is nothing to say."""
    responses = tables["surveys", "responses"].astype(object)
    responses = responses.where(responses.notna(), None)
    accounts = resolve_accounts(tables["crm", "accounts"])
    counted = _counted(responses)
    paid = _paid_spans(tables)
    touches = _touches(tables, accounts)
    rows = []
    for row in responses.itertuples():
        # An internal account stays itself: its people are asked as colleagues.
        account = accounts.get(row.account_id, UNASSIGNED) or row.account_id
        if row.responded_at is None:
            rows.append((row.response_id, account, "", "false", "", ""))
            continue
        day = row.responded_at.date()
        pays = any(starts <= day <= ends for starts, ends in paid[account])
        category = _category(row.survey_type, row.score)
        in_time = ""
        if category == "detractor":
            in_time = _followed_up(row.responded_at, touches[account] + touches[row.contact_id])
        is_counted = row.response_id in counted
        rows.append((row.response_id, account, category, _text(is_counted), _text(pays), in_time))
    return rows


def _text(value: bool) -> str:
    return "true" if value else "false"


def _category(survey_type: str, score: float) -> str:
    names, bounds = CATEGORIES.get(survey_type, FIVE_POINTS)
    return names[bisect_right(bounds, score)]


def _counted(responses: pd.DataFrame) -> set[str]:
    """The answers that no newer one of the same ninety days replaces."""
    answers = defaultdict(list)
    for row in responses.itertuples():
        if row.responded_at is not None:
            respondent = row.contact_id or row.email
            answers[row.survey_type, respondent].append((row.responded_at, row.response_id))
    latest = {}
    for respondent, given in answers.items():
        first = min(given)[0].date()
        for moment, response in sorted(given):
            latest[respondent, (moment.date() - first).days // 90] = response
    return set(latest.values())


def _paid_spans(tables: Tables) -> dict[str, list[tuple]]:
    """First and last day of every charge above zero, by account."""
    recurring = tables["billing", "plans"].set_index("plan_id").charge_type == "recurring"
    subscriptions = tables["billing", "subscriptions"].set_index("subscription_id")
    account_of = accounts_of_subscriptions(tables)
    limits = unpaid_limits(tables)
    spans = defaultdict(list)
    for charge in tables["billing", "subscription_charges"].itertuples():
        account = account_of.get(charge.subscription_id, UNASSIGNED)
        status = subscriptions.status.get(charge.subscription_id)
        discount = 0 if pd.isna(charge.discount_pct) else charge.discount_pct
        amount = charge.quantity * charge.unit_price * (100 - discount)
        if account in (None, UNASSIGNED) or status not in COUNTED or amount <= 0:
            continue
        if recurring.get(charge.plan_id, False):
            last = date.max
            if not pd.isna(charge.effective_to):
                last = pd.Timestamp(charge.effective_to).date() - timedelta(days=1)
            last = min(last, limits.get(charge.subscription_id, date.max))
            spans[account].append((pd.Timestamp(charge.effective_from).date(), last))
    return spans


def _touches(tables: Tables, accounts: dict[str, str | None]) -> dict[str, list[pd.Timestamp]]:
    """When an account or a contact was spoken to."""
    touches = defaultdict(list)
    for row in tables["crm", "activities"].itertuples():
        if row.type in TOUCHES:
            account = accounts.get(row.account_id, UNASSIGNED) or row.account_id
            for key in {account, row.contact_id} - {UNASSIGNED, None}:
                touches[key].append(row.occurred_at)
    return touches


def _followed_up(answered: pd.Timestamp, touches: list[pd.Timestamp]) -> str:
    later = [moment for moment in touches if moment > answered]
    last = pd.Timestamp(LAST_DAY)
    waited = _business_days(answered, min(later) if later else last)
    if later:
        return _text(waited <= 5)
    return "false" if waited > 5 else ""


def _business_days(moment: pd.Timestamp, later: pd.Timestamp) -> int:
    """Business days after the day of the one, up to the day of the other."""
    with (PROJECT / "seeds" / "reference" / "holidays.csv").open(encoding="utf-8") as lines:
        holidays = [row["holiday_date"] for row in csv.DictReader(lines)]
    days = np.array([moment, later], dtype="M8[D]") + 1
    return int(np.busday_count(days[0], days[1], holidays=holidays))
