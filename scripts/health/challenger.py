"""Writes learned weights into the seeds of the health score, as a version to be approved."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.health.comparison import Interval, auc, difference, interval
from scripts.health.learning import (
    HORIZON_DAYS,
    Champion,
    Fit,
    Fold,
    learn,
    out_of_time,
    read,
    walk_forward,
)
from scripts.project import PUBLISHED_FILE, ROOT, Places, UserError

if TYPE_CHECKING:
    import pandas as pd

SEEDS = ROOT / "seeds" / "reference"
Row = dict[str, str]


def write_version(
    seeds: Path, version: str, champion: str, fitted: Fit, trained_until: date
) -> None:
    """Write the challenger's rows into the four seeds, in place of those it had.

    Its measures and bands are the champion's. Whoever approves it fills in approved_by and
    approved_on; until then the build refuses to score it.
    """
    models = _rows(seeds, "health_models")
    for row in models:
        is_mine = row["status"] == "challenger" and not row["approved_by"]
        if row["model_version"] == version and not is_mine:
            raise UserError(
                f"seeds/reference/health_models.csv, version {version}: it is {row['status']}"
                f"{' and approved' if row['approved_by'] else ''}, so it is not written over. "
                "Choose another name with --version."
            )
    for seed, rows in {
        "health_models": [
            row
            | {
                "status": "challenger",
                "effective_from": (trained_until + timedelta(days=1)).isoformat(),
                "effective_to": "",
                "trained_until": trained_until.isoformat(),
                "approved_by": "",
                "approved_on": "",
                "description": f"Weights learned from {fitted.observations} observations of "
                f"{fitted.accounts} accounts; {fitted.lost_accounts} of them lost something; "
                f"measures and bands of {champion}",
            }
            for row in models
        ],
        "health_components": [
            row | {"weight": str(fitted.weights[row["component"]])}
            for row in _rows(seeds, "health_components")
            if row["component"] in fitted.weights
        ],
        "health_measures": [
            row for row in _rows(seeds, "health_measures") if row["component"] in fitted.weights
        ],
        "health_bands": _rows(seeds, "health_bands"),
    }.items():
        of_champion = [row for row in rows if row["model_version"] == champion]
        _replace(seeds, seed, version, [row | {"model_version": version} for row in of_champion])


def _rows(seeds: Path, seed: str) -> list[Row]:
    with (seeds / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _replace(seeds: Path, seed: str, version: str, rows: list[Row]) -> None:
    """Put the rows where the version's stood, else at the end; other lines stay as they are."""
    path = seeds / f"{seed}.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    belongs = [line.startswith(f"{version},") for line in lines]
    position = belongs.index(True) if any(belongs) else len(lines)
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
    writer.writerows(rows)
    others = [line for line, is_old in zip(lines, belongs, strict=True) if not is_old]
    others.insert(position, written.getvalue())
    path.write_text("".join(others), encoding="utf-8")


def command(
    trained_until: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], help="Last day whose outcomes are learned from."),
    ],
    version: Annotated[str, typer.Option(help="Name of the challenger in the seeds.")] = "v3",
    publish_to: Annotated[
        Path, typer.Option(help="The published file whose build is learned from.")
    ] = PUBLISHED_FILE,
) -> None:
    """Learn the weights of the health score's components, and write them as a challenger.

    A person has to approve it before the next build scores it.

    Example: python -m scripts health-challenger --trained-until 2025-06-30
    """
    import pandas as pd

    day = trained_until.date()
    champion, observations = read(Places.of(publish_to).work_file)
    fitted = learn(observations, champion, day)
    write_version(SEEDS, version, champion.version, fitted, day)
    print(_weights_in_words(champion, fitted))
    folds = list(walk_forward(observations, champion))
    if folds:
        print(_folds_in_words(folds))
        print("Walk forward, each account scored by what was known of the others that day:")
        print(_comparison_in_words(pd.concat(fold.scored for fold in folds), champion))
    print(f"Out of time, month ends after {day}:")
    print(_comparison_in_words(out_of_time(observations, champion, fitted.weights, day), champion))
    print(
        f"\nWritten as {version}, an unapproved challenger, into seeds/reference/health_*.csv. "
        "The next build stops at it until approved_by and approved_on are filled in "
        "in health_models.csv."
    )


def _weights_in_words(champion: Champion, fitted: Fit) -> str:
    lines = [
        f"Learned from {fitted.observations} observations of {fitted.accounts} accounts, in which "
        f"{fitted.lost_accounts} accounts lost something within {HORIZON_DAYS} days "
        f"({fitted.lost_observations} observations).",
        f"{'component':<24}{'coefficient':>12}{'sign':>8}{'weight':>8}{champion.version:>8}",
    ]
    for name, coefficient in fitted.coefficients.items():
        sign = "right" if coefficient > 0 else "wrong"
        weight = fitted.weights.get(name, 0)
        lines.append(
            f"{name:<24}{coefficient:>12.2f}{sign:>8}{weight:>8.2f}{champion.weights[name]:>8.2f}"
        )
    return "\n".join(lines)


def _folds_in_words(folds: list[Fold]) -> str:
    """One line per month end: what each of its folds was learned from and was scored on."""
    lines = ["", f"{'month end':<12}{'folds':>6}{'each learned from':>20}{'scored':>8}{'lost':>6}"]
    for month_end, in_month in groupby(folds, key=lambda fold: fold.month_end):
        of_month = list(in_month)
        learned_from = [fold.fit.observations for fold in of_month]
        scored = sum(len(fold.scored) for fold in of_month)
        lost = sum(int(fold.scored["has_lost"].sum()) for fold in of_month)
        lines.append(
            f"{month_end!s:<12}{len(of_month):>6}"
            f"{f'{min(learned_from)} to {max(learned_from)}':>20}{scored:>8}{lost:>6}"
        )
    return "\n".join([*lines, ""])


def _comparison_in_words(rows: pd.DataFrame, champion: Champion) -> str:
    """The AUC of the learned score and of the champion on the rows that both score."""
    scored = rows[rows["learned"].notna()]
    learned, present = auc(scored, "learned"), auc(scored, "champion")
    of_difference = interval(difference(learned, present), scored)
    return (
        f"  {len(scored)} observations, {int(scored['has_lost'].sum())} of them lost; "
        f"{len(rows) - len(scored)} the learned score would leave unscored\n"
        f"  AUC learned {_in_words(interval(learned, scored))}\n"
        f"  AUC {champion.version} {_in_words(interval(present, scored))}\n"
        f"  difference {_in_words(of_difference)}"
    )


def _in_words(found: Interval) -> str:
    return f"{found.value:.3f} (95 %: {found.low:.3f} to {found.high:.3f})"
