"""The metric dictionary: what it says, and that it is found, read and walked through offline."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from browser import open_browser, self_contained
from playwright.sync_api import Page

from scripts.dictionary import (
    Dictionary,
    Entry,
    Series,
    grain_of,
    mentions,
    page_of,
    sparkline,
    steps_of,
)
from scripts.project import Places

NRR = "net_revenue_retention"


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    """Of the build that `make build` left."""
    return Dictionary(Places.of())


@pytest.fixture(scope="module")
def entries(dictionary: Dictionary) -> dict[str, Entry]:
    found = {entry.metric.name: entry for entry in dictionary.entries()}
    dictionary.keep(Places.of())
    return found


@pytest.fixture(scope="module")
def file(entries: dict[str, Entry], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dictionary") / "bellwether.dictionary.html"
    path.write_text(page_of(entries.values(), path.with_name("bellwether.duckdb")))
    return path


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    with open_browser() as page:
        yield page


@pytest.fixture
def page(browser_page: Page, file: Path) -> Iterator[Page]:
    """The dictionary, opened; a request to the network or an error of the page is a failure."""
    with self_contained(browser_page):
        browser_page.goto("about:blank")
        browser_page.goto(file.as_uri())
        yield browser_page


def shown(page: Page) -> set[str]:
    """Names of the metrics that are not filtered away."""
    return set(page.eval_on_selector_all("article:not([hidden])", "all => all.map(a => a.id)"))


def test_search_finds_by_name_and_by_words(page: Page, entries: dict[str, Entry]) -> None:
    assert shown(page) == set(entries)
    page.locator("#search").fill("NRR")
    assert NRR in shown(page)
    assert len(shown(page)) < 10
    page.locator("#search").fill("no such thing")
    assert shown(page) == set()
    assert page.locator("#count").inner_text() == "0 metrics"


def test_filter_by_owner_domain_and_tier(page: Page, entries: dict[str, Entry]) -> None:
    page.locator("#owner").select_option("Support operations")
    owned = {n for n, e in entries.items() if e.metric.meta["owner"] == "Support operations"}
    assert shown(page) == owned
    assert owned
    page.locator("#tier").select_option("1")
    of_tier = {n for n in owned if entries[n].metric.meta["tier"] == 1}
    assert shown(page) == of_tier
    page.locator("#owner").select_option("")
    page.locator("#tier").select_option("")
    page.locator("#domain").select_option("renewals")
    assert shown(page) == {n for n, e in entries.items() if e.domain == "renewals"}


def test_an_opened_metric_says_everything(page: Page, entries: dict[str, Entry]) -> None:
    article = page.locator(f"article#{NRR}")
    article.locator("summary").first.click()
    text = article.inner_text()
    for words in (
        "Net revenue retention (NRR)",
        "twelve months ago",
        "Revenue operations",
        "1.1",
        "retention_mrr_now ÷ retention_mrr_then",
        "sum of mrr, at the last month_start of the period, in fct_account_retention",
        "One row per",
        "account__segment",
        "enterprise",
        "crm, billing",
        "billing.subscription_charges",
        "unit_price",
        "KPI overview",
        "metrics.monthly_revenue",
        "data tests of its models passed",
        "Version 1 from 2024-01-01",
    ):
        assert words in text, words
    assert page.evaluate("location.hash") == f"#{NRR}"
    article.get_by_text("SQL by month").click()
    assert "fct_account_retention" in article.locator("pre").inner_text()


def test_deep_link_opens_the_metric(page: Page, file: Path) -> None:
    page.goto("about:blank")
    page.goto(f"{file.as_uri()}#{NRR}")
    summary = page.locator(f"article#{NRR} summary").first
    assert page.locator(f"article#{NRR} > details").get_attribute("open") is not None
    page.keyboard.press("Tab")
    assert summary.evaluate("element => element === document.activeElement")
    assert 0 <= summary.bounding_box()["y"] < 400


def test_deep_link_to_what_is_filtered_away_clears_the_filter(page: Page) -> None:
    page.locator("#owner").select_option("Support operations")
    page.evaluate(f"location.hash = '{NRR}'")
    page.locator(f"article#{NRR} pre").wait_for(state="attached")
    assert page.locator("#owner").input_value() == ""
    assert NRR in shown(page)


def test_by_keyboard_alone(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("gross revenue retention")
    page.keyboard.press("ArrowDown")
    focused = "document.activeElement.closest('article')?.id"
    first = page.evaluate(focused)
    assert first in shown(page)
    page.keyboard.press("Enter")
    assert page.locator(f"article#{first} > details").get_attribute("open") is not None
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Escape")
    assert page.locator("#search").input_value() == ""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "owner"


def test_it_may_use_nothing_but_itself(file: Path) -> None:
    text = file.read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", text)


def test_nothing_runs_over_the_edge_of_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.locator(f"article#{NRR} summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1400, "height": 1000})


def test_every_metric_has_what_the_page_promises(entries: dict[str, Entry]) -> None:
    for name, entry in entries.items():
        assert entry.steps[0].name == name
        assert all(step.formula for step in entry.steps), name
        assert all(entry.grains.values()), name
        assert entry.metric.dimensions, name
        assert entry.origins["VALUE"] or entry.origins["FILTER"], name
        assert entry.tests, name
        assert entry.versions, name
        assert entry.sql.startswith("SELECT") or "WITH" in entry.sql


def test_values_are_those_of_the_table(entries: dict[str, Entry], warehouse: Any) -> None:
    company = entries[NRR].company
    values = warehouse.execute(
        "select month_start, value from metadata.fct_metric_values "
        "where metric_name = ? and segment = 'all' and value is not null order by 1",
        [NRR],
    ).fetchall()
    assert list(zip(company.months, company.values, strict=True)) == values


MANIFEST = {
    "semantic_models": {
        "s": {
            "name": "sales",
            "node_relation": {"alias": "fct_sales"},
            "defaults": {"agg_time_dimension": "day"},
        }
    },
    "metrics": {},
}


def metric(name: str, filter_: str = "", **parameters: Any) -> dict[str, Any]:
    keys = (
        "numerator",
        "denominator",
        "expr",
        "metric_aggregation_params",
        "cumulative_type_params",
        "conversion_type_params",
        "fill_nulls_with",
    )
    where = {"where_filters": [{"where_sql_template": filter_}]} if filter_ else None
    return {
        "name": name,
        "filter": where,
        "type_params": dict.fromkeys(keys) | {"metrics": []} | parameters,
    }


def given(name: str, filter_: str = "", **more: Any) -> dict[str, Any]:
    where = {"where_filters": [{"where_sql_template": filter_}]} if filter_ else None
    empty = {"filter": where, "alias": None, "offset_window": None, "offset_to_grain": None}
    return {"name": name} | empty | more


SUM = {
    "semantic_model": "sales",
    "agg": "sum",
    "agg_time_dimension": None,
    "non_additive_dimension": None,
}
SALES = metric("sales", "{{ Dimension('sale__kind') }} = 'won'", metric_aggregation_params=SUM)
MONTH = {"count": 1, "granularity": "month"}


@pytest.mark.parametrize(
    ("made", "formula"),
    [
        (metric("m", metric_aggregation_params=SUM, expr="a * b"), "sum of a * b"),
        (
            metric(
                "m",
                metric_aggregation_params={
                    **SUM,
                    "agg": "count_distinct",
                    "non_additive_dimension": {"name": "day", "window_choice": "max"},
                },
                fill_nulls_with=0,
            ),
            "number of different m, at the last day of the period; 0 where there is none",
        ),
        (metric("m", numerator=given("sales"), denominator=given("sales")), "sales ÷ sales"),
        (
            metric(
                "m",
                expr="sales - then",
                metrics=[given("sales"), given("sales", alias="then", offset_window=MONTH)],
            ),
            "sales - then; then is sales, 1 month before",
        ),
        (
            metric(
                "m", expr="sales", metrics=[given("sales", "{{ TimeDimension('day', 'year') }}")]
            ),
            "sales; sales where day__year",
        ),
        (
            metric(
                "m",
                cumulative_type_params={
                    "metric": given("sales"),
                    "window": {"count": 3, "granularity": "month"},
                    "grain_to_date": None,
                },
            ),
            "sales, over 3 months",
        ),
        (
            metric(
                "m",
                cumulative_type_params={
                    "metric": given("sales"),
                    "window": None,
                    "grain_to_date": "year",
                },
            ),
            "sales, year to date",
        ),
        (
            metric(
                "m",
                cumulative_type_params={
                    "metric": given("sales"),
                    "window": None,
                    "grain_to_date": None,
                },
            ),
            "sales, from the beginning",
        ),
        (
            metric(
                "m",
                conversion_type_params={
                    "base_metric": given("sales"),
                    "conversion_metric": given("sales"),
                    "window": MONTH,
                    "entity": "account",
                },
            ),
            "share of sales followed by sales within 1 month, per account",
        ),
    ],
)
def test_a_formula_in_words(made: dict[str, Any], formula: str) -> None:
    manifest = MANIFEST | {"metrics": {"m": made, "sales": SALES}}
    steps = steps_of(manifest, "m")
    assert steps[0].formula == formula
    if len(steps) > 1:
        assert (steps[1].name, steps[1].model, steps[1].time) == ("sales", "fct_sales", "day")
        assert steps[1].filters == ["sale__kind = 'won'"]


def test_a_series_looks_back_by_calendar_months() -> None:
    months = [date(2025, 6, 1), date(2026, 4, 1), date(2026, 6, 1)]
    series = Series("all", months, [Decimal(1), Decimal(2), Decimal(3)])
    assert (series.latest, series.before(1), series.before(2), series.before(12)) == (3, None, 2, 1)


def test_a_sparkline_goes_from_corner_to_corner() -> None:
    assert sparkline([Decimal(0), Decimal(10)]) == "2.0,26.0 118.0,2.0"
    assert sparkline([Decimal(5)]) == "2.0,14.0"


def test_the_grain_is_the_sentence_that_says_so() -> None:
    assert grain_of("Words.  One row per\naccount and day. More.") == "One row per account and day."
    assert grain_of("Nothing of the kind.") == ""


def test_entries_of_the_changelog_that_name_a_metric() -> None:
    changelog = (
        "# Changelog\n\n## [Unreleased]\n\n### Added\n- `arr` and\n  `mrr` count more.\n- `nps`.\n"
        "\n## [1.0.0]\n\n- `mrr_change` is new.\n"
    )
    assert mentions(changelog, "mrr") == ["Unreleased: `arr` and `mrr` count more."]
    assert mentions(changelog, "mrr_change") == ["1.0.0: `mrr_change` is new."]
