"""A real browser without a network: Debian's chromium."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def open_browser(offline: bool = True) -> Iterator[Page]:
    """A page of it; without chromium the tests are skipped, and with CI=true they fail."""
    if not BROWSER:
        message = "No chromium here: install it (e.g. apt-get install chromium) to test the docs."
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=BROWSER_FLAGS)
        context = browser.new_context(viewport={"width": 1400, "height": 1000}, offline=offline)
        yield context.new_page()
        browser.close()
