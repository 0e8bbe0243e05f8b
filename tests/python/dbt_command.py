"""dbt as a command, with a work file of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from scripts.project import ROOT


def run_dbt(folder: Path, variables: dict[str, str], *command: str) -> None:
    """Run dbt with its work file, target and log in `folder`; fail with what it said."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", *command),
            *("--vars", json.dumps(variables)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder)),
        ],
        cwd=ROOT,
        env={**os.environ, "BELLWETHER_WORK_FILE": str(folder / "bellwether.duckdb")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
