"""The health report's sections on versions and components: which of them is worth its weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.health import charts, learning
from scripts.health.comparison import Interval, auc, difference, interval, share
from scripts.health.facts import CUTS, SAMPLES, Health, Section, Table
from scripts.health.words import absent, number, signed, span
from scripts.project import UserError

if TYPE_CHECKING:
    import pandas as pd


def comparison(health: Health) -> Section:
    key, title = "comparison", "Champion against challenger"
    if health.challenger is None:
        return Section(key, title, ["There is no challenger: health_models has none."])
    rows = _side_by_side(health)
    if not health.is_enough(rows):
        return Section(key, title, ["There are too few accounts to compare them on."])
    table, sentences = [], []
    for name, statistics in _compared(rows).items():
        of_difference = interval(difference(*statistics), rows)
        if name == "AUC":
            sentences.append(_verdict(health, of_difference))
        table.append(
            [
                name,
                *(number(interval(s, rows).value) for s in statistics[::-1]),
                signed(of_difference.value),
                span(of_difference.low, of_difference.high, signed),
            ]
        )
    sentences.append(
        f"On the same {len(rows)} observations of {rows['account_id'].nunique()} accounts "
        f"({SAMPLES[health.sample]}, {rows['month_end'].min():%b %Y} to "
        f"{rows['month_end'].max():%b %Y}). The interval is a paired bootstrap: accounts are drawn "
        "anew 2,000 times, and both versions are measured on each draw."
    )
    return Section(
        key,
        title,
        sentences,
        None,
        [
            Table(
                "Side by side",
                ["measure", health.champion, health.challenger, "difference", "95 % interval"],
                table,
            )
        ],
    )


def _side_by_side(health: Health) -> pd.DataFrame:
    """One row per observation that champion and challenger both score."""
    rows = health.judged
    if health.sample == "out_of_time":
        rows = rows[rows["is_out_of_time"]]
    facts = ["account_id", "month_end", "has_lost"]
    columns = [*facts, "score", "band", "decile"]
    champion = rows.loc[rows["model_version"] == health.champion, columns]
    challenger = rows.loc[rows["model_version"] == health.challenger, columns]
    return champion.merge(challenger, on=facts, suffixes=("_champion", "_challenger"))


def _compared(rows: pd.DataFrame) -> dict[str, tuple]:
    """Name → statistic of the challenger and of the champion."""
    sides = ("challenger", "champion")
    has_lost = rows["has_lost"]
    found = {"AUC": tuple(auc(rows, f"score_{side}") for side in sides)}
    for cut, name in CUTS.items():
        flagged = {side: _is_flagged(rows, side, cut) for side in sides}
        found[f"precision of {name}"] = tuple(share(rows, has_lost, flagged[s]) for s in sides)
        found[f"recall of {name}"] = tuple(share(rows, flagged[s], has_lost) for s in sides)
    return found


def _is_flagged(rows: pd.DataFrame, side: str, cut: str) -> pd.Series:
    if cut == "lowest_decile":
        return rows[f"decile_{side}"] == 1
    return rows[f"band_{side}"].isin(["red"] if cut == "red" else ["red", "yellow"])


def _verdict(health: Health, found: Interval) -> str:
    better = "ranks better than" if found.value > 0 else "does not rank better than"
    sure = (
        "the interval of the difference holds 0, so this may be chance"
        if found.low <= 0 <= found.high
        else "the interval of the difference does not hold 0"
    )
    return f"{health.challenger} {better} {health.champion} by AUC ({signed(found.value)}); {sure}."


def learned(health: Health) -> Section:
    """Weights of champion and challenger, and the coefficients they come from."""
    key, title = "weights", "The weights, and what was learned"
    versions = [v for v in (health.champion, health.challenger) if v]
    rows = health.weights[health.weights["model_version"].isin(versions)]
    names = rows.drop_duplicates("component").set_index("component")["component_name"]
    by_version = rows.pivot(index="component", columns="model_version", values="weight")
    sentences, coefficients = ["No version was learned."], {}
    trained = health.models[
        (health.models["model_version"] == health.challenger)
        & health.models["trained_until"].notna()
    ]
    if len(trained):
        until = trained.iloc[0]["trained_until"].date()
        try:
            fitted = learning.learn(health.observations, health.learned_from, until)
        except UserError as error:
            sentences = [f"The challenger can't be learned again from this build. {error}"]
        else:
            coefficients = fitted.coefficients
            wrong = [names[name] for name, value in coefficients.items() if value <= 0]
            sentences = [
                f"{health.challenger} was learned from the {fitted.observations} observations "
                f"whose window was over by {until}: {fitted.lost_accounts} of "
                f"{fitted.accounts} accounts lost something in them.",
                "Every component has the right sign: the lower it is, the more was lost later."
                if not wrong
                else f"Of the wrong sign, and so without weight: {', '.join(wrong)}.",
            ]
    return Section(
        key,
        title,
        sentences,
        None,
        [
            Table(
                "Weights by component",
                ["component", *versions, "coefficient", "sign"],
                [
                    [
                        names[component],
                        *(
                            "–"
                            if absent(by_version[v][component])
                            else number(by_version[v][component], 2)
                            for v in versions
                        ),
                        signed(coefficients[component], 2) if component in coefficients else "–",
                        ("right" if coefficients[component] > 0 else "wrong")
                        if component in coefficients
                        else "–",
                    ]
                    for component in names.index
                ],
            )
        ],
    )


def component_value(health: Health) -> Section:
    rows = health.of(health.component_value, model_version=health.champion, sample="all_history")
    shown = rows[rows["auc_gain"].notna()]
    sentences = [
        "By how much the AUC falls when a component is left out and its weight goes to the others. "
        "Below 0, the score would rank better without it.",
    ]
    return Section(
        "components",
        "What each component adds",
        sentences,
        charts.component_value(shown) if len(shown) else None,
        [
            Table(
                f"AUC with and without each component, {health.champion}",
                ["component", "with", "without", "adds", "alone"],
                [
                    [
                        row.component.replace("_", " "),
                        number(row.auc),
                        number(row.auc_without),
                        signed(row.auc_gain),
                        number(row.auc_alone),
                    ]
                    for row in rows.itertuples()
                ],
            )
        ],
    )


def stability(health: Health) -> Section:
    rows = health.of(health.stability, model_version=health.champion)
    shown = rows[rows["psi"].notna()]
    latest = rows[rows["month_end"] == rows["month_end"].max()]
    return Section(
        "stability",
        "Whether scores mean the same as before",
        [
            "The population stability index against the twelve month ends before: below "
            f"{float(health.enough['stable_below']):.2g} is stable, from "
            f"{float(health.enough['shifted_from']):.2g} on the score or component has shifted."
        ],
        charts.stability(shown, health.enough) if len(shown) else None,
        [
            Table(
                "At the latest month end",
                ["of", "observations", "index", "rating"],
                [
                    [
                        row.component.replace("_", " "),
                        str(row.observations),
                        number(row.psi),
                        row.rating.replace("_", " "),
                    ]
                    for row in latest.itertuples()
                ],
            )
        ],
    )
