"""Survey invitations and responses: scores follow quality, and so does answering at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .accounts import Accounts
from .comments import LANGUAGES, comment
from .contracts import Contracts
from .crm import csm_ids
from .quality import Quality
from .settings import BURN_IN_MONTHS, LAST_DAY, Settings


@dataclass(frozen=True)
class Kind:
    """A survey: invitations per active account and month, and how its scores come about."""

    name: str
    lowest: int
    highest: int
    average: float
    weight_of_quality: float
    spread: float
    invitations: float = 0.0


CUSTOMER_SURVEYS = [
    Kind("nps", 0, 10, 8.0, 1.25, 1.5, invitations=0.30),
    Kind("csat", 1, 5, 4.1, 0.5, 0.8, invitations=0.10),
    Kind("ces", 1, 7, 5.3, 0.6, 1.1, invitations=0.05),
]
ONBOARDING = Kind("onboarding", 1, 5, 4.0, 0.5, 0.8)
# Of ten detractors, six are called within four days, two after two to three weeks.
FOLLOWED_UP, FOLLOWED_UP_LATE = 0.6, 0.2


def responses_table(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    quality: Quality,
    contacts: pd.DataFrame,
    leaders: pd.DataFrame,
) -> pd.DataFrame:
    rng = settings.stream("surveys")
    frames = [
        _answers(rng, accounts, quality, contacts, kind, *_asked(rng, settings, contracts, kind))
        for kind in CUSTOMER_SURVEYS
    ]
    after_onboarding = _asked_after_onboarding(settings, accounts, contracts)
    frames.append(_answers(rng, accounts, quality, contacts, ONBOARDING, *after_onboarding))
    frames.append(_stakeholder_survey(rng, settings, leaders))
    frame = pd.concat(frames, ignore_index=True)
    frame = frame.sort_values(["sent_at", "email"], kind="stable").reset_index(drop=True)
    ids = np.char.mod("sv_%07d", 80_001 + np.arange(len(frame))).astype(object)
    frame.insert(0, "response_id", ids)
    return frame


def _asked(
    rng: np.random.Generator, settings: Settings, contracts: Contracts, kind: Kind
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(account, period, day) of the invitations, spread over the life of the accounts."""
    window = np.arange(BURN_IN_MONTHS, settings.periods)
    chance = kind.invitations * contracts.active[:, window]
    account, column = np.nonzero(rng.random(chance.shape) < chance)
    day = settings.month_starts[window[column]] + rng.integers(0, 27, len(account))
    return account, window[column], day


def _asked_after_onboarding(
    settings: Settings, accounts: Accounts, contracts: Contracts
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(account, period, day): sixty days after the first contract began."""
    first = contracts.active.argmax(axis=1)
    account = np.flatnonzero(contracts.active.any(axis=1) & (first >= BURN_IN_MONTHS))
    day = settings.date(first[account], accounts.billing_day[account]) + 60
    account, day = account[day < LAST_DAY], day[day < LAST_DAY]
    return account, np.minimum(first[account] + 2, settings.periods - 1), day


def _answers(
    rng: np.random.Generator,
    accounts: Accounts,
    quality: Quality,
    contacts: pd.DataFrame,
    kind: Kind,
    account: np.ndarray,
    period: np.ndarray,
    day: np.ndarray,
) -> pd.DataFrame:
    """The responses; what is not answered has neither score nor time."""
    n = len(account)
    mood = quality.level[account, period].clip(-3, 2.5)
    expected = kind.average + kind.weight_of_quality * mood
    score = np.rint(expected + rng.normal(0, kind.spread, n)).clip(kind.lowest, kind.highest)
    sent = day.astype("M8[s]") + 9 * 3600
    responded = sent + rng.integers(3600, 12 * 86_400, n)
    answered = rng.random(n) < 0.38 + 0.06 * mood
    answered &= responded <= LAST_DAY.astype("M8[s]") + 86_399
    first_contact = np.searchsorted(
        contacts.account_id.to_numpy().astype(str), accounts.ids.astype(str)
    )
    contact = first_contact[account] + rng.integers(0, 2, n)
    share = score / kind.highest
    pick = rng.integers(0, 15, n)
    feeling = np.select([share >= 0.85, share <= 0.6], [0, 2], 1)
    country = accounts.country[account]
    written = [comment(*words) for words in zip(country, feeling, pick, strict=True)]
    language = [LANGUAGES.get(name, "en") for name in country]
    commented = answered & (rng.random(n) < 0.55)
    return pd.DataFrame(
        {
            "survey_type": kind.name,
            "account_id": accounts.ids[account],
            "contact_id": contacts.contact_id.to_numpy()[contact],
            "email": contacts.email.to_numpy()[contact],
            "sent_at": sent,
            "responded_at": np.where(answered, responded, np.datetime64("NaT", "s")),
            "score": np.where(answered, score, np.nan),
            "comment": np.where(commented, np.array(written, dtype=object), None),
            "language": np.where(commented, language, None),
        }
    )


def _stakeholder_survey(
    rng: np.random.Generator, settings: Settings, leaders: pd.DataFrame
) -> pd.DataFrame:
    """The people inside the company who use the reports are asked twice a year."""
    dates = settings.month_starts[BURN_IN_MONTHS + 5 :: 6] + 9
    email = np.tile(leaders.email.to_numpy(), len(dates))
    sent = np.repeat(dates, len(leaders)).astype("M8[s]") + 8 * 3600
    n = len(email)
    answered = rng.random(n) < 0.8
    return pd.DataFrame(
        {
            "survey_type": "stakeholder",
            "account_id": None,
            "contact_id": None,
            "email": email,
            "sent_at": sent,
            "responded_at": np.where(answered, sent + 86_400, np.datetime64("NaT", "s")),
            "score": np.where(answered, rng.choice([3, 4, 5], n, p=[0.1, 0.45, 0.45]), np.nan),
            "comment": None,
            "language": None,
        }
    )


def follow_ups_table(
    settings: Settings, accounts: Accounts, responses: pd.DataFrame
) -> pd.DataFrame:
    """The calls that CSMs make because of a bad answer; as activities of the CRM."""
    rng = settings.stream("survey follow-ups")
    bad = responses[(responses.survey_type == "nps") & (responses.score <= 6)]
    luck = rng.random(len(bad))
    days = np.where(
        luck < FOLLOWED_UP, rng.integers(1, 5, len(bad)), rng.integers(14, 22, len(bad))
    )
    called = bad.responded_at + pd.to_timedelta(days * 86_400 + 3600, unit="s")
    made = (luck < FOLLOWED_UP + FOLLOWED_UP_LATE) & (called < pd.Timestamp(LAST_DAY + 1))
    bad, called = bad[made], called[made]
    csm = dict(zip(accounts.ids, csm_ids(accounts), strict=True))
    return pd.DataFrame(
        {
            "activity_id": np.char.mod("act_f%06d", 1 + np.arange(len(bad))).astype(object),
            "account_id": bad.account_id.to_numpy(),
            "contact_id": bad.contact_id.to_numpy(),
            "owner_id": bad.account_id.map(csm).to_numpy(),
            "type": "call",
            "occurred_at": called.to_numpy(),
        }
    )
