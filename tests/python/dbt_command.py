"""dbt on the whole project, with a work file of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.dbt import Dbt
from scripts.project import Places

# Parsing takes longer than most commands: what was parsed in this process, by its vars.
PARSED: dict[str, Any] = {}


def run_dbt(folder: Path, variables: dict[str, str], *command: str) -> None:
    """Run dbt with its work file, target and log in `folder`; a UserError tells what failed."""
    places = Places(
        folder / "published.duckdb", folder / "bellwether.duckdb", folder / "target", folder
    )
    with pytest.MonkeyPatch.context() as environment:
        # Dbt sets it; what runs later in this process must not find it.
        environment.setenv("BELLWETHER_WORK_FILE", "")
        dbt = Dbt(places, variables, manifest=PARSED.get(json.dumps(variables)))
        try:
            dbt.run(command)
        finally:
            PARSED[json.dumps(variables)] = dbt.manifest
            dbt.release()
