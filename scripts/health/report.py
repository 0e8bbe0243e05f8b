"""`make health-report`: how well the health score tells who leaves, on one page."""

import json
from pathlib import Path
from typing import Annotated

import typer

from scripts.health.customers import bands, coverage, overrides, warnings
from scripts.health.facts import Health, Section
from scripts.health.outcomes import baselines, calibration, gain, lead_time, lift
from scripts.health.versions import comparison, component_value, learned, stability
from scripts.project import PUBLISHED_FILE, Places, UserError, sibling


def sections(health: Health) -> list[Section]:
    return [
        baselines(health),
        bands(health),
        coverage(health),
        calibration(health),
        gain(health),
        lift(health),
        lead_time(health),
        comparison(health),
        learned(health),
        component_value(health),
        stability(health),
        overrides(health),
        warnings(health),
    ]


def make_report(work_file: Path, page: Path) -> None:
    """Write the page. It holds its charts' code and data, and asks nothing of a network."""
    import jinja2
    import vl_convert

    if not work_file.exists():
        raise UserError(f"There is nothing to report: {work_file} is missing. Build first.")
    health = Health.read(work_file)
    template = Path(__file__).with_name("report.html.j2").read_text(encoding="utf-8")
    answers = sections(health)
    text = jinja2.Template(template, autoescape=True, trim_blocks=True, lstrip_blocks=True).render(
        health=health,
        sections=answers,
        script=vl_convert.javascript_bundle(),
        charts=json.dumps({s.key: s.chart for s in answers if s.chart}).replace("</", "<\\/"),
    )
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")


def command(
    publish_to: Annotated[
        Path, typer.Option(help="The published file beside which the page is written.")
    ] = PUBLISHED_FILE,
) -> None:
    """Write one page on how well the health score tells who leaves, from the last build.

    Example: python -m scripts health-report
    """
    page = sibling(publish_to.resolve(), "health.html")
    make_report(Places.of(publish_to).work_file, page)
    print(f"Health report: {page}")
