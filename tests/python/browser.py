"""A real browser without a network: Debian's chromium."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


@contextmanager
def self_contained(page: Page, console: bool = True) -> Iterator[None]:
    """Fails if meanwhile the page asks anything beyond its own files, or raises an error.

    `console` counts the errors that the browser writes there, too.
    """
    asked: list[str] = []
    errors: list[str] = []

    def note_request(request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            asked.append(request.url)

    def note_error(error: Any) -> None:
        errors.append(str(error))

    def note_message(message: Any) -> None:
        if console and message.type == "error":
            errors.append(message.text)

    listeners = {"request": note_request, "pageerror": note_error, "console": note_message}
    for event, listener in listeners.items():
        page.on(event, listener)
    try:
        yield
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
    assert not asked, asked
    assert not errors, errors
