"""dbt on the whole project, with a work file of its own."""

from pathlib import Path
from typing import Any

from scripts.dbt import Dbt
from scripts.project import Places


def run_dbt(folder: Path, variables: dict[str, str], *command: str) -> None:
    """Run dbt with its work file, target and log in `folder`; a UserError tells what failed.

    With no other vars than a date, the project is taken as `make build` parsed it.
    """
    places = Places(
        folder / "published.duckdb", folder / "bellwether.duckdb", folder / "target", folder
    )
    as_built = variables.keys() <= {"as_of_date"}
    dbt = Dbt(places, variables, manifest=parsed_by_build() if as_built else None)
    try:
        dbt.run(command)
    finally:
        dbt.release()


def parsed_by_build() -> Any:
    """The project as the last build parsed it; dbt keeps in it what it compiles."""
    from dbt.contracts.graph.manifest import Manifest

    return Manifest.from_msgpack((Places.of().target / "partial_parse.msgpack").read_bytes())
