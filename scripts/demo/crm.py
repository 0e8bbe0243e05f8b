"""The CRM's tables that describe accounts: users, accounts, their history, contacts, touches."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .accounts import SEGMENTS, TIERS, Accounts
from .billing import NO_DATE, at_time
from .contracts import Contracts
from .quality import Quality
from .settings import BURN_IN_MONTHS, LAST_DAY, Settings

GIVEN = np.array(
    [
        "Ada",
        "Ben",
        "Chloe",
        "Dan",
        "Eva",
        "Finn",
        "Grace",
        "Hugo",
        "Ines",
        "Jonas",
        "Kira",
        "Leo",
        "Mara",
        "Nils",
        "Olga",
        "Paul",
        "Rosa",
        "Sam",
        "Tara",
        "Uwe",
        "Vera",
        "Wim",
        "Yara",
        "Zoe",
    ]
)
FAMILY = np.array(
    [
        "Adler",
        "Brooks",
        "Castro",
        "Dubois",
        "Engel",
        "Foster",
        "Garcia",
        "Hansen",
        "Ito",
        "Jensen",
        "Keller",
        "Lopez",
        "Meyer",
        "Novak",
        "Olsen",
        "Patel",
        "Quinn",
        "Rossi",
        "Silva",
        "Tanaka",
        "Urban",
        "Vogel",
        "Weber",
        "Young",
    ]
)
TITLES = np.array(
    ["Head of Operations", "VP Finance", "IT Manager", "Data Analyst", "CIO", "Team Lead"]
)
STAGES = np.array(
    ["onboarding", "adoption", "value_realization", "expansion", "renewal", "churned"]
)
COMPANY = "bellwether-demo.example"
TOUCH_TYPES = np.array(["call", "email", "meeting", "qbr", "ebr"])


def person_name(number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Given and family name of person ``number``."""
    number = np.asarray(number)
    return GIVEN[number % len(GIVEN)], FAMILY[(number * 7 + number // 24) % len(FAMILY)]


def csm_ids(accounts: Accounts) -> np.ndarray:
    return np.char.mod("usr_csm%03d", accounts.csm + 1).astype(object)


def owner_ids(accounts: Accounts) -> np.ndarray:
    return np.char.mod("usr_ae%03d", accounts.owner + 1).astype(object)


def staff(accounts: Accounts) -> pd.DataFrame:
    """Leaders and managers, then CSMs, account executives, support agents and operations."""
    csms, aes = int(accounts.csm.max()) + 1, int(accounts.owner.max()) + 1
    groups = [
        ("cs_leader", "usr_lead%03d", 3, "Customer Success", None),
        ("cs_manager", "usr_mgr%03d", 3, "Customer Success", "usr_lead001"),
        ("csm", "usr_csm%03d", csms + 1, "Customer Success", "usr_mgr001"),
        ("ae", "usr_ae%03d", aes, "Sales", None),
        ("support_agent", "usr_sup%03d", max(6, csms), "Support", None),
        ("ops", "usr_ops%03d", 3, "CS Operations", "usr_lead001"),
    ]
    rows, number = [], 0
    for role, pattern, count, team, manager in groups:
        for position in range(count):
            given, family = (str(part) for part in person_name(np.array(number)))
            number += 1
            # The last CSM has left the company; the accounts were handed over to the others.
            is_active = not (role == "csm" and position == count - 1)
            email = f"{given.lower()}.{family.lower()}{number}@{COMPANY}"
            reports_to = f"usr_mgr{position % 3 + 1:03d}" if role == "csm" else manager
            user_id = pattern % (position + 1)
            rows.append((user_id, f"{given} {family}", email, role, team, reports_to, is_active))
    columns = ["user_id", "full_name", "email", "role", "team", "manager_id", "is_active"]
    return pd.DataFrame(rows, columns=columns)


def support_agents(frame: pd.DataFrame) -> np.ndarray:
    return frame.user_id[frame.role == "support_agent"].to_numpy()


def segments_by_period(settings: Settings, accounts: Accounts) -> np.ndarray:
    """Index into SEGMENTS per account and period."""
    later = np.arange(settings.periods) >= accounts.segment_change_period[:, None]
    return np.where(later, accounts.later_segment[:, None], accounts.segment[:, None])


def stages_by_period(
    settings: Settings, accounts: Accounts, contracts: Contracts, quality: Quality
) -> np.ndarray:
    """The lifecycle stage the CSM has on record: index into STAGES; -1 before the first sale."""
    periods = np.arange(settings.periods)
    first = np.where(
        contracts.active.any(axis=1), contracts.active.argmax(axis=1), settings.periods
    )
    age = periods - first[:, None]
    to_go = accounts.term_months[:, None] - (periods - contracts.term_start)
    mood = quality.level
    stage = np.select(
        [
            age < 0,
            ~contracts.active,
            age < 2,
            (accounts.term_months[:, None] > 0) & (to_go <= 3),
            age < 7,
            mood > 1.1,
        ],
        [-1, 5, 0, 4, 1, 3],
        2,
    )
    return stage


def history(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    quality: Quality,
) -> pd.DataFrame:
    """Changes of segment, stage, tier, CSM and owner, at most one per field and month."""
    rng = settings.stream("history")
    stage_names = np.append(STAGES, "")
    ever = contracts.active.any(axis=1)
    tiers = contracts.tier.copy()
    tiers[~ever] = 0
    frames = [
        _changes(
            rng, settings, accounts, "segment", segments_by_period(settings, accounts), SEGMENTS
        ),
        _changes(
            rng,
            settings,
            accounts,
            "lifecycle_stage",
            stages_by_period(settings, accounts, contracts, quality),
            stage_names,
        ),
        _changes(rng, settings, accounts, "product_tier", tiers, TIERS),
    ]
    for field, before, now, months_ago in (
        ("csm_id", csm_before_handover(settings, accounts), csm_ids(accounts), 10),
        ("owner_id", owner_before_handover(settings, accounts), owner_ids(accounts), 6),
    ):
        moved = np.flatnonzero(before != now)
        handover = np.full(len(moved), settings.month_starts[-months_ago] + 14)
        frames.append(
            pd.DataFrame(
                {
                    "account_id": accounts.ids[moved],
                    "field": field,
                    "old_value": before[moved],
                    "new_value": now[moved],
                    "changed_at": at_time(rng, handover),
                }
            )
        )
    changes = pd.concat(frames, ignore_index=True)
    return changes.sort_values(["account_id", "changed_at", "field"], kind="stable").reset_index(
        drop=True
    )


def _changes(
    rng: np.random.Generator,
    settings: Settings,
    accounts: Accounts,
    field: str,
    values: np.ndarray,
    names: np.ndarray,
) -> pd.DataFrame:
    account, period = np.nonzero(values[:, 1:] != values[:, :-1])
    period = period + 1
    changed = settings.date(period, accounts.billing_day[account])
    keep = changed <= LAST_DAY
    account, period, changed = account[keep], period[keep], changed[keep]
    old = names[values[account, period - 1]].astype(object)
    old[old == ""] = None
    return pd.DataFrame(
        {
            "account_id": accounts.ids[account],
            "field": field,
            "old_value": old,
            "new_value": names[values[account, period]].astype(object),
            "changed_at": at_time(rng, changed),
        }
    )


def csm_before_handover(settings: Settings, accounts: Accounts) -> np.ndarray:
    """CSM of each account before one CSM left the company and an eighth of the accounts moved."""
    rng = settings.stream("handover")
    departed = f"usr_csm{int(accounts.csm.max()) + 2:03d}"
    started_before = accounts.start_period < settings.periods - 11
    handed_over = started_before & (rng.random(len(accounts)) < 0.12)
    return np.where(handed_over, departed, csm_ids(accounts)).astype(object)


def owner_before_handover(settings: Settings, accounts: Accounts) -> np.ndarray:
    """Owner of each account before the first account executive passed some accounts on."""
    rng = settings.stream("owner handover")
    started_before = accounts.start_period < settings.periods - 7
    handed_over = started_before & (rng.random(len(accounts)) < 0.06) & (accounts.owner > 0)
    return np.where(handed_over, "usr_ae001", owner_ids(accounts)).astype(object)


def accounts_table(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    quality: Quality,
    annual_usd: np.ndarray,
) -> pd.DataFrame:
    """Current values, in agreement with the history. ``annual_usd``: recurring revenue today."""
    rng = settings.stream("accounts table")
    n = len(accounts)
    ever = contracts.active.any(axis=1)
    first = settings.date(contracts.active.argmax(axis=1), accounts.billing_day)
    stage = stages_by_period(settings, accounts, contracts, quality)[:, -1]
    renewal = _renewal_dates(settings, accounts, contracts)
    # Sales forgets to update one amount in twelve: it still shows an older contract.
    stale = rng.random(n) < 0.08
    arr = np.where(stale, np.round(annual_usd * rng.uniform(0.8, 1.15, n), -2), annual_usd)
    created = np.where(ever, first, settings.month_starts[BURN_IN_MONTHS])
    created = created - rng.integers(20, 120, n)
    stage_names = np.append(STAGES, None)
    return pd.DataFrame(
        {
            "account_id": accounts.ids,
            "account_name": accounts.names,
            "parent_account_id": np.full(n, None, dtype=object),
            "industry": accounts.industry.astype(object),
            "employee_count": accounts.employees,
            "billing_country": accounts.country.astype(object),
            "region": accounts.region.astype(object),
            "segment": SEGMENTS[segments_by_period(settings, accounts)[:, -1]].astype(object),
            "product_tier": np.where(ever, TIERS[contracts.tier[:, -1]], None),
            "owner_id": owner_ids(accounts),
            "csm_id": csm_ids(accounts),
            "lifecycle_stage": stage_names[stage],
            "customer_since": np.where(ever, first, NO_DATE),
            "renewal_date": renewal,
            "arr": np.where(ever, np.round(arr, 2), np.nan),
            "currency": "USD",
            "is_managed": (accounts.segment > 0) | (rng.random(n) < 0.35),
            "is_internal": False,
            "is_deleted": False,
            "created_at": at_time(rng, created),
            "updated_at": at_time(rng, LAST_DAY - rng.integers(0, 60, n)),
        }
    )


def _renewal_dates(settings: Settings, accounts: Accounts, contracts: Contracts) -> np.ndarray:
    """End of the running term; of evergreen contracts the next anniversary; none for the gone."""
    periods = settings.periods
    term = np.where(accounts.term_months > 0, accounts.term_months, 12)
    start = contracts.term_start[:, -1]
    terms = -(-(periods - start) // term)
    renewal = settings.date(start + terms * term, accounts.billing_day)
    return np.where(contracts.active[:, -1], renewal, NO_DATE)


def contacts_table(settings: Settings, accounts: Accounts, quality: Quality) -> pd.DataFrame:
    """A few people per account; the champion leaves when the hidden quality says so."""
    rng = settings.stream("contacts")
    per_account = np.array([2, 3, 5])[accounts.segment] + rng.integers(0, 2, len(accounts))
    account = np.repeat(np.arange(len(accounts)), per_account)
    nth = np.arange(len(account)) - np.repeat(per_account.cumsum() - per_account, per_account)
    n = len(account)
    given, family = person_name(account * 5 + nth)
    start = np.minimum(accounts.start_period[account], settings.periods - 1)
    created = settings.date(start, accounts.billing_day[account]) - rng.integers(1, 60, n)
    # Departures: the first champion goes at the first shock after the start, the second comes.
    since = (
        np.arange(settings.periods) > np.minimum(accounts.start_period, settings.periods)[:, None]
    )
    shocks = quality.champion_left & since
    has_shock = shocks.any(axis=1)
    when = settings.date(shocks.argmax(axis=1), 14)
    champion_gone = (nth == 0) & has_shock[account]
    other_gone = (nth > 1) & (rng.random(n) < 0.12)
    gone = np.where(champion_gone, when[account], NO_DATE)
    gone = np.where(other_gone, created + rng.integers(120, 900, n), gone)
    gone = np.where(gone > LAST_DAY, NO_DATE, gone)
    number = np.char.mod("%d", nth + 1)
    email = np.char.add(np.char.lower(given), np.char.add(".", np.char.lower(family)))
    email = np.char.add(np.char.add(email, number), "@")
    email = np.char.add(np.char.add(email, accounts.slugs[account].astype(str)), ".example")
    replaces = (nth == 1) & has_shock[account] & (rng.random(n) < 0.5)
    return pd.DataFrame(
        {
            "contact_id": np.char.mod("con_%07d", 30_001 + np.arange(n)).astype(object),
            "account_id": accounts.ids[account],
            "email": email.astype(object),
            "first_name": given.astype(object),
            "last_name": family.astype(object),
            "title": TITLES[rng.integers(0, len(TITLES), n)].astype(object),
            "is_champion": (nth == 0) | replaces,
            "is_executive_sponsor": (nth == 2) & (accounts.segment[account] > 0),
            "created_at": at_time(rng, created),
            "left_at": at_time(rng, gone),
        }
    )


def touches_table(
    settings: Settings,
    accounts: Accounts,
    contracts: Contracts,
    quality: Quality,
    contacts: pd.DataFrame,
) -> pd.DataFrame:
    """Calls, mails, meetings and business reviews: fewer where the relationship is poor."""
    rng = settings.stream("touches")
    window = np.arange(BURN_IN_MONTHS, settings.periods)
    usual = np.array([0.35, 1.2, 2.6])[accounts.segment][:, None]
    mean = usual * np.exp(0.30 * quality.level[:, window].clip(-3, 2)) * contracts.active[:, window]
    count = rng.poisson(mean)
    account, column = (index.repeat(count.ravel()) for index in _grid(count.shape))
    n = len(account)
    day = settings.month_starts[window[column]] + rng.integers(0, 28, n)
    senior = np.where(accounts.segment[account] == 0, 0.0, 0.10)
    kind = np.where(
        rng.random(n) < senior, 3 + (rng.random(n) < 0.3), rng.choice(3, n, p=[0.3, 0.5, 0.2])
    )
    contact_ids = contacts.contact_id.to_numpy()
    first_contact = np.searchsorted(
        contacts.account_id.to_numpy().astype(str), accounts.ids.astype(str)
    )
    return pd.DataFrame(
        {
            "activity_id": np.char.mod("act_%08d", 40_001 + np.arange(n)).astype(object),
            "account_id": accounts.ids[account],
            "contact_id": contact_ids[first_contact[account] + rng.integers(0, 2, n)],
            "owner_id": csm_ids(accounts)[account],
            "type": TOUCH_TYPES[kind].astype(object),
            "occurred_at": at_time(rng, day),
        }
    )


def _grid(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices(shape)
    return rows.ravel(), columns.ravel()
