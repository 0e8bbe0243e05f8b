"""`make health-report`: how well the health score tells who leaves, on one page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts import health_charts, health_learning
from scripts.health_comparison import Interval, auc, difference, interval, share
from scripts.project import PUBLISHED_FILE, Places, UserError, sibling

if TYPE_CHECKING:
    import pandas as pd

HORIZON_DAYS = health_learning.HORIZON_DAYS
SAMPLES = {"all_history": "all history", "out_of_time": "out of time"}
CUTS = {"red": "red", "red_or_yellow": "red or yellow", "lowest_decile": "lowest tenth"}


@dataclass(frozen=True)
class Table:
    """What a chart shows, or what needs no chart, in words and numbers."""

    caption: str
    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Section:
    """One question and its answer. `chart` is a Vega-Lite specification."""

    key: str
    title: str
    sentences: list[str]
    chart: dict[str, Any] | None = None
    tables: list[Table] = field(default_factory=list)


@dataclass(frozen=True)
class Health:
    """What the page is made of: the marts' rows for one horizon, outcome and all segments."""

    as_of: date
    learned_from: health_learning.Champion
    challenger: str | None
    models: pd.DataFrame
    weights: pd.DataFrame
    months: pd.DataFrame
    backtest: pd.DataFrame
    calibration: pd.DataFrame
    component_value: pd.DataFrame
    stability: pd.DataFrame
    overrides: pd.DataFrame
    warnings: pd.DataFrame
    judged: pd.DataFrame
    observations: pd.DataFrame
    enough: dict[str, Any]  # the least numbers of accounts that are judged

    @classmethod
    def read(cls, work_file: Path) -> Health:
        import duckdb

        champion, observations = health_learning.read(work_file)
        with duckdb.connect(str(work_file), read_only=True) as connection:

            def rows(sql: str, parameters: Iterable[Any] = ()) -> pd.DataFrame:
                return connection.execute(sql, list(parameters)).df()

            judged_alike = [HORIZON_DAYS]
            models = rows(
                "select * from reference.health_models where status <> 'retired'"
                " order by status = 'baseline', status <> 'champion', model_version"
            )
            challengers = models.loc[models["status"] == "challenger", "model_version"]
            (as_of,) = connection.execute(
                "select max(observation_date) from intermediate.int_observation_dates_listed"
            ).fetchone()
            return cls(
                as_of=as_of,
                learned_from=champion,
                challenger=challengers.iloc[-1] if len(challengers) else None,
                models=models,
                weights=rows("select * from reference.health_components"),
                months=rows(MONTHS),
                backtest=rows(BACKTEST, judged_alike),
                calibration=rows(CALIBRATION, judged_alike),
                component_value=rows(COMPONENT_VALUE, judged_alike),
                stability=rows("select * from marts.rpt_health_stability order by month_end"),
                overrides=rows("select * from marts.fct_health_overrides"),
                warnings=rows("select * from marts.rpt_health_warnings order by warning, subject"),
                judged=rows(JUDGED, judged_alike),
                observations=observations,
                enough=rows("select * from reference.health_evidence_rules").iloc[0].to_dict(),
            )

    @property
    def champion(self) -> str:
        return self.learned_from.version

    @property
    def sample(self) -> str:
        """What versions are compared on: month ends that none was fitted on, if there are any."""
        return "out_of_time" if "out_of_time" in set(self.backtest["sample"]) else "all_history"

    def of(self, rows: pd.DataFrame, **values: Any) -> pd.DataFrame:
        for column, value in values.items():
            rows = rows[rows[column] == value]
        return rows


