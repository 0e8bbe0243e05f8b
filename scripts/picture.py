"""The picture of the README, drawn from metric queries on the published demo."""

from datetime import date
from pathlib import Path

import typer

from scripts.project import PUBLISHED_FILE, ROOT, UserError

PICTURE = ROOT / "docs" / "images" / "revenue.png"
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


def draw(database: Path, picture: Path) -> None:
    """Draw MRR movements and twelve-month retention by month, as a PNG.

    Amounts in thousands of the reporting currency, retention in per cent.

    Raises:
        UserError: the published file isn't there.
    """
    import altair as alt
    import pandas as pd

    from scripts.metrics_engine import MetricsEngine

    if not database.exists():
        raise UserError(f"There is no {database}: run `make build` first.")
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
    picture.parent.mkdir(parents=True, exist_ok=True)
    chart.save(picture, scale_factor=1.5)


def command(
    database: Path = PUBLISHED_FILE,
    picture: Path = PICTURE,
) -> None:
    """Draw the README's picture anew.

    Example: python -m scripts picture
    """
    draw(database, picture)
    typer.echo(f"Drawn: {picture.relative_to(ROOT)}")
