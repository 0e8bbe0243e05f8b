"""dbt on the whole project, with a work file of its own."""

import subprocess
import tempfile
from pathlib import Path

from dbt.contracts.graph.manifest import Manifest

from scripts.dbt import Dbt
from scripts.project import ROOT, Places


def run_dbt(
    folder: Path, variables: dict[str, str], *command: str, manifest: Manifest | None = None
) -> None:
    """Run dbt with its work file, target and log in `folder`; a UserError tells what failed.

    The project is parsed, which takes longer than most commands, unless its manifest is given.
    """
    dbt = Dbt(places_in(folder), variables, manifest=manifest)
    try:
        dbt.run(command)
    finally:
        dbt.release()


def places_in(folder: Path) -> Places:
    """Everything that dbt writes, in one folder."""
    return Places(
        folder / "published.duckdb", folder / "bellwether.duckdb", folder / "target", folder
    )


def parsed() -> Manifest:
    """The project as it stands.

    Vars count again when a node is compiled, but which nodes there are is settled. One manifest is
    for one command, as dbt keeps in it what it compiles.
    """
    with tempfile.TemporaryDirectory() as folder:
        return parsed_into(target_as_it_stands(Path(folder)))


def target_as_it_stands(otherwise: Path) -> Path:
    """Where the last build parsed the project, or `otherwise`, parsed anew if it changed since."""
    asked = ["make", "--question", "target/manifest.json"]
    if subprocess.run(asked, cwd=ROOT, capture_output=True, check=False).returncode == 0:
        return Places.of().target
    places = places_in(otherwise)
    Dbt(places).parse()
    return places.target


def parsed_into(target: Path) -> Manifest:
    """What dbt parsed when it wrote to `target`."""
    return Manifest.from_msgpack((target / "partial_parse.msgpack").read_bytes())