MONTHS = """
select
    observation_date as month_end,
    count(*) as accounts,
    count(case when final_band = 'green' then 1 end) as green,
    count(case when final_band = 'yellow' then 1 end) as yellow,
    count(case when final_band = 'red' then 1 end) as red,
    count(case when final_band = 'unscored' then 1 end) as unscored,
    count(case when is_managed then 1 end) as managed,
    count(case when is_managed and score is not null and has_required_inputs then 1 end) as covered
from marts.fct_health_scores
where is_champion and period_type = 'month_end'
group by observation_date
order by observation_date
"""
BACKTEST = """
select * from marts.rpt_health_backtest
where horizon_days = ? and outcome = 'churned_or_contracted' and segment = 'all'
order by model_status = 'baseline', model_status <> 'champion', model_version, sample, cut
"""
CALIBRATION = """
select * from marts.rpt_health_calibration
where horizon_days = ? and outcome = 'churned_or_contracted' and segment = 'all'
order by model_version, sample, bin_type, try_cast(bin as integer), average_score
"""
COMPONENT_VALUE = """
select * from marts.rpt_health_component_value
where horizon_days = ? and outcome = 'churned_or_contracted'
order by sample, model_version, auc_gain desc
"""
JUDGED = """
select model_version, account_id, month_end, score, band, decile, has_lost, is_out_of_time
from intermediate.int_health_observations_judged
where horizon_days = ? and score is not null
order by model_version, month_end, account_id
"""


def sections(health: Health) -> list[Section]:
    return [
        _baselines(health),
        _bands(health),
        _coverage(health),
        _calibration(health),
        _gain(health),
        _lift(health),
        _lead_time(health),
        _comparison(health),
        _learned(health),
        _component_value(health),
        _stability(health),
        _overrides(health),
        _warnings(health),
    ]


def _baselines(health: Health) -> Section:
    """Whether the score is better than what costs nothing."""
    rows = health.of(health.backtest, cut="red_or_yellow")
    sentences = []
    for version, sample in ((health.champion, s) for s in SAMPLES):
        found = health.of(rows, model_version=version, sample=sample)
        if found.empty or _absent(found.iloc[0]["auc"]):
            sentences.append(f"On {SAMPLES[sample]} there is too little to judge the score.")
            continue
        row = found.iloc[0]
        if _absent(row["auc_best_baseline"]):
            verdict = "has no baseline to beat"
        else:
            verdict = "beats" if row["beats_baselines"] else "does not beat"
            verdict += f" the best baseline ({_number(row['auc_best_baseline'])})"
        sentences.append(
            f"On {SAMPLES[sample]} the score {version} {verdict}: AUC {_number(row['auc'])}."
        )
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
                *(_number(_only(health.of(of_version, sample=s), "auc")) for s in SAMPLES),
            ]
            for version, of_version in rows.groupby("model_version", sort=False)
        ],
    )
    return Section("baselines", "Is it better than a coin?", sentences, tables=[table])


def _bands(health: Health) -> Section:
    months = health.months
    bands = ["red", "yellow", "green", "unscored"]
    sentences = ["There is no scored month end yet."]
    if len(months):
        last = months.iloc[-1]
        sentences = [
            f"At the end of {last['month_end']:%B %Y}, of {last['accounts']} customers "
            + ", ".join(f"{last[band]} were {band}" for band in bands)
            + ", after overrides."
        ]
    return Section(
        "bands",
        "How many are red, yellow, green",
        sentences,
        health_charts.bands(months) if len(months) else None,
        [
            Table(
                "Customers by final band",
                ["month end", *bands],
                [
                    [f"{row.month_end:%Y-%m-%d}", *(str(getattr(row, b)) for b in bands)]
                    for row in months.itertuples()
                ],
            )
        ],
    )


def _coverage(health: Health) -> Section:
    months = health.months[health.months["managed"] > 0]
    months = months.assign(coverage=months["covered"] / months["managed"])
    sentences = ["No customer has a CSM, so there is nobody to cover."]
    if len(months):
        sentences = [
            f"{_percent(months.iloc[-1]['coverage'])} of the customers with a CSM had a score and "
            f"every required input at the end of {months.iloc[-1]['month_end']:%B %Y}; "
            "the target is 90 %."
        ]
    return Section(
        "coverage",
        "How many have a score",
        sentences,
        health_charts.coverage(months) if len(months) else None,
        [
            Table(
                "Customers with a CSM",
                ["month end", "with a CSM", "covered", "coverage"],
                [
                    [
                        f"{row.month_end:%Y-%m-%d}",
                        str(row.managed),
                        str(row.covered),
                        _percent(row.coverage),
                    ]
                    for row in months.itertuples()
                ],
            )
        ],
    )


