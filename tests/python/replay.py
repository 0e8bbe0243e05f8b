"""Models made again from the SQL that the last build compiled, without dbt."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path

from scripts.project import Places

LAST_DAY = date(2026, 6, 30)


@dataclass(frozen=True)
class Model:
    """One model, compiled for some as-of date; of the last build, for the demo's last day."""

    name: str
    relation: str
    sql: str

    @property
    def layer(self) -> str:
        return self.name.split("_")[0]


def compiled_models(places: Places, names: Iterable[str]) -> list[Model]:
    """Models and all that they are made from, in an order in which it can be built."""
    nodes = json.loads(places.manifest.read_text(encoding="utf-8"))["nodes"]
    parents: dict[str, list[str]] = {}
    left = [f"model.bellwether.{name}" for name in names]
    while left:
        key = left.pop()
        if key not in parents:
            above = nodes[key]["depends_on"]["nodes"]
            parents[key] = [parent for parent in above if parent.startswith("model.")]
            left += parents[key]
    return [
        Model(
            nodes[key]["name"],
            nodes[key]["relation_name"],
            compiled_sql(places.target, nodes[key]["original_file_path"]),
        )
        for key in TopologicalSorter(parents).static_order()
    ]


def compiled_sql(target: Path, model_file: str) -> str:
    return (target / "compiled" / "bellwether" / model_file).read_text(encoding="utf-8")


def sql_as_of(sql: str, day: date, compiled_for: date = LAST_DAY) -> str:
    """A model's SQL as it is compiled for another as-of date."""
    return sql.replace(f"cast('{compiled_for}' as date)", f"cast('{day}' as date)")
