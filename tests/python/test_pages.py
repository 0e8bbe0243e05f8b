"""The executive pages in a real browser: what they say, for whom, and that they ask nobody else."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import open_browser, self_contained
from playwright.sync_api import Page as BrowserPage

from scripts.formats import change_text, month_text, value_text
from scripts.pages import overview, retention
from scripts.pages import site as pages_site
from scripts.pages.facts import FILTERS, Facts
from scripts.pages.parts import ALL, Chart, Cube, Kpi, Kpis, Page
from scripts.pages.site import builders, texts_of, write_site
from scripts.parsed_project import read_manifest
from scripts.project import Places, UserError

KEYS = [
    "overview",
    "six_fires",
    "retention",
    "renewals",
    "health",
    "adoption",
    "support",
    "operations",
]
# What is chosen in each page, and besides in the first: a query of its own for each chart.
CHOSEN = {"segment": "mid_market", "team": "usr_mgr003", "from": "2025-07", "to": "2026-03"}
ALSO_CHOSEN = {"overview": [{"region": "emea"}]}
FIRST_OF_24_MONTHS = date(2024, 7, 1)
LAST_MONTH = date(2026, 6, 1)  # of the demo
MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def facts() -> Iterator[Facts]:
    """Of the file that `make build` published."""
    facts = Facts(Places.of().published_file)
    yield facts
    facts.close()


@pytest.fixture(scope="module")
def tables() -> dict[str, set[str]]:
    """The tables that each page reads rows of, filled in by `pages`."""
    return {}


@pytest.fixture(scope="module")
def pages(facts: Facts, tables: dict[str, set[str]]) -> dict[str, Page]:
    assert facts.as_of  # read of the run once, which no page is about
    found = {}
    for build in builders():
        facts.tables.clear()
        page = build(facts)
        found[page.key], tables[page.key] = page, set(facts.tables)
    return found


@pytest.fixture(scope="module")
def folder(facts: Facts, pages: dict[str, Page], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the site lies; its pages are written once for all tests."""
    folder = tmp_path_factory.mktemp("site") / "bellwether.pages"
    folder.mkdir()
    for name, text in texts_of(list(pages.values()), facts).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def opened() -> Iterator[BrowserPage]:
    with open_browser() as page:
        yield page


@pytest.fixture
def browser(opened: BrowserPage) -> Iterator[BrowserPage]:
    """The browser; a request beyond the site's files or an error of a page is a failure."""
    with self_contained(opened):
        opened.goto("about:blank")
        yield opened
    opened.emulate_media(media="screen", color_scheme="light")
    opened.set_viewport_size({"width": 1400, "height": 1000})


def open_page(browser: BrowserPage, folder: Path, key: str, **chosen: str) -> None:
    """Open a page with what is chosen in its address, and wait until it is drawn."""
    address = "&".join(f"{name}={value}" for name, value in chosen.items())
    browser.goto("about:blank")
    browser.goto(f"{(folder / f'{key}.html').as_uri()}#{address}")
    drawn(browser)


def drawn(browser: BrowserPage) -> None:
    browser.wait_for_selector("body[data-drawn]", timeout=20_000)


def choose(browser: BrowserPage, **chosen: str) -> None:
    """Set filters as a reader does."""
    for name, value in chosen.items():
        browser.locator(f"select[name={name}]").select_option(value)
        drawn(browser)


# --- The numbers ----------------------------------------------------------------------


def period_of(chosen: Mapping[str, str]) -> tuple[date, date]:
    """First days of the first and last month of the period that is chosen."""
    first = chosen.get("from")
    last = chosen.get("to")
    return (
        date.fromisoformat(f"{first}-01") if first else FIRST_OF_24_MONTHS,
        date.fromisoformat(f"{last}-01") if last else LAST_MONTH,
    )


def conditions(cube: Cube, chosen: Mapping[str, str]) -> list[str]:
    """The filters as conditions of a query; a filter the metrics don't know has none."""
    return [
        f"{cube.dimensions[name]} = '{value}'"
        for name, value in chosen.items()
        if name in cube.filters
    ]


