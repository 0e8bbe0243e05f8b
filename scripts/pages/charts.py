"""The kinds of chart on the pages, as Vega-Lite specifications. The page gives them its theme.

Rows come from the page's script: month, filters, extras, metric (the name it has in the chart),
value and text (the value as people read it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
BANDS = {"green": "#4393c3", "yellow": "#f4a742", "red": "#cc4f35", "unscored": "#9a9a9a"}
HEIGHT = 240
BLACK, WHITE = "#1d2733", "#ffffff"  # on a coloured tile
HERE: Mapping[str, str] = {}


def lines(
    cube: Cube,
    series: Mapping[str, str],
    *,
    key: str,
    title: str,
    unit: str,
    colour: str = "metric",
    colours: Mapping[str, str] = HERE,
    target: float | None = None,
    zero: bool = False,
    **options: Any,
) -> Chart:
    """Lines by month: one per metric in `series`, or of its one metric one per `colour`.

    `colour` is a filter (given in `split`, too) or an extra, `colours` gives their colours and
    order; `target` draws a dashed line.
    """
    import altair as alt

    names = list(colours) or _names(cube, series, colour)
    line = (
        of_rows()
        .mark_line(point=alt.OverlayMarkDef(size=18), strokeWidth=2)
        .encode(
            month(),
            value(unit).scale(zero=zero),
            _colour(colour, names, list(colours.values()), symbol="stroke"),
            _dash(colour, names),
            tooltip=_tooltip(colour),
        )
    )
    layers = [line]
    if target is not None:
        rule = alt.Chart().mark_rule(strokeDash=[5, 4], color=GREY, strokeWidth=1.5, aria=False)
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
            month(bars=True),
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
    ascending: bool = False,
    **options: Any,
) -> Chart:
    """Horizontal bars of one metric by an extra or a split filter, added up over the months.

    A ratio can't be added up: with `months="end"` there is one row for each bar.
    """
    import altair as alt

    base = (
        of_rows()
        .transform_filter("isValid(datum.value)")
        .transform_aggregate(value="sum(value)", groupby=[by])
        .transform_calculate(text=_in_short("datum.value", unit))
        .encode(
            alt.Y(f"{by}:N", title=None, axis=alt.Axis(labelLimit=150)).sort(
                field="value", op="max", order="ascending" if ascending else "descending"
            ),
            value(unit, alt.X),
            tooltip=[alt.Tooltip(f"{by}:N"), alt.Tooltip("text:N", title="value")],
        )
    )
    return _chart(
        alt.layer(base.mark_bar(color=BLUE), _numbers_beside(base, unit)),
        cube,
        series,
        key,
        title,
        height=alt.Step(26),
        **options,
    )


def waterfall(
    cube: Cube,
    level: tuple[str, str],
    movements: Mapping[str, str],
    *,
    key: str,
    title: str,
    unit: str,
    rest: str,
    **options: Any,
) -> Chart:
    """From a level before the period to its end, with what moved it between, added up.

    What the movements leave, of accounts that came from or went to another selection, is the
    step `rest`, shown if there is any.
    """
    import altair as alt

    metric, name = level
    start, end = f"{name} before", f"{name} at the end"
    amounts = {
        start: f"datum.metric === '{name}' && datum.at === 'before'",
        end: f"datum.metric === '{name}' && datum.at === 'last'",
    } | {each: f"datum.metric === '{each}' && datum.at !== 'before'" for each in movements.values()}
    steps = [start, *movements.values(), rest, end]
    moved = "".join(f" - datum['{each}']" for each in movements.values())
    base = of_rows()
    for step, condition in amounts.items():
        base = base.transform_calculate(as_=step, calculate=f"{condition} ? datum.value || 0 : 0")
    base = (
        base.transform_aggregate(**{step: f"sum({step})" for step in amounts})
        .transform_calculate(as_=rest, calculate=f"datum['{end}'] - datum['{start}']{moved}")
        .transform_fold(steps, as_=["step", "value"])
        .transform_filter(f"datum.step !== '{rest}' || abs(datum.value) >= 0.5")
        .transform_window(reached="sum(value)", frame=[None, 0])
        .transform_calculate(
            is_level=f"datum.step === '{start}' || datum.step === '{end}'",
            begin=f"datum.step === '{start}' || datum.step === '{end}' ? 0 "
            ": datum.reached - datum.value",
            finish=f"datum.step === '{end}' ? datum.value : datum.reached",
            kind=f"datum.step === '{start}' || datum.step === '{end}' ? 'level' "
            ": datum.value < 0 ? 'loss' : 'gain'",
            text=f"(datum.value > 0 && datum.kind !== 'level' ? '+' : '') + "
            f"({_in_short('datum.value', unit)})",
            beside="max(datum.begin, datum.finish)",
        )
        .encode(
            alt.Y("step:N", title=None, sort=steps, axis=alt.Axis(labelLimit=170)),
            tooltip=[alt.Tooltip("step:N"), alt.Tooltip("text:N", title="amount")],
        )
    )
    bar = base.mark_bar().encode(
        alt.X("begin:Q", title=None, axis=alt.Axis(labelExpr=_in_short("datum.value", unit))),
        alt.X2("finish:Q"),
        alt.Color("kind:N", legend=None).scale(
            domain=["level", "gain", "loss"], range=[GREY, BLUE, ORANGE]
        ),
    )
    text = base.mark_text(align="left", dx=4, fontSize=11).encode(
        alt.X("beside:Q", title=None), text="text:N"
    )
    return _chart(
        alt.layer(bar, text),
        cube,
        {metric: name} | dict(movements),
        key,
        title,
        height=alt.Step(28),
        months="before",
        **options,
    )


def heat_map(
    cube: Cube,
    series: Mapping[str, str],
    *,
    key: str,
    title: str,
    unit: str,
    x: Any,
    y: Any,
    middle: float | None = None,
    height: Any = HEIGHT,
    numbers_from: int = 480,
    **options: Any,
) -> Chart:
    """One metric by two dimensions, each tile with its number, of ratios in per cent.

    `x` and `y` are Altair channels. With `middle` what is below it is orange, above it blue;
    without, more is darker. Numbers are left out where the tiles together are narrower than
    `numbers_from` pixels.
    """
    import altair as alt

    scale = (
        alt.Scale(scheme="blues")
        if middle is None
        else alt.Scale(scheme="blueorange", reverse=True, domainMid=middle)
    )
    base = of_rows().transform_filter("isValid(datum.value)").encode(x, y)
    tiles = base.mark_rect().encode(
        alt.Color("value:Q", title=None, legend=None, scale=scale),
        tooltip=[_told(x), _told(y), alt.Tooltip("text:N", title="value")],
    )
    short = (
        "format(100 * datum.value, '.0f')" if unit == "ratio" else _in_short("datum.value", unit)
    )
    numbers = (
        base.transform_calculate(short=short)
        .mark_text(fontSize=alt.ExprRef(f"width < {numbers_from} ? 0 : 10"))
        .encode(
            text="short:N",
            color=alt.condition(
                "luminance(scale('color', datum.value)) > 0.36", alt.value(BLACK), alt.value(WHITE)
            ),
        )
    )
    return _chart(alt.layer(tiles, numbers), cube, series, key, title, height=height, **options)


def of_rows() -> Any:
    """A chart of the rows that the page gives it."""
    import altair as alt

    return alt.Chart(alt.NamedData("rows"))


def month(bars: bool = False) -> Any:
    """Months from left to right."""
    import altair as alt

    axis = alt.Axis(format="%b %Y", labelAngle=0, labelOverlap=True, labelFlush=True, grid=False)
    if bars:  # the axis ends where the next month begins, which has no bar
        axis.labelExpr = "datum.value < domain('x')[1] ? datum.label : ''"
    return alt.X("utcyearmonth(month):T", title=None, axis=axis)


def quarter() -> Any:
    """Quarters from left to right, as tiles have them."""
    import altair as alt

    return alt.X("utcyearquarter(month):O", title=None).axis(format="Q%q %Y", labelAngle=0)


def each(
    channel: str, field: str, title: str | None = None, order: Sequence[str] | None = None
) -> Any:
    """The values of a dimension along an axis, X or Y, as tiles have them."""
    import altair as alt

    axis = alt.Axis(labelAngle=0)
    return getattr(alt, channel)(f"{field}:N", title=title, axis=axis).sort(order)


def value(unit: str, channel: Any = None, field: str = "value", stacked: bool = False) -> Any:
    """The value on an axis that writes its unit as the pages do."""
    import altair as alt

    axis = alt.Axis(labelExpr=_in_short("datum.value", unit), tickCount=5)
    found = (channel or alt.Y)(f"{field}:Q", title=None, axis=axis)
    return found.stack("zero") if stacked else found


def _in_short(number: str, unit: str) -> str:
    """The expression that writes a number: 93.4 %, $1.2m."""
    if unit == "ratio":
        return f"replace(format(100 * {number}, '.3~r'), '-', '−') + ' %'"
    prefix = "$" if unit == "usd" else ""
    short = f"replace(replace(format({number}, '{prefix}.3~s'), 'M', 'm'), 'G', 'bn')"
    # SI would write a half as 500m.
    return f"(abs({number}) < 1 ? format({number}, '{prefix}.2~f') : {short})"


def _told(channel: Any) -> Any:
    """What stands on an axis, for the tooltip."""
    import altair as alt

    told = channel.to_dict()
    about = {name: told[name] for name in ("field", "type", "timeUnit") if name in told}
    if form := told.get("axis", {}).get("format"):
        about["format"] = form
    return alt.Tooltip(title=told.get("title") or told["field"], **about)


def _numbers_beside(base: Any, unit: str) -> Any:
    """The numbers of horizontal bars, to the right of bar and zero."""
    import altair as alt

    return (
        base.mark_text(align="left", dx=4, fontSize=11)
        .transform_calculate(beside="max(0, datum.value)")
        .encode(value(unit, alt.X, "beside"), text="text:N")
    )


def _names(cube: Cube, series: Mapping[str, str], colour: str) -> list[str]:
    if colour == "metric":
        return list(series.values())
    return [each for each in cube.labels(colour) if each != ALL]


def _colour(
    field: str, names: Sequence[str], colours: Sequence[str] = (), symbol: str = "square"
) -> Any:
    import altair as alt

    found = alt.Color(f"{field}:N", title=None).scale(
        domain=list(names), range=list(colours) or SERIES[: len(names)]
    )
    if len(names) == 1:
        return found.legend(None)
    columns = alt.ExprRef("width < 420 ? 2 : 5")
    return found.legend(orient="top", columns=columns, labelLimit=220, symbolType=symbol)


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
    sized = chart.properties(width="container", height=height)
    # Altair checks each part when it is made; checking the whole once more would take seconds.
    specification = sized.to_dict(validate=False)
    specification.pop("config", None)  # the page's theme takes its place
    return Chart(key, title, cube, series, specification, **options)
