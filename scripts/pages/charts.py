"""The kinds of chart on the pages, as Vega-Lite specifications. The page gives them its theme.

Rows come from the page's script: month, filters, extras, metric (the name it has in the chart),
value and text (the value as people read it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.formats import words
from scripts.pages.parts import ALL, Chart, Cube

# Told apart by colour-blind readers too, on a light and on a dark page.
BLUE, ORANGE, GREEN, PURPLE, YELLOW, GREY = (
    "#3b86c4",
    "#d9772b",
    "#1b9e8a",
    "#a9669c",
    "#c7a526",
    "#8a929a",
)
SERIES = [BLUE, ORANGE, GREEN, PURPLE, YELLOW, GREY, "#6a5acd", "#b2452f"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [4, 4], [1, 2], [10, 4], [3, 6]]
BANDS = {"green": "#4393c3", "yellow": "#f4a742", "red": "#b2452f", "unscored": "#9a9a9a"}
HEIGHT = 240
HERE: Mapping[str, str] = {}


def lines(
    cube: Cube,
    series: Mapping[str, str],
    *,
    key: str,
    title: str,
    unit: str,
    colour: str = "metric",
    target: float | None = None,
    zero: bool = False,
    **options: Any,
) -> Chart:
    """Lines by month: one per metric in `series`, or of its one metric one per `colour`.

    `colour` is a filter (given in `split`, too) or an extra; `target` draws a dashed line.
    """
    import altair as alt

    names = _names(cube, series, colour)
    line = (
        of_rows()
        .mark_line(point=alt.OverlayMarkDef(size=18), strokeWidth=2)
        .encode(
            month(),
            value(unit).scale(zero=zero),
            _colour(colour, names),
            _dash(colour, names),
            tooltip=_tooltip(colour),
        )
    )
    layers = [line]
    if target is not None:
        rule = alt.Chart().mark_rule(strokeDash=[5, 4], color=GREY, strokeWidth=1.5)
        layers.append(rule.encode(y=alt.datum(target)))
    return _chart(alt.layer(*layers), cube, series, key, title, **options)


def bars(
    cube: Cube,
    series: Mapping[str, str],
    *,
    key: str,
    title: str,
    unit: str,
    colour: str = "metric",
    colours: Mapping[str, str] = HERE,
    **options: Any,
) -> Chart:
    """Stacked bars by month; `colours` gives the colours, and the order, of what is stacked."""

    names = list(colours) or _names(cube, series, colour)
    bar = (
        of_rows()
        .mark_bar()
        .encode(
            month(),
            value(unit, stacked=True),
            _colour(colour, names, list(colours.values())),
            order="rank:Q",
            tooltip=_tooltip(colour),
        )
        .transform_calculate(rank=f"indexof({names!r}, datum['{colour}'])")
    )
    return _chart(bar, cube, series, key, title, **options)


def ranking(
    cube: Cube,
    series: Mapping[str, str],
    *,
    key: str,
    title: str,
    unit: str,
    by: str,
    smallest_first: bool = False,
    **options: Any,
) -> Chart:
    """Horizontal bars of one metric by an extra or a split filter, added up over its months.

    A ratio can't be added up: give it `months="end"`, where there is one row for each bar.
    """
    import altair as alt

    base = (
        of_rows()
        .transform_aggregate(value="sum(value)", text="max(text)", rows="count()", groupby=[by])
        .transform_calculate(shown=f"datum.rows === 1 ? datum.text : {_tick(unit)}")
        .encode(
            alt.Y(f"{by}:N", title=None, axis=alt.Axis(labelLimit=150)).sort(
                alt.SortField("value", "ascending" if smallest_first else "descending")
            ),
            value(unit, alt.X),
            tooltip=[alt.Tooltip(f"{by}:N"), alt.Tooltip("shown:N", title="value")],
        )
    )
    layers = alt.layer(
        base.mark_bar(color=BLUE),
        base.mark_text(align="left", dx=4, fontSize=11).encode(text="shown:N"),
    )
    return _chart(layers, cube, series, key, title, height=alt.Step(26), **options)


def heat_map(
    cube: Cube,
    series: Mapping[str, str],
    *,
    key: str,
    title: str,
    unit: str,
    x: Any,
    y: Any,
    height: Any = HEIGHT,
    diverging_at: float | None = None,
    **options: Any,
) -> Chart:
    """One metric by two of its dimensions, each tile with its number.

    `x` and `y` are Altair channels. With `diverging_at` orange is below and blue above it.
    """
    import altair as alt

    scheme = "oranges" if diverging_at is None else "blueorange"
    scale = (
        alt.Scale(scheme="blues")
        if diverging_at is None
        else alt.Scale(scheme=scheme, reverse=True, domainMid=diverging_at)
    )
    base = of_rows().encode(x, y)
    tiles = base.mark_rect(stroke=None).encode(
        alt.Color("value:Q", title=None, scale=scale, legend=None),
        tooltip=[x.shorthand, y.shorthand, alt.Tooltip("text:N", title="value")],
    )
    return _chart(tiles, cube, series, key, title, height=height, **options)


def of_rows() -> Any:
    """A chart of the rows that the page gives it."""
    import altair as alt

    return alt.Chart(alt.NamedData("rows"))


def month(field: str = "month") -> Any:
    """Months from left to right."""
    import altair as alt

    return alt.X(f"utcyearmonth({field}):T", title=None).axis(
        format="%b %Y", labelAngle=0, labelOverlap=True, labelFlush=True, grid=False
    )


def value(unit: str, channel: Any = None, stacked: bool = False) -> Any:
    """The value on an axis that writes its unit as the pages do."""
    import altair as alt

    axis = alt.Axis(labelExpr=_tick(unit), tickCount=5)
    found = (channel or alt.Y)("value:Q", title=None, axis=axis)
    return found.stack("zero") if stacked else found


def _tick(unit: str) -> str:
    """The value of a row or of an axis label, as text."""
    if unit == "ratio":
        return "format(100 * datum.value, '.3~r') + ' %'"
    prefix = "$" if unit == "usd" else ""
    short = f"format(datum.value, '{prefix}.3~s')"
    return f"replace(replace({short}, 'M', 'm'), 'G', 'bn')"


def _names(cube: Cube, series: Mapping[str, str], colour: str) -> list[str]:
    if colour == "metric":
        return list(series.values())
    return [words(each) for each in cube.values[colour] if each != ALL]


def _colour(field: str, names: Sequence[str], colours: Sequence[str] = ()) -> Any:
    import altair as alt

    found = alt.Color(f"{field}:N", title=None).scale(
        domain=list(names), range=list(colours) or SERIES[: len(names)]
    )
    if len(names) == 1:
        return found.legend(None)
    return found.legend(orient="top", columns=alt.ExprRef("width < 420 ? 2 : 5"), labelLimit=220)


def _dash(field: str, names: Sequence[str]) -> Any:
    import altair as alt

    return alt.StrokeDash(f"{field}:N", title=None).scale(
        domain=list(names), range=DASHES[: len(names)]
    )


def _tooltip(colour: str) -> list[Any]:
    import altair as alt

    return [
        alt.Tooltip("utcyearmonth(month):T", title="month", format="%b %Y"),
        alt.Tooltip(f"{colour}:N"),
        alt.Tooltip("text:N", title="value"),
    ]


def _chart(
    chart: Any,
    cube: Cube,
    series: Mapping[str, str],
    key: str,
    title: str,
    height: Any = HEIGHT,
    **options: Any,
) -> Chart:
    specification = chart.properties(width="container", height=height).to_dict()
    specification.pop("config", None)  # the page's theme takes its place
    specification["autosize"] = {"type": "fit-x", "contains": "padding"}
    return Chart(key, title, cube, series, specification, **options)
