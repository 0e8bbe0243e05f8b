"""The pictures of the README, drawn from the published demo."""

from datetime import date
from pathlib import Path

import typer

from scripts.project import PUBLISHED_FILE, ROOT, UserError

PICTURES = ROOT / "docs" / "images"
MOVEMENTS = {
    "churned_mrr": "Churned",
    "contraction_mrr": "Contraction",
    "expansion_mrr": "Expansion",
    "reactivation_mrr": "Reactivation",
    "new_mrr": "New",
}
# Orange for what is lost, blue for what is won: told apart by colour-blind readers too.
COLOURS = ["#b35806", "#f1a340", "#67a9cf", "#2166ac", "#053061"]
RETENTION = {
    "net_revenue_retention": "Net revenue retention",
    "gross_revenue_retention": "Gross revenue retention",
}


STATUS_COLOURS = {
    "on target": "#2166ac",
    "near target": "#92c5de",
    "off target": "#b35806",
    "no target": "#bbbbbb",
    "no value": "#eeeeee",
}


def draw_revenue(database: Path, picture: Path) -> None:
    """Draw MRR movements and twelve-month retention by month, as a PNG.

    Amounts in thousands of the reporting currency, retention in per cent.
    """
    import altair as alt
    import pandas as pd

    from scripts.metrics_engine import MetricsEngine

    table = MetricsEngine(database).query(
        [*MOVEMENTS, *RETENTION], group_by=["metric_time__month"], start=date(2024, 1, 1)
    )
    months = table.to_pandas().astype(
        {"metric_time__month": "datetime64[s]"} | dict.fromkeys((*MOVEMENTS, *RETENTION), float)
    )

    def long(names: dict[str, str]) -> pd.DataFrame:
        renamed = months.rename(columns=names)
        return renamed.melt("metric_time__month", list(names.values()), "kind", "value")

    month = alt.X("yearmonth(metric_time__month):T", title=None, axis=alt.Axis(format="%b %Y"))
    movements = (
        alt.Chart(long(MOVEMENTS), title="What moved MRR (USD a month)", width=720, height=220)
        .mark_bar()
        .encode(
            month,
            alt.Y("sum(value):Q", title=None, axis=alt.Axis(format="~s")),
            alt.Color("kind:N", title=None)
            .scale(domain=list(MOVEMENTS.values()), range=COLOURS)
            .legend(orient="top"),
        )
    )
    retention = (
        alt.Chart(long(RETENTION), title="Kept after twelve months", width=720, height=160)
        .mark_line(strokeWidth=2.5)
        .encode(
            month,
            alt.Y("value:Q", title=None, axis=alt.Axis(format=".0%")).scale(zero=False),
            alt.Color("kind:N", title=None)
            .scale(domain=list(RETENTION.values()), range=["#2166ac", "#b35806"])
            .legend(orient="top"),
        )
    )
    chart = (
        alt.vconcat(movements, retention)
        .resolve_scale(color="independent")
        .configure_axis(labelFontSize=11, grid=True, gridColor="#eeeeee")
        .configure_title(anchor="start", fontSize=14)
        .configure_view(stroke=None)
    )
    chart.save(picture, scale_factor=1.5)


def draw_scorecard(database: Path, picture: Path) -> None:
    """Draw how each KPI stood against its target in the last twelve months, as a PNG.

    A KPI by the quarter stands in its quarter's last month. Beside the months: the latest value
    and the target in force.
    """
    import altair as alt
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        months = connection.execute(
            """
            select
                position,
                label,
                strftime(period_end, '%Y-%m') as ends,
                replace(status, '_', ' ') as status,
                value,
                target,
                unit,
                row_number() over (partition by metric order by period_end desc) as recency
            from marts.rpt_kpi_scorecard
            where segment = 'all'
            qualify period_end > max(period_end) over () - interval 1 year
            """
        ).df()
    latest = months[months.recency == 1].copy()
    for column in ("value", "target"):
        latest[column] = [
            "" if number != number else f"{number:.0%}" if unit == "ratio" else f"{number:.3g}"
            for number, unit in zip(latest[column].astype(float), latest.unit, strict=True)
        ]
    row = alt.Y("label:N", title=None, sort=alt.SortField("position"))
    tiles = (
        alt.Chart(months, title="Against the target, month by month", width=420)
        .mark_rect(stroke="white", strokeWidth=2)
        .encode(
            alt.X("ends:N", title=None, axis=alt.Axis(labelAngle=-45)),
            row.axis(labelLimit=320),
            alt.Color("status:N", title=None)
            .scale(domain=list(STATUS_COLOURS), range=list(STATUS_COLOURS.values()))
            .legend(orient="bottom"),
        )
    )
    columns = [
        alt.Chart(latest, title=title, width=70)
        .mark_text(fontWeight=weight)
        .encode(row.axis(None), text=f"{column}:N")
        for title, column, weight in (("Latest", "value", "bold"), ("Target", "target", "normal"))
    ]
    chart = (
        alt.hconcat(tiles, *columns)
        .configure_axis(labelFontSize=12)
        .configure_title(fontSize=13)
        .configure_view(stroke=None)
    )
    chart.save(picture, scale_factor=1.5)


def command(database: Path = PUBLISHED_FILE) -> None:
    """Draw the README's pictures anew.

    Example: python -m scripts picture
    """
    if not database.exists():
        raise UserError(f"There is no {database}: run `make build` first.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, draw in {"revenue": draw_revenue, "scorecard": draw_scorecard}.items():
        draw(database, PICTURES / f"{name}.png")
        typer.echo(f"Drawn: docs/images/{name}.png")
