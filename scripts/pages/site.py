"""`make pages`: the executive pages, self-contained files beside the published file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.formats import COMPACT_STEPS, FORMS, OTHER, day_text, unit_text
from scripts.project import PUBLISHED_FILE, sibling
from scripts.publish import put_text

HERE = Path(__file__).parent
USUAL_MONTHS = 24  # the period that a page opens with


def pages_folder(published_file: Path) -> Path:
    """Where the pages of a published file are."""
    return sibling(published_file, "pages")


def builders() -> list[Callable[[Any], Any]]:
    """What makes each page, in the order of the navigation."""
    from scripts.pages import (
        adoption,
        health,
        operations,
        overview,
        renewals,
        retention,
        six_fires,
        support,
    )

    modules = [
        overview,
        six_fires,
        retention,
        renewals,
        health,
        adoption,
        support,
        operations,
    ]
    return [module.page for module in modules]


def write_site(published_file: Path) -> list[Path]:
    """Write every page, none if one can't be made; gives their paths."""
    from scripts.pages.facts import Facts

    facts = Facts(published_file)
    try:
        texts = texts_of([build(facts) for build in builders()], facts)
    finally:
        facts.close()
    for name, text in texts.items():
        put_text(text, pages_folder(published_file) / name)
    return [pages_folder(published_file) / name for name in texts]


def texts_of(pages: Sequence[Any], facts: Any) -> dict[str, str]:
    """The files of a site, by name."""
    import vl_convert

    vega = vl_convert.javascript_bundle()
    return {f"{page.key}.html": render(page, pages, facts, vega) for page in pages}


def render(page: Any, site: Sequence[Any], facts: Any, vega: str) -> str:
    """A page as text. It may use its own scripts, and asks nothing of a network."""
    import jinja2

    from scripts.pages.facts import FILTERS

    script = (HERE / "page.js").read_text()
    filters = {name: label for name, label in FILTERS.items() if name in facts.filter_values}

    def meta_of(part: Any, key: str) -> list[str]:
        return list(dict.fromkeys(facts.metric(metric).meta[key] for metric in part.metrics))

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "units": lambda part: ", ".join(map(unit_text, meta_of(part, "unit"))),
        "owners": lambda part: ", ".join(meta_of(part, "owner")),
    }
    return environment.get_template("page.html.j2").render(
        page=page,
        site=site,
        as_of=day_text(facts.as_of),
        dictionary=f"../{sibling(facts.published_file, 'dictionary.html').name}",
        owner=lambda metric: facts.metric(metric).meta["owner"],
        filters=filters,
        filter_values=facts.filter_values,
        filter_label=facts.filter_label,
        facts=_as_data(page, facts, filters),
        style=(HERE / "page.css").read_text(),
        vega=vega,
        script=script,
        script_hashes=[_hash(vega), _hash(script)],
    )


def _as_data(page: Any, facts: Any, filters: dict[str, str]) -> str:
    """What the page's script works on, as JSON that may stand in HTML."""
    cubes = {id(cube): f"cube{place}" for place, cube in enumerate(page.cubes)}
    data = {
        "first_month": facts.first_month.isoformat(),
        "last_number": facts.last_number,
        "usual_from": max(0, facts.last_number - USUAL_MONTHS + 1),
        "filters": filters,
        "forms": {unit: asdict(form) for unit, form in FORMS.items()},
        "other_form": asdict(OTHER),
        "compact_steps": COMPACT_STEPS,
        "metrics": {
            name: {"unit": facts.metric(name).meta["unit"]} for name in sorted(page.metrics)
        },
        "cubes": {cubes[id(cube)]: cube.as_json() for cube in page.cubes},
        "charts": {
            chart.key: chart.as_json() | {"cube": cubes[id(chart.cube)]} for chart in page.charts
        },
        "kpis": {
            f"{part.key}.{place}": kpi.as_json() | {"cube": cubes[id(kpi.cube)]}
            for part in page.parts
            if part.kind == "kpis"
            for place, kpi in enumerate(part.kpis)
        },
    }
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")


def _hash(text: str) -> str:
    """As a content security policy names a script that may run."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def command(
    published_file: Annotated[
        Path, typer.Option(help="The published file whose metrics the pages show.")
    ] = PUBLISHED_FILE,
) -> None:
    """Write the executive pages beside the published file.

    Example: python -m scripts pages
    """
    for path in write_site(published_file.resolve()):
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
