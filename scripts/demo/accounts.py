"""Who the accounts are: segment, industry, country, contract habits, the people in charge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .settings import BURN_IN_MONTHS, Settings

SEGMENTS = np.array(["smb", "mid_market", "enterprise"])
TIERS = np.array(["basic", "pro", "enterprise"])
INTERVALS = np.array(["week", "month", "quarter", "half_year", "year", "two_years"])
INTERVAL_MONTHS = np.array([1, 1, 3, 6, 12, 24])

INDUSTRIES = np.array(
    ["Software", "Retail", "Manufacturing", "Healthcare", "Logistics", "Education", "Media"]
)
# country, region, currency, share of accounts
COUNTRIES = [
    ("US", "amer", "USD", 0.48),
    ("CA", "amer", "USD", 0.08),
    ("GB", "emea", "GBP", 0.12),
    ("DE", "emea", "EUR", 0.10),
    ("FR", "emea", "EUR", 0.06),
    ("NL", "emea", "EUR", 0.05),
    ("ES", "emea", "EUR", 0.03),
    ("AU", "apac", "USD", 0.05),
    ("SG", "apac", "USD", 0.03),
]
FIRST_WORDS = np.array(
    [
        "Amber",
        "Birch",
        "Cobalt",
        "Delta",
        "Ember",
        "Falcon",
        "Garnet",
        "Harbor",
        "Indigo",
        "Juniper",
        "Keystone",
        "Lumen",
        "Maple",
        "Nimbus",
        "Orchid",
        "Pioneer",
        "Quartz",
        "Rowan",
        "Summit",
        "Thistle",
        "Umbra",
        "Verdant",
        "Willow",
        "Zephyr",
        "Alder",
        "Beacon",
        "Cedar",
        "Drift",
        "Elm",
        "Fjord",
        "Grove",
        "Heron",
        "Iris",
        "Jasper",
        "Kestrel",
        "Larch",
    ]
)
SECOND_WORDS = np.array(
    [
        "Analytics",
        "Foods",
        "Health",
        "Labs",
        "Logistics",
        "Media",
        "Motors",
        "Networks",
        "Partners",
        "Retail",
        "Robotics",
        "Schools",
        "Software",
        "Studios",
        "Supply",
        "Systems",
        "Textiles",
        "Travel",
        "Works",
        "Energy",
        "Finance",
    ]
)

# Number of CSMs per account would be 1 to 20: at least six.
ACCOUNTS_PER_CSM = 20


@dataclass
class Accounts:
    """Attributes that an account has from its start; one array element per account."""

    ids: np.ndarray
    names: np.ndarray
    slugs: np.ndarray
    segment: np.ndarray
    later_segment: np.ndarray
    segment_change_period: np.ndarray
    industry: np.ndarray
    employees: np.ndarray
    country: np.ndarray
    region: np.ndarray
    currency: np.ndarray
    start_period: np.ndarray
    billing_day: np.ndarray
    interval: np.ndarray
    term_months: np.ndarray
    csm: np.ndarray
    owner: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def is_enterprise(self) -> np.ndarray:
        return self.segment == 2


def draw_accounts(settings: Settings) -> Accounts:
    """Draw the accounts; those after the last period of the span are prospects."""
    rng = settings.stream("accounts")
    n = settings.accounts
    segment = rng.choice(3, n, p=[0.50, 0.32, 0.18])
    country = rng.choice(len(COUNTRIES), n, p=[c[3] for c in COUNTRIES])
    grows = (segment < 2) & (rng.random(n) < 0.09)
    interval, term_months = _contract_habits(rng, segment)
    csms = max(6, n // ACCOUNTS_PER_CSM)
    numbers = np.arange(n)
    names = _names(numbers)
    return Accounts(
        ids=np.char.mod("a%06d", 1001 + numbers).astype(object),
        names=names,
        slugs=np.char.replace(np.char.lower(names.astype(str)), " ", "-").astype(object),
        segment=segment,
        later_segment=np.where(grows, segment + 1, segment),
        segment_change_period=np.where(
            grows, rng.integers(BURN_IN_MONTHS + 6, settings.periods - 2, n), settings.periods + 99
        ),
        industry=INDUSTRIES[rng.choice(len(INDUSTRIES), n)],
        employees=np.rint(
            np.array([30, 300, 2500])[segment] * np.exp(rng.normal(0, 0.6, n))
        ).astype(int),
        country=np.array([c[0] for c in COUNTRIES])[country],
        region=np.array([c[1] for c in COUNTRIES])[country],
        currency=np.array([c[2] for c in COUNTRIES])[country],
        start_period=_start_periods(rng, settings),
        billing_day=np.where(rng.random(n) < 0.3, 1, rng.integers(2, 29, n)),
        interval=interval,
        term_months=term_months,
        csm=_assigned_csm(rng, segment, csms),
        owner=rng.integers(0, max(4, csms // 2), n),
    )


def _names(numbers: np.ndarray) -> np.ndarray:
    first = FIRST_WORDS[numbers % len(FIRST_WORDS)].astype(str)
    second = SECOND_WORDS[(numbers * 5 + numbers // len(FIRST_WORDS)) % len(SECOND_WORDS)]
    names = np.char.add(np.char.add(first, " "), second.astype(str))
    block = numbers // (len(FIRST_WORDS) * len(SECOND_WORDS))
    suffix = np.where(block > 0, np.char.mod(" %d", block + 1), "")
    return np.char.add(names, suffix).astype(object)


def _start_periods(rng: np.random.Generator, settings: Settings) -> np.ndarray:
    """First month as a customer: almost half before the first month of data, then growth."""
    n = settings.accounts
    early = rng.random(n) < 0.60
    month_weight = np.array([1.0, 1.0, 1.4, 0.9, 1.0, 1.4, 0.6, 0.6, 1.3, 1.1, 1.0, 1.2])
    months = settings.month_starts.astype("M8[M]").astype(int) % 12
    weight = month_weight[months] * np.linspace(0.9, 1.3, settings.periods)
    before = weight[:BURN_IN_MONTHS] / weight[:BURN_IN_MONTHS].sum()
    after = weight[BURN_IN_MONTHS:] / weight[BURN_IN_MONTHS:].sum()
    start = np.where(
        early,
        rng.choice(BURN_IN_MONTHS, n, p=before),
        BURN_IN_MONTHS + rng.choice(settings.months, n, p=after),
    )
    prospect = rng.random(n) < 0.05
    return np.where(prospect, settings.periods + 99, start)


def _contract_habits(
    rng: np.random.Generator, segment: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Billing interval (index into INTERVALS) and contract term in months (0 = evergreen)."""
    shares = np.array(
        [
            [0.02, 0.70, 0.04, 0.00, 0.24, 0.00],
            [0.00, 0.28, 0.20, 0.05, 0.47, 0.00],
            [0.00, 0.00, 0.12, 0.06, 0.74, 0.08],
        ]
    )
    pick = rng.random(len(segment))
    interval = (pick[:, None] > shares.cumsum(axis=1)[segment]).sum(axis=1).clip(0, 5)
    multi_year = (segment == 2) & (rng.random(len(segment)) < 0.15)
    term = np.select([interval <= 1, interval == 5, multi_year], [0, 24, 36], 12)
    return interval, term


def _assigned_csm(rng: np.random.Generator, segment: np.ndarray, csms: int) -> np.ndarray:
    """Each CSM serves mostly one segment: thirds of the list."""
    third = np.maximum(csms // 3, 1)
    return (segment * third + rng.integers(0, third, len(segment))).clip(0, csms - 1)
