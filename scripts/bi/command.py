"""`make bi`: writes what other BI tools import into the folder beside the published file."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from scripts.project import PUBLISHED_FILE, sibling


@dataclass(frozen=True)
class Written:
    """The folder for other BI tools, and the metrics that none of them is told."""

    folder: Path
    left_out: list[str]


def write(published_file: Path) -> Written:
    """Write the folder anew, in one step.

    Raises a UserError if the published file or its semantic manifest is missing or they are not
    of one build; the folder then stays as it was.
    """
    from scripts.bi.governed import Governed
    from scripts.bi.lookml import project
    from scripts.bi.power_bi import model
    from scripts.bi.superset import bundle
    from scripts.bi.tableau import data_sources

    governed = Governed(published_file)
    files = {"superset.zip": bundle(governed), "power_bi/model.bim": model(governed).encode()}
    files |= {f"looker/{path}": text.encode() for path, text in project(governed).items()}
    files |= {f"tableau/{path}": text.encode() for path, text in data_sources(governed).items()}
    folder = sibling(published_file.resolve(), "bi")
    _put_folder(files, folder)
    return Written(folder, governed.left_out)


def _put_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Put a folder of these files, by their paths in it, in the place of the one that is there."""
    new, old = (folder.with_name(f".{folder.name}.{suffix}") for suffix in ("new", "old"))
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for path, content in files.items():
        (new / path).parent.mkdir(parents=True, exist_ok=True)
        (new / path).write_bytes(content)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def command(
    published_file: Annotated[
        Path, typer.Option(help="The published file whose metrics are described.")
    ] = PUBLISHED_FILE,
) -> None:
    """Write what Superset, Looker, Tableau and Power BI import, from the semantic manifest.

    Example: python -m scripts bi
    """
    written = write(published_file)
    print(f"For other BI tools: {written.folder}")
    if written.left_out:
        print(
            "Not in them, as they can't be added up and no saved query exports them: "
            f"{', '.join(written.left_out)}."
        )
