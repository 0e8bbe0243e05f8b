"""The charts of the health report, as Vega-Lite specifications. The page gives them its theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Told apart by colour-blind readers too, and on a dark page.
BANDS = {"green": "#4393c3", "yellow": "#f4a742", "red": "#b2452f", "unscored": "#9a9a9a"}
BLUE, ORANGE = "#4393c3", "#d9772b"
WIDTH = 620


def bands(months: pd.DataFrame) -> dict[str, Any]:
    """Customers by final band at each month end."""
    import altair as alt

    rows = _days(months)[["month_end", *BANDS]].melt("month_end", None, "band", "accounts")
    rows["rank"] = rows["band"].map({band: rank for rank, band in enumerate(BANDS)})
    return _specification(
        alt.Chart(rows, width=WIDTH, height=230)
        .mark_bar()
        .encode(
            _month(),
            alt.Y("accounts:Q", title="customers"),
            alt.Color("band:N", title=None)
            .scale(domain=list(BANDS), range=list(BANDS.values()))
            .legend(orient="top"),
            order="rank:O",
            tooltip=["month_end", "band", "accounts"],
        )
    )


def coverage(months: pd.DataFrame) -> dict[str, Any]:
    """Share of managed customers covered, against the target."""
    import altair as alt

    rows = _days(months)[["month_end", "coverage"]]
    line = (
        alt.Chart(rows)
        .mark_line(point=True, color=BLUE)
        .encode(
            _month(),
            alt.Y("coverage:Q", title="covered", axis=alt.Axis(format=".0%")).scale(domain=[0, 1]),
            tooltip=["month_end", alt.Tooltip("coverage:Q", format=".1%")],
        )
    )
    target = alt.Chart().mark_rule(strokeDash=[5, 4], color=ORANGE).encode(y=alt.datum(0.9))
    return _specification((line + target).properties(width=WIDTH, height=160))


def calibration(tenths: pd.DataFrame) -> dict[str, Any]:
    """Observed loss by average score, with Wilson's interval; expected as a line."""
    import altair as alt

    columns = ["average_score", "expected_rate", "observed_rate", "observed_low", "observed_high"]
    rows = tenths[columns].astype(float)
    score = alt.X("average_score:Q", title="average score of the tenth").scale(domain=[0, 100])
    percent = alt.Axis(format=".0%")
    interval = (
        alt.Chart(rows)
        .mark_rule(color=BLUE, strokeWidth=2)
        .encode(
            score,
            alt.Y("observed_low:Q", title="lost something", axis=percent),
            alt.Y2("observed_high:Q"),
        )
    )
    observed = (
        alt.Chart(rows)
        .mark_point(color=BLUE, filled=True, size=70)
        .encode(
            score,
            alt.Y("observed_rate:Q"),
            tooltip=[alt.Tooltip(f"{column}:Q", format=".3f") for column in columns],
        )
    )
    expected = (
        alt.Chart(rows)
        .mark_line(color=ORANGE, strokeDash=[5, 4], interpolate="step")
        .encode(score, alt.Y("expected_rate:Q"))
    )
    return _specification((expected + interval + observed).properties(width=WIDTH, height=240))


def gain(curves: pd.DataFrame) -> dict[str, Any]:
    """Share of losses reached by share of accounts called; baselines dashed."""
    import altair as alt

    rows = curves.assign(is_baseline=curves["model_version"].str.startswith("baseline"))
    percent = alt.Axis(format=".0%")
    return _specification(
        alt.Chart(rows, width=WIDTH, height=280)
        .mark_line()
        .encode(
            alt.X("called:Q", title="customers called, lowest scores first", axis=percent),
            alt.Y("reached:Q", title="losses reached", axis=percent),
            alt.Color("model_version:N", title=None, sort=None)
            .scale(range=[BLUE, ORANGE, "#7fae6b", "#a682b8", "#9a9a9a", "#b8976a"])
            .legend(orient="top", columns=3),
            alt.StrokeDash("is_baseline:N", legend=None).scale(
                domain=[False, True], range=[[1, 0], [4, 3]]
            ),
            tooltip=[
                "model_version",
                alt.Tooltip("called:Q", format=".0%"),
                alt.Tooltip("reached:Q", format=".0%"),
            ],
        )
    )


def lift(tenths: pd.DataFrame) -> dict[str, Any]:
    """Lift by tenth of the score; 1 is chance."""
    import altair as alt

    rows = tenths.assign(lift=tenths["lift"].astype(float))[["bin", "lift"]]
    bars = (
        alt.Chart(rows)
        .mark_bar(color=BLUE)
        .encode(
            alt.X("bin:O", title="tenth of the score, 1 is the lowest", sort=None).axis(
                labelAngle=0
            ),
            alt.Y("lift:Q", title="lift"),
            tooltip=["bin", alt.Tooltip("lift:Q", format=".2f")],
        )
    )
    chance = alt.Chart().mark_rule(strokeDash=[5, 4], color=ORANGE).encode(y=alt.datum(1))
    return _specification((bars + chance).properties(width=WIDTH, height=190))


def component_value(rows: pd.DataFrame) -> dict[str, Any]:
    """What the AUC loses without each component."""
    import altair as alt

    rows = rows.assign(
        auc_gain=rows["auc_gain"].astype(float), component=rows["component"].str.replace("_", " ")
    )[["component", "auc_gain"]]
    return _specification(
        alt.Chart(rows, width=WIDTH - 120, height=alt.Step(28))
        .mark_bar()
        .encode(
            alt.X("auc_gain:Q", title="AUC that it adds"),
            alt.Y("component:N", title=None, sort="-x"),
            alt.Color("falls:N", legend=None).scale(domain=[False, True], range=[BLUE, ORANGE]),
            tooltip=["component", alt.Tooltip("auc_gain:Q", format="+.3f")],
        )
        .transform_calculate(falls="datum.auc_gain < 0")
    )


def stability(rows: pd.DataFrame, rules: dict[str, Any]) -> dict[str, Any]:
    """The stability index by month, of the score and each component."""
    import altair as alt

    rows = _days(rows).assign(
        psi=rows["psi"].astype(float), component=rows["component"].str.replace("_", " ")
    )[["month_end", "component", "psi", "rating"]]
    ratings = {"stable": "#cfe3f1", "shifting": "#f4a742", "shifted": "#b2452f"}
    return _specification(
        alt.Chart(rows, width=WIDTH - 120, height=alt.Step(24))
        .mark_rect()
        .encode(
            _month(),
            alt.Y("component:N", title=None, sort=["score"]),
            alt.Color("rating:N", title=None)
            .scale(domain=list(ratings), range=list(ratings.values()))
            .legend(orient="top"),
            tooltip=["month_end", "component", alt.Tooltip("psi:Q", format=".3f"), "rating"],
        )
    )


def _days(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(month_end=rows["month_end"].dt.strftime("%Y-%m-%d"))


def _month() -> Any:
    """The month on the axis: every third is named, so that names do not overlap."""
    import altair as alt

    named = "indexof(['03', '06', '09', '12'], slice(datum.label, 5, 7)) >= 0"
    return alt.X("month_end:O", title=None).axis(
        labelExpr=f"{named} ? slice(datum.label, 0, 7) : ''", labelAngle=-45, ticks=False
    )


def _specification(chart: Any) -> dict[str, Any]:
    specification = chart.to_dict()
    specification.pop("config", None)  # the page's theme takes its place
    return specification
