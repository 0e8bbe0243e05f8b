"""The raw contract as the generator needs it: tables, columns and types from the seed YAML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
RAW_SEEDS = PROJECT / "seeds" / "raw"


@dataclass(frozen=True)
class RawTable:
    """Key and typed columns of one raw table, in contract order."""

    system: str
    object: str
    key: tuple[str, ...]
    columns: dict[str, str]

    @property
    def seed_file(self) -> Path:
        return RAW_SEEDS / self.system / f"raw_{self.system}__{self.object}.csv"


@cache
def raw_tables() -> dict[tuple[str, str], RawTable]:
    """Every raw table of the contract by (system, object)."""
    tables = {}
    for path in sorted(RAW_SEEDS.glob("*/_*__seeds.yml")):
        for seed in yaml.safe_load(path.read_text())["seeds"]:
            system, _, name = seed["name"].removeprefix("raw_").partition("__")
            tables[system, name] = RawTable(
                system,
                name,
                tuple(seed["config"]["meta"]["key"]),
                {column["name"]: column["data_type"] for column in seed["columns"]},
            )
    return tables
