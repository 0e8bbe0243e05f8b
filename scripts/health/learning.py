"""Learns the weights of the health score's components from what became of the accounts.

A regularised logistic regression tells from the component scores of the champion whether an
account loses something (churns or contracts) within the horizon; its coefficients are turned
into weights. It starts from the champion's: a few dozen accounts that lost something are too few
to learn six weights from nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.project import UserError

if TYPE_CHECKING:
    import pandas as pd

HORIZON_DAYS = 180
# Fewer say more about these accounts than about accounts.
MINIMUM_OBSERVATIONS = 300
MINIMUM_LOST_ACCOUNTS = 10
STEP = Decimal("0.05")  # a weight is a multiple of it
FOLDS = 5
# The champion's score enters the regression on a scale on which it is hardly shrunk.
UNSHRUNK = 10

Weights = dict[str, Decimal]


@dataclass(frozen=True)
class Champion:
    """The version that counts now, with what its score is made of."""

    version: str
    weights: Weights
    minimum_weight_share: Decimal

    def score(self, rows: pd.DataFrame, weights: Weights) -> pd.Series:
        """The score with other weights, made as the project makes it.

        The weights of components that are missing, or not asked of so new an account, are spread
        over those present; where too little of the weight asked is present there is no score.
        """
        by_component = [float(weight) for weight in weights.values()]
        scores, is_asked = rows[list(weights)], rows[[asked(name) for name in weights]]
        present = scores.notna().mul(by_component).sum(axis=1)
        share = present / is_asked.mul(by_component).sum(axis=1)
        is_scored = share.round(4) >= float(self.minimum_weight_share)
        return (scores.mul(by_component).sum(axis=1) / present).where(is_scored)


@dataclass(frozen=True)
class Fit:
    """A fitted regression: by component, what lacking all 100 points adds to the log-odds."""

    coefficients: dict[str, float]
    weights: Weights
    observations: int
    lost_observations: int
    accounts: int
    lost_accounts: int


@dataclass(frozen=True)
class Fold:
    """Accounts scored at one month end by what could be learned that day from the others."""

    month_end: date
    fit: Fit
    scored: pd.DataFrame  # the observations, with the score in `learned`


def read(work_file: Path) -> tuple[Champion, pd.DataFrame]:
    """The champion, and one row per account and month end whose window is over.

    Columns: account_id, month_end, window_end_date, has_lost, champion (its score) and two per
    component: the component's score, and whether it is asked of the account.
    """
    import duckdb

    if not work_file.exists():
        raise UserError(f"There is nothing to learn from: {work_file} is missing. Build first.")
    with duckdb.connect(str(work_file), read_only=True) as connection:
        champion = _champion(connection)
        rows = connection.execute(
            """
            select
                outcomes.account_id,
                outcomes.month_end,
                outcomes.window_end_date,
                outcomes.has_churned or outcomes.has_contracted as has_lost,
                cast(scores.score as double) as champion,
                components.component,
                cast(components.component_score as double) as component_score
            from marts.fct_health_outcomes as outcomes
            inner join marts.fct_health_scores as scores
                on outcomes.account_id = scores.account_id
                and outcomes.month_end = scores.observation_date
                and scores.period_type = 'month_end'
            inner join marts.fct_health_components as components
                on scores.account_id = components.account_id
                and scores.observation_date = components.observation_date
                and scores.period_type = components.period_type
                and scores.model_version = components.model_version
            where scores.model_version = ?
                and outcomes.horizon_days = ?
                and scores.score is not null
            """,
            [champion.version, HORIZON_DAYS],
        ).df()
    facts = ["month_end", "account_id", "window_end_date", "has_lost", "champion"]
    rows["is_asked"] = True
    scores, is_asked = (
        rows.pivot(index=facts, columns="component", values=values).reindex(
            columns=list(champion.weights)
        )
        for values in ("component_score", "is_asked")
    )
    is_asked = is_asked.notna().rename(columns=asked)
    return champion, scores.join(is_asked).reset_index()


def asked(component: str) -> str:
    """The column that says whether the component is asked of the account."""
    return f"{component} is asked"


def _champion(connection) -> Champion:
    found = connection.execute(
        """
        select scores.model_version, models.minimum_weight_share
        from marts.fct_health_scores as scores
        inner join reference.health_models as models
            on scores.model_version = models.model_version
        where scores.is_champion
        order by scores.observation_date desc
        limit 1
        """
    ).fetchone()
    if found is None:
        raise UserError(
            "There is nothing to learn from: no version of the health score is champion. "
            "Make one champion in seeds/reference/health_models.csv, then build."
        )
    version, minimum_weight_share = found
    weights = connection.execute(
        "select component, weight from reference.health_components where model_version = ?"
        " order by weight desc, component",
        [version],
    ).fetchall()
    return Champion(version, dict(weights), minimum_weight_share)


def learn(observations: pd.DataFrame, champion: Champion, trained_until: date) -> Fit:
    """Fit to all observations whose window was over by `trained_until`."""
    known = known_on(observations, trained_until)
    if not is_enough(known):
        raise UserError(
            f"Too little to learn from: by {trained_until} the windows of {HORIZON_DAYS} days "
            f"were over for {len(known)} observations, in which {lost_accounts(known)} accounts "
            f"lost something; it takes {MINIMUM_OBSERVATIONS} and {MINIMUM_LOST_ACCOUNTS}. "
            "Choose a later --trained-until, or wait."
        )
    return fit(known, champion)


def known_on(observations: pd.DataFrame, day: date) -> pd.DataFrame:
    """The observations of which the outcome was known on the day."""
    return observations[observations["window_end_date"].dt.date <= day]


def is_enough(known: pd.DataFrame) -> bool:
    return len(known) >= MINIMUM_OBSERVATIONS and lost_accounts(known) >= MINIMUM_LOST_ACCOUNTS


def lost_accounts(observations: pd.DataFrame) -> int:
    return observations.loc[observations["has_lost"], "account_id"].nunique()


def fit(known: pd.DataFrame, champion: Champion) -> Fit:
    """Fit the regression to observations of which the outcome is known.

    Its first regressor is what the score of the champion's weights lacks, the others what each
    component lacks. Only these are shrunk to 0, so the weights are drawn to the champion's unless
    the outcomes speak against them. An account's months are near copies, so the shrinking is as
    strong as if each account had been observed once. A missing component stands at the average
    of those present, so that it pulls no coefficient.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    components = list(champion.weights)
    present = np.array([float(weight) for weight in champion.weights.values()])
    lacking = 1 - known[components] / 100
    lacking = lacking.fillna(lacking.mean()).fillna(0).to_numpy()
    accounts = known["account_id"].nunique()
    regression = LogisticRegression(C=accounts / len(known), max_iter=1000).fit(
        np.column_stack([UNSHRUNK * lacking @ present, lacking]), known["has_lost"]
    )
    of_champion, *of_components = regression.coef_[0]
    coefficients = dict(
        zip(components, map(float, UNSHRUNK * of_champion * present + of_components), strict=True)
    )
    return Fit(
        coefficients=coefficients,
        weights=readable_weights(coefficients, highest=1 - champion.minimum_weight_share),
        observations=len(known),
        lost_observations=int(known["has_lost"].sum()),
        accounts=accounts,
        lost_accounts=lost_accounts(known),
    )