def answers(
    facts: Facts, cube: Cube, chosen: Mapping[str, str], split: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """What the metric query itself gives for a selection: conditions, where a page has places."""
    beside = [name for name in cube.filters if name in split]
    group_by = [f"metric_time__{cube.period}"]
    group_by += [cube.dimensions[name] for name in (*beside, *cube.extra)]
    where = [*cube.where, *conditions(cube, chosen)]
    rows = facts.engine.query(cube.metrics, group_by, where).to_pylist()
    found = []
    for row in rows:
        day = row[group_by[0]]
        if day is None or all(row[metric] is None for metric in cube.metrics):
            continue
        if cube.period == "quarter":
            day = (day + timedelta(days=70)).replace(day=1)  # the quarter's last month
        found.append(row | {"month": day})
    return found


def is_shown(chart: Chart, day: date, first: date, last: date) -> bool:
    step = 3 if chart.cube.period == "quarter" else 1
    months = (last.year - day.year) * 12 + last.month - day.month
    before = (first - timedelta(days=1)).replace(day=1)
    return {
        "period": first <= day <= last,
        "before": before <= day <= last,
        "end": 0 <= months < step,
        "ahead": day > LAST_MONTH,
        "always": True,
    }[chart.months]


def expected_table(facts: Facts, chart: Chart, chosen: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The rows below a chart, as texts."""
    first, last = period_of(chosen)
    cube = chart.cube
    named = [name for name in cube.filters if name in chart.split] + list(cube.extra)
    rows = []
    for row in answers(facts, cube, chosen, chart.split):
        if not is_shown(chart, row["month"], first, last):
            continue
        places = []
        for name in named:
            value = row[cube.dimensions[name]]
            labels = dict(zip(cube.values[name], cube.labels(name), strict=True))
            absent = cube.none if name in cube.extra else "unassigned"
            places.append(labels[absent if value is None else str(value)])
        values = [
            value_text(row[metric], facts.metric(metric).meta["unit"]) for metric in chart.metrics
        ]
        rows.append((month_text(row["month"]), *places, *values))
    return sorted(rows)


def shown_tables(browser: BrowserPage) -> dict[str, list[tuple[str, ...]]]:
    """The rows below every chart of the page."""
    found = browser.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("figure")].map(figure => [
            figure.id,
            [...figure.querySelectorAll("details tbody tr")].map(
                row => [...row.cells].map(cell => cell.textContent))]))"""
    )
    return {key: sorted(map(tuple, rows)) for key, rows in found.items()}


def nearly_same(text: str, expected: str) -> bool:
    """Whether two texts are the same, or differ by one in the last digit that is shown."""
    if text == expected:
        return True
    digits = [re.sub(r"[^\d.]", "", each) for each in (text, expected)]
    if not all(digits) or re.sub(r"[\d.,]", "", text) != re.sub(r"[\d.,]", "", expected):
        return False
    decimals = len(digits[0].partition(".")[2])
    return abs(float(digits[0]) - float(digits[1])) <= 1.0001 * 10**-decimals


@pytest.mark.parametrize("key", KEYS)
def test_each_chart_shows_what_the_metric_query_gives(
    browser: BrowserPage, folder: Path, facts: Facts, pages: dict[str, Page], key: str
) -> None:
    for chosen in [CHOSEN, *ALSO_CHOSEN.get(key, [])]:
        open_page(browser, folder, key, **chosen)
        tables = shown_tables(browser)
        assert set(tables) == {chart.key for chart in pages[key].charts}
        for chart in pages[key].charts:
            assert tables[chart.key] == expected_table(facts, chart, chosen), chart.key
        for place, kpi in kpis_of(pages[key]).items():
            value = browser.locator(f"[data-kpi='{place}'] .value").text_content()
            assert value == expected_kpi(facts, kpi, chosen), (place, kpi.metric)


def kpis_of(page: Page) -> dict[str, Kpi]:
    parts = [part for part in page.parts if isinstance(part, Kpis)]
    return {f"{part.key}.{at}": kpi for part in parts for at, kpi in enumerate(part.kpis)}


def expected_kpi(facts: Facts, kpi: Kpi, chosen: Mapping[str, str]) -> str:
    first, last = period_of(chosen)
    values = {row["month"]: row[kpi.metric] for row in answers(facts, kpi.cube, chosen)}
    step = 3 if kpi.cube.period == "quarter" else 1
    earliest = first if kpi.latest else _months_before(last, step - 1)
    shown = [day for day in values if earliest <= day <= last and values[day] is not None]
    value = values[max(shown)] if shown else None
    return value_text(value, facts.metric(kpi.metric).meta["unit"], compact=True)


def _months_before(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def test_a_tile_tells_value_change_and_month(
    browser: BrowserPage, folder: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """By hand from the exported table: NRR of the company in June, a year before and in March."""
    values = dict(
        warehouse.execute(
            "select strftime(metric_time__month, '%Y-%m'), net_revenue_retention "
            "from metrics.monthly_revenue"
        ).fetchall()
    )
    open_page(browser, folder, "retention")
    tile = browser.locator("#retention_now .tile").first
    assert tile.locator(".value").inner_text() == value_text(values["2026-06"], "ratio")
    change = change_text(values["2026-06"] - values["2025-06"], "ratio")
    assert tile.locator(".change").inner_text() == f"{change} in a year"
    choose(browser, to="2026-03")
    assert tile.locator(".value").inner_text() == value_text(values["2026-03"], "ratio")


def test_the_bridge_adds_up_to_the_movements_of_the_period(
    browser: BrowserPage, folder: Path, facts: Facts
) -> None:
    """Each bar is one query over the whole period; what is left over is of a selection alone."""
    first, last, end = date(2025, 7, 1), date(2026, 3, 1), date(2026, 3, 31)
    movements = {
        "new_mrr": "New",
        "reactivation_mrr": "Reactivation",
        "expansion_mrr": "Expansion",
        "contraction_mrr": "Contraction",
        "churned_mrr": "Churn",
        "fx_mrr": "Exchange rates",
    }
    for chosen in ({}, {"segment": "smb"}):
        where = [f"account__segment = '{value}'" for value in chosen.values()]
        (moved,) = facts.engine.query(list(movements), [], where, start=first, end=end).to_pylist()
        level = {
            row["metric_time__month"]: row["mrr"]
            for row in facts.engine.query(["mrr"], ["metric_time__month"], where).to_pylist()
        }
        before, after = level[date(2025, 6, 1)], level[last]
        rest = after - before - sum(value or 0 for value in moved.values())
        amounts = {"MRR before": before, "MRR at the end": after} | {
            name: moved[metric] or 0 for metric, name in movements.items()
        }
        if abs(rest) >= 0.5:
            amounts["Other segment, region or team"] = rest
        open_page(browser, folder, "retention", **{"from": "2025-07", "to": "2026-03"}, **chosen)
        assert {
            told["step"]: in_figures(told["finish"]) - in_figures(told["begin"])
            for told in bars_of(browser, "mrr_bridge")
        } == {name: pytest.approx(float(value), abs=0.006) for name, value in amounts.items()}
        assert bool(chosen) == ("Other segment, region or team" in amounts)


def bars_of(browser: BrowserPage, key: str) -> list[dict[str, str]]:
    """What each bar of a chart, as it is drawn, says of itself."""
    marks = browser.evaluate(
        """key => [...document.querySelectorAll(`#${key} path[aria-roledescription=bar]`)].map(
            bar => bar.getAttribute("aria-label"))""",
        key,
    )
    return [dict(part.split(": ", 1) for part in mark.split("; ")) for mark in marks]


def in_figures(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def test_reasons_are_added_up_over_the_period(
    browser: BrowserPage, folder: Path, facts: Facts
) -> None:
    open_page(browser, folder, "retention", **{"from": "2025-07", "to": "2026-03"})
    lost = facts.engine.query(
        ["mrr_change"],
        ["mrr_movement_reason__reason"],
        ["mrr_movement_reason__movement_type = 'churn'"],
        start=date(2025, 7, 1),
        end=date(2026, 3, 31),
    ).to_pylist()
    drawn_bars = {told["reason"]: told["value"] for told in bars_of(browser, "churn_reasons")}
    assert {reason: in_figures(value) for reason, value in drawn_bars.items()} == {
        row["mrr_movement_reason__reason"].replace("_", " "): pytest.approx(
            float(row["mrr_change"]), abs=0.006
        )
        for row in lost
    }


def test_the_scorecard_has_value_target_and_status_of_the_scorecard_table(
    browser: BrowserPage, folder: Path, pages: dict[str, Page], facts: Facts
) -> None:
    known = {
        (row["metric"], row["segment"], row["period_end"]): row
        for row in facts.rows(
            "marts.rpt_kpi_scorecard",
            ["metric", "segment", "period_end", "value", "target", "status", "unit"],
        )
    }
    listed = kpis_of(pages["overview"])
    scorecard = {at: kpi for at, kpi in listed.items() if at.startswith("scorecard")}
    assert {kpi.metric for kpi in scorecard.values()} == {metric for metric, *_ in known}
    open_page(browser, folder, "overview")
    for chosen, month_end in (
        ({}, date(2026, 6, 30)),
        ({"segment": "smb", "to": "2026-03"}, date(2026, 3, 31)),
    ):
        choose(browser, **chosen)
        for place, kpi in scorecard.items():
            segment = chosen.get("segment", ALL) if "segment" in kpi.cube.filters else ALL
            row = known.get((kpi.metric, segment, month_end))
            line = browser.locator(f"[data-kpi='{place}']")
            value, target, status = (
                line.locator(f".{name}").text_content() for name in ("value", "target", "status")
            )
            if row is None:
                assert status == "no target", (kpi.metric, segment)
                continue
            assert nearly_same(value, value_text(row["value"], row["unit"], compact=True)), place
            assert target == value_text(row["target"], row["unit"]), kpi.metric
            assert status.lstrip("✓≈✗ ") == row["status"].replace("_", " "), kpi.metric
    choose(browser, region="emea")
    statuses = {
        browser.locator(f"[data-kpi='{place}'] .status").text_content()
        for place, kpi in scorecard.items()
        if "region" in kpi.cube.filters
    }
    assert statuses == {"no target"}


def test_a_filter_that_a_metric_is_not_told_by_says_so(browser: BrowserPage, folder: Path) -> None:
    open_page(browser, folder, "renewals")
    told = browser.locator("#forecast_bias .unfiltered")
    assert told.text_content() == ""
    choose(browser, segment="smb")
    assert told.text_content() == ""  # forecasts are told by segment
    choose(browser, region="emea", team="usr_mgr001")
    assert told.text_content() == "Whatever the region or CSM team."
    assert browser.locator("#renewal_rates .unfiltered").text_content() == ""


def test_rows_of_a_table_follow_the_filters(
    browser: BrowserPage, folder: Path, facts: Facts
) -> None:
    rows = facts.rows(
        "marts.rpt_renewal_pipeline", ["account_name", "segment", "is_due_within_90_days"]
    )
    due = [row for row in rows if row["is_due_within_90_days"]]
    open_page(browser, folder, "renewals")
    names = browser.locator("#due_soon tr.fact:visible td:first-child")
    assert sorted(names.all_inner_texts()) == sorted(row["account_name"] for row in due)
    choose(browser, segment="enterprise")
    enterprise = [row["account_name"] for row in due if row["segment"] == "enterprise"]
    assert 0 < len(enterprise) < len(due)
    assert sorted(names.all_inner_texts()) == sorted(enterprise)
    # What comes up of a team is what the metric says comes up of it, to the cent.
    choose(browser, segment=ALL, region="emea", team="usr_mgr002")
    (coming,) = facts.engine.query(
        ["expiring_arr"],
        [],
        [
            "renewal__is_open = true",
            "account__region = 'emea'",
            "account__csm_manager_id = 'usr_mgr002'",
            "renewal__term_end_date__day <= '2026-09-28'",
            "renewal__term_end_date__day > '2026-06-30'",
        ],
    ).to_pylist()
    amounts = browser.locator("#due_soon tr.fact:visible td.number").all_inner_texts()
    shown = sum(int(re.sub(r"[$,]", "", amount)) for amount in amounts)
    assert shown == pytest.approx(float(coming["expiring_arr"]), abs=len(amounts))
    assert browser.locator("#due_soon .unfiltered").text_content() == ""


def test_values_are_written_as_everywhere_else(browser: BrowserPage, folder: Path) -> None:
    """The page's script writes numbers itself, by the table of scripts/formats.py."""
    units = ["usd", "ratio", "times", "days", "score", "accounts", "anything"]
    values = [None, 0, 0.5, -0.4, 0.0715, -0.05, 0.11249, 1.005, 2.25, 12.35, 23.44, 999.4]
    values += [999.96, 1234567.5, 949_950, 999_949, 999_950, -1_500_000, 2_300_000_000]
    cases = [(value, unit, compact) for value in values for unit in units for compact in (0, 1)]
    open_page(browser, folder, "overview")
    script = "cases => cases.map(([value, unit, compact]) => valueText(value, unit, !!compact))"
    found = dict(zip(map(str, cases), browser.evaluate(script, cases), strict=True))
    assert found == {str(case): value_text(*case) for case in cases}
    changes = [(value, unit) for value, unit, compact in cases if not compact]
    script = "cases => cases.map(([value, unit]) => changeText(value, unit))"
    found = dict(zip(map(str, changes), browser.evaluate(script, changes), strict=True))
    assert found == {str(each): change_text(*each, compact=True) for each in changes}


# --- For every reader -----------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
def test_every_page_can_be_read_by_everyone(
    browser: BrowserPage, folder: Path, pages: dict[str, Page], key: str
) -> None:
    """Contrast and names by axe-core in both themes; no sideways scrolling on a phone; in print."""
    axe = Axe()
    # A chart is one picture with a text; its inks are those of the page. Tables are all alike.
    outside = {"exclude": [[".chart svg"], ["details .scroll"]]}
    open_page(browser, folder, key)
    for scheme, rules in (("dark", ["cat.color"]), ("light", ["wcag2a", "wcag2aa"])):
        browser.emulate_media(color_scheme=scheme)
        drawn(browser)
        results = axe.run(browser, outside, {"runOnly": rules})
        assert results.violations_count == 0, results.generate_report()
    for chart in pages[key].charts:
        figure = browser.locator(f"figure#{chart.key}")
        assert figure.locator(".chart svg").bounding_box()["width"] > 300, chart.key
        told = figure.locator(".chart").get_attribute("aria-label")
        assert told.startswith(f"{chart.title}. ")
        assert re.search(r"\S in [A-Z][a-z]{2} \d{4}", told), told
    browser.set_viewport_size({"width": 390, "height": 800})
    open_page(browser, folder, key)
    assert browser.evaluate("document.documentElement.scrollWidth") <= 390
    browser.emulate_media(media="print")
    assert not browser.locator("nav").is_visible()
    assert not browser.locator("select").first.is_visible()
    assert browser.locator("h1").is_visible()


def test_what_a_chart_says_in_words(browser: BrowserPage, folder: Path, facts: Facts) -> None:
    values = {
        row["metric_time__month"]: row["net_revenue_retention"]
        for row in facts.engine.query(
            ["net_revenue_retention"], ["metric_time__month"], ["account__segment = 'smb'"]
        ).to_pylist()
    }
    open_page(browser, folder, "retention", segment="smb", **{"from": "2026-01"})
    first, last = (value_text(values[day], "ratio") for day in (date(2026, 1, 1), LAST_MONTH))
    told = browser.locator("#net_revenue_retention_by_segment .chart").get_attribute("aria-label")
    assert told == (
        f"Net revenue retention (NRR) by segment. NRR, smb: from {first} in Jan 2026 to {last} in "
        "Jun 2026. All numbers are in the table below."
    )


def test_a_dark_page_is_printed_on_white(browser: BrowserPage, folder: Path) -> None:
    browser.emulate_media(color_scheme="dark")
    open_page(browser, folder, "retention", segment="smb")
    label = "#retention_by_month .role-legend-label text"
    ink = browser.locator(label).first.get_attribute("fill")
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    drawn(browser)
    assert browser.locator(label).first.get_attribute("fill") != ink
    browser.evaluate("dispatchEvent(new Event('afterprint'))")
    drawn(browser)
    assert browser.locator(label).first.get_attribute("fill") == ink
    browser.emulate_media(media="print", color_scheme="dark")
    assert browser.locator("#chosen").inner_text() == (
        "Segment: smb · Region: all · CSM team: all · From: Jul 2024 · To: Jun 2026"
    )
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )


def test_by_keyboard_alone(browser: BrowserPage, folder: Path) -> None:
    open_page(browser, folder, "overview")
    order = []
    for _ in range(len(KEYS) + 10):
        browser.keyboard.press("Tab")
        order.append(
            browser.evaluate(
                "document.activeElement.id || document.activeElement.textContent.trim()"
            )
        )
    titles = browser.locator("nav a").all_inner_texts()
    assert order[: len(titles) + 7] == [
        "To the numbers",
        *titles,
        *FILTERS,
        "from",
        "to",
        "Reset",
    ]
    browser.locator("#segment").focus()
    browser.keyboard.press("ArrowDown")
    drawn(browser)
    assert browser.locator("#segment").input_value() == "enterprise"
    assert browser.evaluate("location.hash") == "#segment=enterprise"
    browser.locator(".skip").focus()
    browser.keyboard.press("Enter")
    browser.keyboard.press("Tab")
    inside = "document.activeElement.closest('main') !== null"
    assert browser.evaluate(inside)
    assert browser.locator("#segment").input_value() == "enterprise"


# --- From page to page, and to the dictionary ------------------------------------------


def test_what_is_chosen_goes_along_to_the_next_page(browser: BrowserPage, folder: Path) -> None:
    open_page(browser, folder, "overview")
    choose(browser, segment="smb", to="2026-03")
    browser.locator("nav a", has_text="Retention").click()
    drawn(browser)
    assert browser.locator("h1").inner_text() == "Retention"
    assert browser.locator("#segment").input_value() == "smb"
    assert browser.locator("#to").input_value() == "2026-03"
    browser.locator("button[type=reset]").click()
    drawn(browser)
    assert browser.locator("#segment").input_value() == ALL
    assert browser.evaluate("location.hash") in ("", "#")


@pytest.mark.parametrize("key", KEYS)
def test_a_page_links_pages_and_definitions_and_may_use_nothing_but_itself(
    folder: Path, facts: Facts, pages: dict[str, Page], key: str
) -> None:
    text = (folder / f"{key}.html").read_text()
    links = set(re.findall(r'href="([^"]*)"', text.partition("<script")[0])) - {"#content"}
    others = {f"{other}.html" for other in KEYS}
    definitions = {f"../bellwether.dictionary.html#{metric}" for metric in pages[key].metrics}
    assert links == others | definitions | {"../bellwether.dictionary.html"}
    assert pages[key].metrics <= set(facts.engine.metrics)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy.partition("style-src")[0]
    assert len(text.encode()) < MOST_BYTES
    for metric in pages[key].metrics:
        assert facts.metric(metric).meta["owner"] in text
    assert "30 Jun 2026" in text


def test_the_same_file_makes_the_same_page(facts: Facts, pages: dict[str, Page]) -> None:
    facts._cubes.clear()  # so that everything is asked again
    again = [cube.as_json() for cube in retention.page(facts).cubes]
    assert again == [cube.as_json() for cube in pages["retention"].cubes]


@pytest.mark.parametrize("key", KEYS)
def test_lineage_ends_at_the_page(
    pages: dict[str, Page], tables: dict[str, set[str]], key: str
) -> None:
    """Its exposure names every metric and table that the page shows, and no other."""
    exposures = read_manifest(Places.of().manifest)["exposures"].values()
    (exposure,) = (each for each in exposures if each["name"] == f"page_{key}")
    nodes = exposure["depends_on"]["nodes"]
    metrics = {node.rpartition(".")[2] for node in nodes if node.startswith("metric.")}
    models = {node.rpartition(".")[2] for node in nodes if node.startswith("model.")}
    assert metrics == pages[key].metrics
    assert models == {table.partition(".")[2] for table in tables[key]}


# --- What can go wrong ----------------------------------------------------------------


def test_a_segment_that_vanished(browser: BrowserPage, folder: Path) -> None:
    open_page(browser, folder, "retention", segment="galactic", to="1999-01")
    said = browser.locator("#selection").inner_text()
    assert (
        said == "There is no Segment “galactic” and no To “1999-01” (any more), so all are shown."
    )
    assert browser.locator("#segment").input_value() == ALL
    assert browser.locator("#to").input_value() == "2026-06"
    choose(browser, segment="smb")
    assert browser.locator("#selection").inner_text() == ""


def test_what_is_chosen_is_text_and_nothing_else(browser: BrowserPage, folder: Path) -> None:
    evil = "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E';%20drop%20table%20x;--%20%7B%7B7*7%7D%7D"
    open_page(browser, folder, "retention", segment=evil)
    assert "<img src=x onerror=alert(1)>'; drop table x;-- {{7*7}}" in (
        browser.locator("#selection").inner_text()
    )
    assert browser.locator("#selection img").count() == 0


def test_a_period_that_ends_before_it_begins_or_holds_nothing(
    browser: BrowserPage, folder: Path
) -> None:
    open_page(browser, folder, "retention", **{"from": "2026-03", "to": "2025-03"})
    assert "ends before it begins" in browser.locator("#selection").inner_text()
    assert browser.locator("#retention_by_month .empty").is_visible()
    # Nothing is a year old in the first month.
    open_page(browser, folder, "retention", **{"from": "2022-06", "to": "2022-06"})
    assert browser.locator("#retention_by_month .empty").is_visible()
    assert not browser.locator("#retention_by_month .chart").is_visible()
    assert browser.locator("#retention_now .value").first.inner_text() == "–"
    assert not browser.locator("#mrr_movements .empty").is_visible()
    assert "nan" not in browser.locator("main").inner_text().lower()


def test_no_file_to_show(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run `make build` first"):
        write_site(tmp_path / "absent.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_an_older_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric or a table that is not there yet stops it before anything is written."""
    published = Places.of().published_file
    old = tmp_path / "old.duckdb"
    old.symlink_to(published)
    manifest = json.loads(published.with_suffix(".semantic_manifest.json").read_text())
    manifest["metrics"] = [m for m in manifest["metrics"] if m["name"] != "arr_at_risk"]
    manifest["saved_queries"] = []
    (tmp_path / "old.semantic_manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(pages_site, "builders", lambda: [overview.page])
    with pytest.raises(UserError, match="another version: it has no metric arr_at_risk"):
        write_site(old)
    assert not (tmp_path / "old.pages").exists()


@pytest.mark.parametrize(
    ("as_of", "last"),
    [
        (date(2026, 6, 30), date(2026, 6, 1)),
        (date(2026, 6, 29), date(2026, 5, 1)),
        (date(2026, 1, 1), date(2025, 12, 1)),
        (date(2024, 2, 29), date(2024, 2, 1)),
    ],
)
def test_a_month_counts_when_it_is_over(as_of: date, last: date) -> None:
    facts = Facts.__new__(Facts)
    facts.__dict__["as_of"] = as_of
    assert facts.last_month == last
