"""The dictionary, opened from the file system in a real browser without a network."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import open_browser, self_contained
from playwright.sync_api import Page

from scripts.docs import link_dictionary
from scripts.parsed_project import read_manifest
from scripts.project import PUBLISHED_FILE, Places, sibling


@pytest.fixture(scope="module")
def site() -> Path:
    """The page that `make build` wrote beside the published file."""
    return sibling(PUBLISHED_FILE, "docs.html")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return read_manifest(Places.of().manifest)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as page:
        yield page


def shown(page: Page, site: Path, address: str, expected: str) -> str:
    """Opens a page of the site; gives its text once the expected heading is there.

    Anything the page asks of the network, and any error it raises, fails the test.
    """
    # The browser complains of addresses that dbt's page has not filled in yet.
    with self_contained(page, console=False):
        # leave first: another address of the same file would not load it anew
        page.goto("about:blank")
        page.goto(f"{site.as_uri()}#!/{address}")
        page.get_by_role("heading", name=expected).first.wait_for()
        text = page.locator("[ui-view].app-body").inner_text()
    return " ".join(text.split())


def test_overview_is_the_projects_own(page: Page, site: Path) -> None:
    text = shown(page, site, "overview", "Bellwether")
    for words in (
        "Find a metric",
        "As-of date",
        "Account-month",
        "unassigned",
        "fct_account_months",
    ):
        assert words in text


def test_links_of_the_overview_lead_somewhere(manifest: dict[str, Any]) -> None:
    overview = manifest["docs"]["doc.bellwether.__overview__"]["block_contents"]
    linked = re.findall(r"\(#!/\w+/([\w.]+)\)", overview)
    assert len(linked) >= 6
    assert set(linked) <= manifest["nodes"].keys() | manifest["metrics"].keys()


def test_link_to_the_dictionary_is_that_of_the_published_file(tmp_path: Path) -> None:
    places = Places.of(tmp_path / "northwind.duckdb")
    page = places.target / "static_index.html"
    page.parent.mkdir(parents=True)
    page.write_text("[metric dictionary](bellwether.dictionary.html)")
    link_dictionary(places)
    assert page.read_text() == "[metric dictionary](northwind.dictionary.html)"


def test_overview_links_the_dictionary(page: Page, site: Path) -> None:
    shown(page, site, "overview", "Bellwether")
    link = page.get_by_role("link", name="metric dictionary")
    assert link.get_attribute("href") == "bellwether.dictionary.html"


def test_overview_lists_every_domain_that_has_marts(manifest: dict[str, Any]) -> None:
    overview = manifest["docs"]["doc.bellwether.__overview__"]["block_contents"]
    listed = set(re.findall(r"^\| (\w+) \|", overview, flags=re.MULTILINE)) - {"domain"}
    groups = {
        node["config"]["group"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["access"] == "public"
    }
    assert listed == groups


def test_page_of_a_metric_says_what_it_means(
    page: Page, site: Path, manifest: dict[str, Any]
) -> None:
    metric = manifest["metrics"]["metric.bellwether.net_revenue_retention"]
    text = shown(page, site, f"metric/{metric['unique_id']}", metric["label"])
    assert "net_revenue_retention" in text
    assert re.search(r"twelve months ago", text)
    assert "÷" in text
    for key in ("owner", "target"):
        assert f"{key} {metric['config']['meta'][key]}".lower() in text.lower()


def test_page_of_a_model_describes_its_columns(page: Page, site: Path) -> None:
    text = shown(page, site, "model/model.bellwether.fct_account_months", "fct_account_months")
    assert "One row per account and" in text
    assert "Monthly recurring revenue at the end of the month" in text
