"""The health report, opened from the file system in a real browser without a network."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page, sync_playwright

from scripts.health.report import make_report
from scripts.project import Places

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
BROWSER_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
READ = {
    "marts": [
        *("fct_health_scores", "fct_health_components", "fct_health_outcomes"),
        *("fct_health_overrides", "rpt_health_backtest", "rpt_health_calibration"),
        *("rpt_health_component_value", "rpt_health_stability", "rpt_health_warnings"),
    ],
    "reference": ["health_models", "health_components", "health_evidence_rules"],
    "intermediate": ["int_health_observations_judged", "int_observation_dates_listed"],
}
JUDGED = "horizon_days = 180 and outcome = 'churned_or_contracted' and segment = 'all'"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    if not BROWSER:
        message = "No chromium here: install it (e.g. apt-get install chromium) to test the page."
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=BROWSER_FLAGS)
        yield browser.new_context(offline=True).new_page()
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, warehouse: duckdb.DuckDBPyConnection) -> Path:
    path = tmp_path_factory.mktemp("report") / "bellwether.health.html"
    make_report(Places.of().work_file, path)
    return path


def open_report(page: Page, report: Path) -> None:
    """Open the page and wait until all is drawn; a request or an error fails the test."""
    noticed: list[str] = []
    page.on("request", lambda request: noticed.append(request.url))
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.goto(report.as_uri())
    page.wait_for_selector("body[data-drawn]")
    assert noticed == [report.as_uri()]


def table(page: Page, section: str, caption: str) -> dict[str, list[str]]:
    """The rows of a table by their first cell."""
    found = page.locator(f"#{section} table").filter(has_text=caption).locator("tbody tr")
    rows = [row.locator("td").all_text_contents() for row in found.all()]
    return {row[0]: row[1:] for row in rows}


def test_every_chart_is_drawn_and_told(page: Page, report: Path) -> None:
    open_report(page, report)
    figures = page.locator("figure")
    assert figures.count() >= 7
    for figure in figures.all():
        assert figure.locator("svg g.mark-group path").count() > 5
        assert len(figure.get_attribute("aria-label") or "") > 40
    assert page.locator("details table").count() == figures.count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_of_charts_can_be_read_on_the_page(page: Page, report: Path, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    open_report(page, report)
    letters = page.locator("#chart-lift svg .role-axis-title text").first.get_attribute("fill")
    expected = {"light": "#1d2733", "dark": "#e4e9ee"}
    assert letters == expected[scheme]


def test_numbers_are_those_of_the_marts(
    page: Page, report: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    open_report(page, report)
    by_sample = warehouse.execute(
        f"""
        select model_version, max(auc) filter (sample = 'all_history'),
            max(auc) filter (sample = 'out_of_time')
        from marts.rpt_health_backtest where {JUDGED} group by model_version
        """
    ).fetchall()
    shown = table(page, "baselines", "AUC of each version")
    assert len(by_sample) >= 5
    assert {v: row[1:] for v, row in shown.items()} == {
        version: [f"{all_history:.3f}", f"{out_of_time:.3f}"]
        for version, all_history, out_of_time in by_sample
    }
    champion, band_red = warehouse.execute(
        "select model_version, count(*) filter (final_band = 'red') from marts.fct_health_scores "
        "where is_champion and period_type = 'month_end' and observation_date = '2025-12-31' "
        "group by model_version"
    ).fetchone() or ("", 0)
    assert table(page, "bands", "Customers by final band")["2025-12-31"][0] == str(band_red)
    lifts = warehouse.execute(
        f"""
        select bin, lift from marts.rpt_health_calibration
        where {JUDGED} and model_version = ? and sample = 'all_history' and bin_type = 'decile'
        """,
        [champion],
    ).fetchall()
    shown = table(page, "lift", "Lift by tenth")
    assert {tenth: row[-1] for tenth, row in shown.items()} == {
        tenth: f"{lift:.2f}" for tenth, lift in lifts
    }


def test_champion_and_challenger_differ_as_the_marts_say(
    page: Page, report: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """On observations that both score, so the marts' own numbers may differ in the third place."""
    open_report(page, report)
    shown = table(page, "comparison", "Side by side")
    versions = page.locator("#comparison thead th").all_text_contents()[1:3]
    for position, version in enumerate(versions):
        (auc,) = warehouse.execute(
            f"select max(auc) from marts.rpt_health_backtest where {JUDGED} "
            "and sample = 'out_of_time' and model_version = ?",
            [version],
        ).fetchone() or (0,)
        assert float(shown["AUC"][position]) == pytest.approx(float(auc), abs=0.006)
    assert " to " in shown["AUC"][3]


def test_thin_data_without_a_challenger_is_said(
    page: Page, tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """One month of scores, no outcome yet, no override, no challenger: nothing to judge."""
    work_file = Places.of().work_file
    thin = tmp_path / "thin.duckdb"
    with duckdb.connect(str(thin)) as connection:
        connection.execute(f"attach '{work_file}' as whole (read_only)")
        for schema, names in READ.items():
            connection.execute(f"create schema {schema}")
            for name in names:
                kept = {
                    "fct_health_scores": "is_champion and observation_date = '2025-12-31'",
                    "health_models": "status in ('champion', 'baseline')",
                }.get(name, "true" if schema == "reference" or "dates" in name else "false")
                connection.execute(
                    f"create table {schema}.{name} as from whole.{schema}.{name} where {kept}"
                )
    path = tmp_path / "thin.health.html"
    make_report(thin, path)
    open_report(page, path)
    text = page.locator("body").inner_text()
    for words in (
        "too little to judge the score",
        "There is no challenger",
        "No override has been decided yet",
        "too few accounts that lost something",
        "How to change a weight",
    ):
        assert words in text
    assert "nan" not in text.lower()
    assert page.locator("figure svg").count() == 2  # bands and coverage


def test_coverage_and_its_target_are_the_metrics(
    page: Page, report: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    open_report(page, report)
    shown = {
        month_end: int(covered) / int(managed)
        for month_end, (managed, covered, _) in table(
            page, "coverage", "Customers with a CSM"
        ).items()
    }
    queried = warehouse.execute(
        "select cast(last_day(metric_time__month) as varchar), health_score_coverage "
        "from metrics.monthly_health where health_score_coverage is not null"
    ).fetchall()
    assert shown == pytest.approx(dict(queried))
    (target,) = warehouse.execute(
        "select target from metadata.dim_metrics where metric_name = 'health_score_coverage'"
    ).fetchone() or (None,)
    assert f"the target is {100 * float(target):.0f} %" in page.inner_text("#coverage")
