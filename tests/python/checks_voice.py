"""The voice-of-customer metrics, calculated a second time from the staged rows, one by one."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from checks_domains import World
from checks_revenue import UNASSIGNED, Check, share

from scripts.project import ROOT

LAST_DAY = date(2026, 6, 30)
FOLLOW_UP_DAYS = 5
COUNTING_DAYS = 90


def tables(warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    invitations = Voice(warehouse).invitations()
    answers = invitations[invitations.answered.notna()]
    return {
        "invitations": invitations.assign(month=invitations.sent.dt.to_period("M")),
        "answers": answers.assign(month=answers.answered.dt.to_period("M")),
    }


class Voice(World):
    """What customers were asked and answered, and who spoke to them after it."""

    def invitations(self) -> pd.DataFrame:
        of_contact = dict(self.rows("select contact_id, account_id from staging.stg_crm__contacts"))
        rows = pd.DataFrame(
            [
                (response, kind, self.resolve(account or of_contact.get(contact)), contact, *rest)
                for response, kind, account, contact, *rest in self.rows(
                    "select response_id, survey_type, account_id, contact_id, "
                    "coalesce(contact_id, email, response_id), sent_at, responded_at, score "
                    "from staging.stg_surveys__responses "
                    "where sent_at < timestamp '2026-07-01' and survey_type <> 'stakeholder'"
                )
            ],
            columns=[
                "response",
                "kind",
                "account",
                "contact",
                "respondent",
                "sent",
                "answered",
                "score",
            ],
        )
        rows = rows[~rows.account.isin(self.internal)].copy()
        rows["answered"] = rows.answered.where(rows.answered < "2026-07-01")
        rows["score"] = rows.score.where(rows.answered.notna())
        rows["segment"] = [
            self.segment_when_opened(row.account, row.sent.date()) for row in rows.itertuples()
        ]
        rows["counts"] = self.latest_answers(rows)
        rows["pays"] = [
            pd.notna(row.answered) and self.pays_on(row.account, row.answered.date())
            for row in rows.itertuples()
        ]
        rows["looped"] = [
            self.followed_up(row) if row.kind == "nps" and row.score <= 6 else None
            for row in rows.itertuples()
        ]
        return rows

    def latest_answers(self, rows: pd.DataFrame) -> list[bool]:
        """Whether no later answer of the respondent fell into the same ninety days."""
        first: dict[tuple, date] = {}
        latest: dict[tuple, str] = {}
        for row in rows[rows.score.notna()].sort_values(["answered", "response"]).itertuples():
            respondent = (row.kind, row.respondent)
            day = row.answered.date()
            span = (day - first.setdefault(respondent, day)).days // COUNTING_DAYS
            latest[*respondent, span] = row.response
        return rows.response.isin(latest.values()).tolist()

    def followed_up(self, answer: Any) -> bool | None:
        touches = [
            moment.date()
            for account, contact, moment in self.touches
            if moment > answer.answered
            and (contact == answer.contact or account == answer.account != UNASSIGNED)
        ]
        if touches:
            return self.business_days(answer.answered.date(), min(touches)) <= FOLLOW_UP_DAYS
        passed = self.business_days(answer.answered.date(), LAST_DAY)
        return False if passed > FOLLOW_UP_DAYS else None

    @property
    def touches(self) -> list[tuple]:
        if not hasattr(self, "_touches"):
            self._touches = [
                (self.resolve(account), contact or "nobody", moment)
                for account, contact, moment in self.rows(
                    "select account_id, contact_id, occurred_at from staging.stg_crm__activities "
                    "where type in ('call', 'meeting', 'qbr', 'ebr') "
                    "and occurred_at < timestamp '2026-07-01'"
                )
            ]
        return self._touches

    @staticmethod
    def business_days(day: date, later: date) -> int:
        """Business days after the one, up to the other."""
        holidays = pd.read_csv(ROOT / "seeds" / "reference" / "holidays.csv").holiday_date
        one = timedelta(days=1)
        return int(np.busday_count(day + one, later + one, holidays=list(holidays)))


def net_promoters(rows: pd.DataFrame) -> float:
    return 100 * ((rows.score >= 9).sum() - (rows.score <= 6).sum())


def of_answers(kind: str, **columns: bool) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """The counted answers to one survey."""

    def pick(rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows[(rows.kind == kind) & rows.counts]
        for column, value in columns.items():
            rows = rows[rows[column] == value]
        return rows

    return pick


NPS, PAID, SATISFACTION = of_answers("nps"), of_answers("nps", pays=True), of_answers("csat")

CHECKS: dict[str, Check] = {
    "nps_responses": Check(lambda rows, month: len(NPS(rows[rows.month == month])), rows="answers"),
    "nps": Check(share(lambda r: net_promoters(NPS(r)), lambda r: len(NPS(r))), rows="answers"),
    "pnps": Check(share(lambda r: net_promoters(PAID(r)), lambda r: len(PAID(r))), rows="answers"),
    "survey_satisfaction_rate": Check(
        share(lambda r: (SATISFACTION(r).score >= 4).sum(), lambda r: len(SATISFACTION(r))),
        rows="answers",
    ),
    "survey_response_rate": Check(
        share(lambda r: r.answered.notna().sum(), len), rows="invitations"
    ),
    "closed_loop_rate": Check(
        share(lambda r: r.looped.eq(True).sum(), lambda r: r.looped.notna().sum()),
        rows="answers",
    ),
}
