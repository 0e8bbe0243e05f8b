"""The health report's sections on what came of the champion's scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.health import charts
from scripts.health.facts import CUTS, HORIZON_DAYS, SAMPLES, Health, Section, Table
from scripts.health.words import absent, number, only, percent, span

if TYPE_CHECKING:
    import pandas as pd


def baselines(health: Health) -> Section:
    """Whether the score is better than what costs nothing."""
    rows = health.of(health.backtest, cut="red_or_yellow")
    sentences = []
    version = health.champion
    for sample, opening in (("all_history", "Over all history"), ("out_of_time", "Out of time")):
        found = health.of(rows, model_version=version, sample=sample)
        if found.empty or absent(found.iloc[0]["auc"]):
            sentences.append(f"{opening}, there is too little to judge the score.")
            continue
        row = found.iloc[0]
        if absent(row["auc_best_baseline"]):
            verdict = "has no baseline to beat"
        else:
            verdict = "beats" if row["beats_baselines"] else "does not beat"
            verdict += f" the best baseline on its accounts ({number(row['auc_best_baseline'])})"
        sentences.append(f"{opening}, the score {version} {verdict}: AUC {number(row['auc'])}.")
    sentences.append(
        "AUC is the chance that of two accounts at the same month end the one that lost something "
        f"within {HORIZON_DAYS} days had the lower score; 0.5 is a coin."
    )
    table = Table(
        "AUC of each version and baseline",
        ["version", "status", *(SAMPLES[s] for s in SAMPLES)],
        [
            [
                version,
                str(of_version.iloc[0]["model_status"]),
                *(number(only(health.of(of_version, sample=s), "auc")) for s in SAMPLES),
            ]
            for version, of_version in rows.groupby("model_version", sort=False)
        ],
    )
    return Section("baselines", "Is it better than a coin?", sentences, tables=[table])


def calibration(health: Health) -> Section:
    """Of those of a tenth or band: what was to be expected by earlier months, and what came."""
    rows = health.of(health.calibration, model_version=health.champion, sample="all_history")
    shown = rows[rows["observed_rate"].notna()]
    tenths = shown[shown["bin_type"] == "decile"]
    return Section(
        "calibration",
        "What comes of a score",
        [
            f"The share that lost something within {HORIZON_DAYS} days, by tenth of the score "
            "(1 is the lowest) and by band. The bars are Wilson's 95 % intervals; expected is what "
            "had come of the same band by then, from windows that were over.",
            "An account is seen month after month, so the intervals are rather too narrow.",
        ],
        charts.calibration(tenths) if len(tenths) else None,
        [
            Table(
                f"Observed and expected loss, {health.champion}",
                [
                    "by",
                    "group",
                    "average score",
                    "observations",
                    "lost",
                    "expected",
                    "observed",
                    "95 % interval",
                ],
                [
                    [
                        row.bin_type,
                        str(row.bin),
                        number(row.average_score, 1),
                        str(row.observations),
                        str(row.lost),
                        percent(row.expected_rate),
                        percent(row.observed_rate),
                        span(row.observed_low, row.observed_high),
                    ]
                    for row in rows.itertuples()
                ],
            )
        ],
    )


def gain(health: Health) -> Section:
    curves = gain_curves(health)
    tables, sentences = (
        [],
        [
            "There are too few accounts that lost something to draw this.",
        ],
    )
    if curves is not None:
        at = curves[curves["called"].isin([0.1, 0.2, 0.3, 0.5])]
        sentences = [
            "If the lowest scores of each month are called first: what share of those that lost "
            f"something is reached ({SAMPLES[health.sample]}, the same observations for all)."
        ]
        tables = [
            Table(
                "Share of losses reached",
                ["version", *(f"calling {percent(x)}" for x in sorted(at["called"].unique()))],
                [
                    [version, *map(percent, rows.sort_values("called")["reached"])]
                    for version, rows in at.groupby("model_version", sort=False)
                ],
            )
        ]
    return Section(
        "gain",
        "Whom it finds first",
        sentences,
        charts.gain(curves) if curves is not None else None,
        tables,
    )


def gain_curves(health: Health) -> pd.DataFrame | None:
    """Share of losses among the lowest-scored share of each month's accounts, by version.

    On observations that every version scores. Accounts with the same score count in part, as if
    called in any order. None when too few accounts lost something.
    """
    import numpy as np
    import pandas as pd

    rows = health.judged
    if health.sample == "out_of_time":
        rows = rows[rows["is_out_of_time"]]
    scores = rows.pivot(
        index=["month_end", "account_id", "has_lost"], columns="model_version", values="score"
    )
    scores = scores.dropna().reset_index()
    if not health.is_enough(scores):
        return None
    curves = []
    for version in health.models["model_version"]:
        by_month = scores.groupby("month_end")[version]
        size = by_month.transform("size")
        first = (by_month.rank(method="min") - 1) / size
        last = by_month.rank(method="max") / size
        for called in np.linspace(0, 1, 21).round(2):
            part = ((called - first) / (last - first)).clip(0, 1)
            reached = part[scores["has_lost"]].mean()
            curves.append((version, float(called), float(reached)))
    return pd.DataFrame(curves, columns=["model_version", "called", "reached"])


def lift(health: Health) -> Section:
    rows = health.of(
        health.calibration,
        model_version=health.champion,
        sample="all_history",
        bin_type="decile",
    )
    shown = rows[rows["lift"].notna()]
    sentences = ["There is too little to say."]
    lowest = shown[shown["bin"] == "1"]
    if len(lowest):
        sentences = [
            f"The lowest tenth lost something {number(lowest.iloc[0]['lift'], 1)} times as often "
            "as all; 1 would be no better than chance."
        ]
    return Section(
        "lift",
        "How much more the lowest lose",
        sentences,
        charts.lift(shown) if len(shown) else None,
        [
            Table(
                f"Lift by tenth, {health.champion}",
                ["tenth", "observations", "lost", "lift"],
                [
                    [str(r.bin), str(r.observations), str(r.lost), number(r.lift, 2)]
                    for r in rows.itertuples()
                ],
            )
        ],
    )


def lead_time(health: Health) -> Section:
    rows = health.of(health.backtest, model_version=health.champion, sample="all_history")
    return Section(
        "lead-time",
        "How early it warns, and how often for nothing",
        [
            "Of the customers that left: how many were flagged at a month end within "
            f"{HORIZON_DAYS} days before, the median of the days from the first such flag, and "
            "how many flags of a CSM and month came to nothing."
        ],
        None,
        [
            Table(
                f"Warnings before a churn, {health.champion}",
                [
                    "flag",
                    "churns",
                    "flagged before",
                    "median days ahead",
                    "false alarms per CSM and month",
                    "share of lost MRR flagged",
                ],
                [
                    [
                        CUTS[row.cut],
                        str(row.churns),
                        str(row.churns_flagged),
                        number(row.median_lead_days, 0),
                        number(row.false_alarms_per_csm_month, 2),
                        percent(row.mrr_captured_share),
                    ]
                    for row in rows.itertuples()
                ],
            )
        ],
    )
