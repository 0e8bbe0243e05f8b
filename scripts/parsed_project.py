"""The project as dbt parsed it, with its reference lists, for what judges its definitions."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from scripts.project import ROOT, UserError

VERSIONS_FILE = "seeds/reference/metric_versions.csv"
VERSIONS_COLUMNS = ("metric", "version", "effective_from", "fingerprint", "approved_by", "note")

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Violation:
    """What breaks a rule, the file that says so, and how."""

    subject: str
    file: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.subject} ({self.file}): {self.sentence}"


@dataclass(frozen=True)
class Project:
    """What the project says of itself: dbt's two manifests, its reference lists, its change log."""

    manifest: Mapping[str, Any]
    semantic_manifest: Mapping[str, Any]
    kpis: list[dict[str, str]]
    metric_versions: list[dict[str, str]]
    changelog: str
    fiscal_year_start_month: int

    @classmethod
    def parsed(cls, target: Path, root: Path = ROOT) -> "Project":
        """The project in `root` as dbt last parsed it into `target`."""
        reference = root / "seeds" / "reference"
        settings = yaml.safe_load((root / "dbt_project.yml").read_text(encoding="utf-8"))
        return cls(
            manifest=read_manifest(target / "manifest.json"),
            semantic_manifest=read_manifest(target / "semantic_manifest.json"),
            kpis=read_rows(reference / "kpis.csv"),
            metric_versions=read_versions(root / VERSIONS_FILE),
            changelog=(root / "CHANGELOG.md").read_text(encoding="utf-8"),
            fiscal_year_start_month=settings["vars"]["fiscal_year_start_month"],
        )

    @property
    def metrics(self) -> list[Node]:
        """Every metric, in alphabetical order."""
        return sorted(self.manifest["metrics"].values(), key=lambda metric: metric["name"])

    @property
    def public_metrics(self) -> list[Node]:
        """The metrics that are not hidden."""
        return [each for each in self.metrics if not each["type_params"]["is_private"]]


def read_manifest(path: Path) -> dict[str, Any]:
    """One of dbt's manifests; raises a UserError when it is missing or not this dbt's."""
    again = "Run `.venv/bin/dbt parse`, which writes it anew."
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"There is no file {path}. {again}") from None
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}. {again}") from None
    written_by = manifest.get("metadata", {}).get("dbt_version")
    here = version("dbt-core")
    if written_by not in (None, here):
        raise UserError(f"{path} was written by dbt {written_by}, and this is dbt {here}. {again}")
    return manifest


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a reference list."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_versions(path: Path) -> list[dict[str, str]]:
    """The log of approved versions; raises a UserError when a row is not one."""
    rows = read_rows(path)
    for row in rows:
        said = [value for value in row.values() if isinstance(value, str)]
        if not (
            row.keys() == set(VERSIONS_COLUMNS)
            and len(said) == len(VERSIONS_COLUMNS)
            and row["version"].isdecimal()
            and is_date(row["effective_from"])
        ):
            raise UserError(
                f"{path} has a row that is no version of a metric, {', '.join(said)}: it wants "
                f"{', '.join(VERSIONS_COLUMNS)}, with a number as version and a date yyyy-mm-dd. "
                "Restore the file; `approve-metric` adds rows to it."
            )
    return rows


def is_date(value: Any) -> bool:
    """Whether it is the text of a date, yyyy-mm-dd."""
    try:
        return date.fromisoformat(value).isoformat() == value
    except (TypeError, ValueError):
        return False