def _calibration(health: Health) -> Section:
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
        health_charts.calibration(tenths) if len(tenths) else None,
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
                        _number(row.average_score, 1),
                        str(row.observations),
                        str(row.lost),
                        _percent(row.expected_rate),
                        _percent(row.observed_rate),
                        _span(row.observed_low, row.observed_high),
                    ]
                    for row in rows.itertuples()
                ],
            )
        ],
    )


def _gain(health: Health) -> Section:
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
                ["version", *(f"calling {_percent(x)}" for x in sorted(at["called"].unique()))],
                [
                    [version, *map(_percent, rows.sort_values("called")["reached"])]
                    for version, rows in at.groupby("model_version", sort=False)
                ],
            )
        ]
    return Section(
        "gain",
        "Whom it finds first",
        sentences,
        health_charts.gain(curves) if curves is not None else None,
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
    if not _is_enough(health, scores):
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


def _is_enough(health: Health, rows: pd.DataFrame) -> bool:
    lost = rows.loc[rows["has_lost"], "account_id"].nunique()
    kept = rows.loc[~rows["has_lost"], "account_id"].nunique()
    return (
        lost >= health.enough["minimum_lost_accounts"]
        and kept >= health.enough["minimum_kept_accounts"]
    )


def _lift(health: Health) -> Section:
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
            f"The lowest tenth lost something {_number(lowest.iloc[0]['lift'], 1)} times as often "
            "as all; 1 would be no better than chance."
        ]
    return Section(
        "lift",
        "How much more the lowest lose",
        sentences,
        health_charts.lift(shown) if len(shown) else None,
        [
            Table(
                f"Lift by tenth, {health.champion}",
                ["tenth", "observations", "lost", "lift"],
                [
                    [str(r.bin), str(r.observations), str(r.lost), _number(r.lift, 2)]
                    for r in rows.itertuples()
                ],
            )
        ],
    )


def _lead_time(health: Health) -> Section:
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
                        _number(row.median_lead_days, 0),
                        _number(row.false_alarms_per_csm_month, 2),
                        _percent(row.mrr_captured_share),
                    ]
                    for row in rows.itertuples()
                ],
            )
        ],
    )


def _comparison(health: Health) -> Section:
    key, title = "comparison", "Champion against challenger"
    if health.challenger is None:
        return Section(key, title, ["There is no challenger: health_models has none."])
    rows = _side_by_side(health)
    if not _is_enough(health, rows):
        return Section(key, title, ["There are too few accounts to compare them on."])
    table, sentences = [], []
    for name, statistics in _compared(rows).items():
        of_difference = interval(difference(*statistics), rows)
        if name == "AUC":
            sentences.append(_verdict(health, of_difference))
        table.append(
            [
                name,
                *(_number(interval(s, rows).value) for s in statistics[::-1]),
                _signed(of_difference.value),
                _span(of_difference.low, of_difference.high, _signed),
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
    return (
        f"{health.challenger} {better} {health.champion} by AUC ({_signed(found.value)}); {sure}."
    )


def _learned(health: Health) -> Section:
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
            fitted = health_learning.learn(health.observations, health.learned_from, until)
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
                            if _absent(by_version[v][component])
                            else _number(by_version[v][component], 2)
                            for v in versions
                        ),
                        _signed(coefficients[component], 2) if component in coefficients else "–",
                        ("right" if coefficients[component] > 0 else "wrong")
                        if component in coefficients
                        else "–",
                    ]
                    for component in names.index
                ],
            )
        ],
    )


def _component_value(health: Health) -> Section:
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
        health_charts.component_value(shown) if len(shown) else None,
        [
            Table(
                f"AUC with and without each component, {health.champion}",
                ["component", "with", "without", "adds", "alone"],
                [
                    [
                        row.component.replace("_", " "),
                        _number(row.auc),
                        _number(row.auc_without),
                        _signed(row.auc_gain),
                        _number(row.auc_alone),
                    ]
                    for row in rows.itertuples()
                ],
            )
        ],
    )