def readable_weights(coefficients: dict[str, float], highest: Decimal) -> Weights:
    """Weights in steps of STEP that add up to 1, in proportion to the positive coefficients.

    A component with a coefficient of the wrong sign, or with a weight that rounds to nothing,
    is left out. No weight is above `highest`: what a component has too much goes to the others.
    What rounding down leaves goes to the largest remainders, the first among equals.
    """
    shares = {name: max(value, 0.0) for name, value in coefficients.items()}
    steps, most = int(1 / STEP), int(highest / STEP)
    right = sum(value > 0 for value in shares.values())
    if right * most < steps:
        raise UserError(
            f"Nothing can be learned: {right} of the {len(shares)} components were lower where "
            f"something was lost later, and none may weigh more than {highest}."
        )
    full: dict[str, int] = {}
    while True:
        total = sum(value for name, value in shares.items() if name not in full)
        left = steps - most * len(full)
        exact = {n: left * value / total for n, value in shares.items() if n not in full}
        too_high = [name for name, value in exact.items() if value > most]
        if not too_high:
            break
        full |= dict.fromkeys(too_high, most)
    whole = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: whole[name] - exact[name])
    for name in by_remainder[: left - sum(whole.values())]:
        whole[name] += 1
    whole |= full
    return {name: whole[name] * STEP for name in coefficients if whole[name]}


def walk_forward(observations: pd.DataFrame, champion: Champion) -> Iterator[Fold]:
    """Score each month end by what was known that day of other accounts.

    Months are passed over as long as too little was known.
    """
    from sklearn.model_selection import GroupKFold

    for month_end in sorted(observations["month_end"].dt.date.unique()):
        known = known_on(observations, month_end)
        tested = observations[observations["month_end"].dt.date == month_end]
        if not is_enough(known) or len(tested) < FOLDS:
            continue
        for _, fold in GroupKFold(FOLDS).split(tested, groups=tested["account_id"]):
            held_out = tested.iloc[fold]
            fitted = fit(known[~known["account_id"].isin(held_out["account_id"])], champion)
            learned = champion.score(held_out, fitted.weights)
            yield Fold(month_end, fitted, held_out.assign(learned=learned))


def out_of_time(
    observations: pd.DataFrame, champion: Champion, weights: Weights, trained_until: date
) -> pd.DataFrame:
    """The observations after the last day that was learned from, with the score in `learned`."""
    later = observations[observations["month_end"].dt.date > trained_until]
    return later.assign(learned=champion.score(later, weights))
