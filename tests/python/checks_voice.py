"""The voice-of-customer metrics, calculated a second time from the staged rows, one by one."""

import re
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
    voice = Voice(warehouse)
    invitations = voice.invitations()
    answers = invitations[invitations.answered.notna()]
    return {
        "invitations": invitations.assign(month=invitations.sent.dt.to_period("M")),
        "answers": answers.assign(month=answers.answered.dt.to_period("M")),
        "texts": voice.texts(),
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

    def texts(self) -> pd.DataFrame:
        """Comments and subjects of tickets that count, with the themes their words name."""
        comments = dict(
            self.rows("select response_id, comment from staging.stg_surveys__responses")
        )
        answers = self.invitations()
        answers["comment"] = answers.response.map(comments)
        answers = answers[answers.answered.notna() & answers.comment.notna()]
        written = list(zip(answers.account, answers.answered, answers.comment, strict=True))
        written += [
            (self.resolve(ticket["account_id"]), ticket["created_at"], ticket["subject"])
            for ticket in self.counted_tickets()
        ]
        texts = pd.DataFrame(written, columns=["account", "at", "text"])
        texts["month"] = texts["at"].dt.to_period("M")
        texts["segment"] = [
            self.segment_when_opened(row.account, row.at.date()) for row in texts.itertuples()
        ]
        rules = pd.read_csv(ROOT / "seeds" / "reference" / "theme_rules.csv", dtype=str)
        words = {
            theme: re.compile(
                "|".join(
                    rf"(?<!\w){re.escape(pattern[:-1])}"
                    if pattern.endswith("*")
                    else rf"(?<!\w){re.escape(pattern)}(?!\w)"
                    for pattern in group.pattern
                )
            )
            for theme, group in rules.groupby("theme")
        }
        for theme, pattern in words.items():
            texts[theme] = texts.text.str.lower().str.contains(pattern)
        texts["themes"] = texts[list(words)].sum(axis=1)
        return texts

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
    "theme_mentions": Check(
        lambda rows, month: int(rows[rows.month == month].themes.sum()), rows="texts"
    ),
    "feedback_texts": Check(lambda rows, month: int((rows.month == month).sum()), rows="texts"),
    "theme_coverage": Check(share(lambda r: (r.themes > 0).sum(), len), rows="texts"),
    "closed_loop_rate": Check(
        share(lambda r: r.looped.eq(True).sum(), lambda r: r.looped.notna().sum()),
        rows="answers",
    ),
}
