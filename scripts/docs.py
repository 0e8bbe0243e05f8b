"""dbt's docs, and the metric dictionary: two files that open without a server or a network."""

import json
from pathlib import Path
from typing import Annotated

import typer

from scripts.dbt import Dbt
from scripts.project import PUBLISHED_FILE, Places, sibling
from scripts.publish import put


def show_metric_meta(target: Path) -> None:
    """Put each metric's meta (owner, target …) where dbt's static page looks for it.

    The YAML spec keeps it under the metric's config; the page reads the metric's own.
    """
    page = target / "static_index.html"
    as_written = (target / "manifest.json").read_text()
    manifest = json.loads(as_written)
    for metric in manifest["metrics"].values():
        metric["meta"] = metric["config"]["meta"]
    text = page.read_text()
    if as_written not in text:
        raise RuntimeError(f"{page} doesn't hold the manifest: has dbt changed its docs page?")
    page.write_text(text.replace(as_written, json.dumps(manifest)))


def make_docs(dbt: Dbt) -> Path:
    """Write the docs of what was built or compiled beside the published file; gives the page."""
    from scripts.dictionary import write_dictionary

    page = sibling(dbt.places.published_file, "docs.html")
    dbt.run(["docs", "generate", "--static", "--no-compile"])
    dbt.release()
    show_metric_meta(dbt.places.target)
    link_dictionary(dbt.places)
    put(dbt.places.target / "static_index.html", page)
    write_dictionary(dbt.places)
    return page


def link_dictionary(places: Places) -> None:
    """Let the overview's link lead to the dictionary of this published file."""
    page = places.target / "static_index.html"
    name = sibling(places.published_file, "dictionary.html").name
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace(sibling(PUBLISHED_FILE, "dictionary.html").name, name))


def command(
    publish_to: Annotated[
        Path, typer.Option(help="The published file beside which the page is put.")
    ] = PUBLISHED_FILE,
) -> None:
    """Write the docs page anew from the last build.

    Example: python -m scripts docs
    """
    dbt = Dbt.of_last_build(Places.of(publish_to))
    of_the_build = dbt.places.run_results.read_bytes()
    dbt.run(["compile"])
    dbt.places.run_results.write_bytes(of_the_build)  # they say which tests passed
    page = make_docs(dbt)
    print(f"Open {page} in a browser.")
