"""Writes a pack as one HTML page without a script, and prints it to PDF with headless Chromium."""

import shutil
from decimal import Decimal
from pathlib import Path

from scripts.pack.document import Document, MetricName, Number, Rounded, Trend, text_of

TEMPLATE = Path(__file__).with_name("pack.html.j2")
STYLE = Path(__file__).parent.parent / "pages" / "page.css"  # a pack looks like the pages
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def html(document: Document, dictionary: str | None) -> str:
    """The page. Metrics lead to their definitions in `dictionary`, a relative path, if given."""
    import jinja2

    from scripts.dictionary import SPARKLINE, sparkline

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["text_of"] = text_of
    environment.filters["points"] = lambda trend: sparkline(
        [Decimal(str(value)) for value in trend.values if value is not None]
    )
    environment.tests["metric"] = lambda cell: isinstance(cell, MetricName)
    environment.tests["trend"] = lambda cell: isinstance(cell, Trend)
    environment.tests["numeric"] = lambda cell: isinstance(cell, Number | int)
    environment.tests["part"] = lambda cell: isinstance(cell, Rounded)
    return environment.get_template(TEMPLATE.name).render(
        document=document,
        dictionary=dictionary,
        style=STYLE.read_text(encoding="utf-8"),
        width=SPARKLINE[0],
        height=SPARKLINE[1],
    )


def browser() -> str | None:
    """A Chromium of this machine, if it has one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def pdf(page: str, chromium: str) -> bytes:
    """The page on paper. It is printed from memory, so that no path of this machine gets in."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=[*BROWSER_FLAGS])
        try:
            paper = opened.new_context(offline=True).new_page()
            paper.set_content(page)
            return paper.pdf(
                format="A4",
                margin={"top": "14mm", "bottom": "14mm", "left": "12mm", "right": "12mm"},
                tagged=True,
                outline=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template='<div style="font: 7pt sans-serif; width: 100%; text-align: '
                'center"><span class="pageNumber"></span> / <span class="totalPages"></span></div>',
            )
        finally:
            opened.close()