def _stability(health: Health) -> Section:
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
        health_charts.stability(shown, health.enough) if len(shown) else None,
        [
            Table(
                "At the latest month end",
                ["of", "observations", "index", "rating"],
                [
                    [
                        row.component.replace("_", " "),
                        str(row.observations),
                        _number(row.psi),
                        row.rating.replace("_", " "),
                    ]
                    for row in latest.itertuples()
                ],
            )
        ],
    )


def _overrides(health: Health) -> Section:
    rows = health.overrides[health.overrides["was_right"].notna()]
    sentences = ["No override has been decided yet."]
    if len(rows):
        right = int(rows["was_right"].sum())
        sentences = [
            f"Of {len(rows)} overrides that moved a band and whose window of 90 days is over, "
            f"{right} were right: a lowered account lost something, a raised one did not."
        ]
    return Section(
        "overrides",
        "When a CSM knew better",
        sentences,
        None,
        [
            Table(
                "Overrides decided",
                ["direction", "overrides", "right"],
                [
                    [str(direction), str(len(of_direction)), str(int(of_direction.was_right.sum()))]
                    for direction, of_direction in rows.groupby("direction")
                ],
            )
        ]
        if len(rows)
        else [],
    )


def _warnings(health: Health) -> Section:
    rows = health.warnings
    return Section(
        "warnings",
        "What is odd about the inputs",
        ["Nothing: every measure that a version asks for is there and varies."]
        if rows.empty
        else [],
        None,
        [
            Table(
                "Warnings",
                ["about", "what", "accounts"],
                [
                    [str(r.subject), str(r.message), _whole(r.affected_accounts)]
                    for r in rows.itertuples()
                ],
            )
        ]
        if len(rows)
        else [],
    )


def _absent(value: Any) -> bool:
    import pandas as pd

    return value is None or pd.isna(value)


def _only(rows: pd.DataFrame, column: str) -> Any:
    return rows.iloc[0][column] if len(rows) else None


def _whole(value: Any) -> str:
    return "" if _absent(value) else f"{int(value):,}"


def _number(value: Any, digits: int = 3) -> str:
    return "too few" if _absent(value) else f"{float(value):.{digits}f}"


def _signed(value: Any, digits: int = 3) -> str:
    return "too few" if _absent(value) else f"{float(value):+.{digits}f}".replace("-", "−")


def _percent(value: Any) -> str:
    return "too few" if _absent(value) else f"{100 * float(value):.0f} %"


def _span(low: Any, high: Any, in_words: Any = _percent) -> str:
    return "too few" if _absent(low) else f"{in_words(low)} to {in_words(high)}"


def make_report(work_file: Path, page: Path) -> None:
    """Write the page. It holds its charts' code and data, and asks nothing of a network."""
    import jinja2
    import vl_convert

    if not work_file.exists():
        raise UserError(f"There is nothing to report: {work_file} is missing. Build first.")
    health = Health.read(work_file)
    template = Path(__file__).with_name("health_report.html.j2").read_text(encoding="utf-8")
    answers = sections(health)
    text = jinja2.Template(template, autoescape=True, trim_blocks=True, lstrip_blocks=True).render(
        health=health,
        sections=answers,
        script=vl_convert.javascript_bundle(),
        charts=json.dumps({s.key: s.chart for s in answers if s.chart}).replace("</", "<\\/"),
    )
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")


def command(
    publish_to: Annotated[
        Path, typer.Option(help="The published file beside which the page is written.")
    ] = PUBLISHED_FILE,
) -> None:
    """Write one page on how well the health score tells who leaves, from the last build.

    Example: python -m scripts health-report
    """
    page = sibling(publish_to.resolve(), "health.html")
    make_report(Places.of(publish_to).work_file, page)
    print(f"Health report: {page}")
