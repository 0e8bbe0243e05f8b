"""The project as it stood at another revision of git, parsed by the dbt that is installed here."""

import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scripts.project import CATALOG, ROOT, UsageError, UserError

INTERFACE_ERROR = re.compile(r"(Runtime|Parsing|Compilation|Database|Validation) Error")


@dataclass(frozen=True)
class Revision:
    """A state of the project: what it is called, where it lies, where dbt parses it to."""

    name: str
    root: Path
    target: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """What dbt last made of it."""
        return json.loads((self.target / "manifest.json").read_text(encoding="utf-8"))

    @property
    def semantic_manifest(self) -> dict[str, Any]:
        """Its metrics and semantic models."""
        return json.loads((self.target / "semantic_manifest.json").read_text(encoding="utf-8"))

    @property
    def work_file(self) -> Path:
        """The database that its models are built into."""
        return self.target / f"{CATALOG}.duckdb"

    def dbt(self, variables: dict[str, str], *command: str) -> None:
        """Run dbt on it as a process, for its Python models import its own scripts."""
        done = subprocess.run(
            [
                *(sys.executable, "-m", "dbt.cli.main", "--quiet", *command),
                *("--project-dir", str(self.root), "--profiles-dir", str(self.root)),
                *("--target-path", str(self.target), "--log-path", str(self.target)),
                *("--vars", json.dumps(variables)),
            ],
            cwd=self.root,
            env={**os.environ, "BELLWETHER_WORK_FILE": str(self.work_file)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise UserError(
                f"dbt {version('dbt-core')} can't {command[0]} the project as of {self.name}: "
                f"{_reason(done.stdout + done.stderr)} Compare with a revision that it can."
            )


@contextmanager
def checked_out(ref: str) -> Iterator[Revision]:
    """The project as of a git ref, in a folder that is gone afterwards; nothing is parsed yet."""
    commit = resolve(ref)
    try:
        _git("cat-file", "-e", f"{commit}:./dbt_project.yml")
    except subprocess.CalledProcessError:
        raise UserError(f"At {ref} there is no dbt project to compare with.") from None
    with tempfile.TemporaryDirectory(prefix="revision-") as folder:
        root, target = Path(folder, "project"), Path(folder, "target")
        target.mkdir()
        with tarfile.open(fileobj=io.BytesIO(_git("archive", commit))) as files:
            files.extractall(root, filter="data")
        yield Revision(ref, root, target)


def resolve(ref: str) -> str:
    """The commit that a ref names; raises a UserError without git, repository or such a ref."""
    try:
        _git("rev-parse", "--git-dir")
    except FileNotFoundError:
        raise UserError(
            f"git is not installed, so there is no {ref!r} to compare with: install git."
        ) from None
    except subprocess.CalledProcessError as error:
        raise UserError(
            f"{ROOT} is no git repository that can be read, so there is no {ref!r} to compare "
            f"with. git says: {error.stderr.decode().strip()}"
        ) from None
    try:
        commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except subprocess.CalledProcessError:
        raise UsageError(
            f"There is no revision {ref!r} in this repository: `git branch --all` and `git tag` "
            "list what there is; in a shallow clone `git fetch` it first."
        ) from None
    return commit.decode().strip()


def uncommitted() -> list[str]:
    """The files that differ from the last commit, as git lists them."""
    return [line[3:] for line in _git("status", "--porcelain").decode().splitlines()]


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def _reason(output: str) -> str:
    """What dbt says first about an error, in one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    first = next((i for i, line in enumerate(lines) if INTERFACE_ERROR.search(line)), 0)
    return " ".join(lines[first : first + 4]) or "it doesn't say why."
