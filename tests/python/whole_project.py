"""dbt on the whole project, with a work file of its own."""

from pathlib import Path
from typing import Any

from dbt.contracts.graph.manifest import Manifest

from scripts.dbt import Dbt
from scripts.project import Places

DEMO = Places.of().target


def run_dbt(folder: Path, variables: dict[str, str], *command: str, manifest: Any = None) -> None:
    """Run dbt with its work file, target and log in `folder`; a UserError tells what failed.

    The project is parsed, which takes longer than most commands, unless its manifest is given.
    """
    places = Places(
        folder / "published.duckdb", folder / "bellwether.duckdb", folder / "target", folder
    )
    dbt = Dbt(places, variables, manifest=manifest)
    try:
        dbt.run(command)
    finally:
        dbt.release()


def parsed_by_build(target: Path = DEMO) -> Manifest:
    """The project as the build that wrote to `target` parsed it.

    Vars count again when a node is compiled, but which nodes there are is settled. One manifest is
    for one command, as dbt keeps in it what it compiles.
    """
    return Manifest.from_msgpack((target / "partial_parse.msgpack").read_bytes())
