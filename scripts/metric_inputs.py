"""What each metric of a build is computed by: its definition, the models below it, its raw tables.

Frozen when a month is closed, they tell later why a closed value is another one today.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from scripts.definitions import fingerprints
from scripts.project import ROOT, Places

TABLE = "fct_metric_fingerprints"
RAW_SEEDS = "seeds/raw/"
# Vars that say where data comes from or up to when it counts; the others are rules.
NO_RULES = ("as_of_date", "demo_last_date", "raw_", "connector_", "ravenstack_dir")

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class MetricInputs:
    """A public metric's version, two fingerprints and the raw tables that it rests on."""

    metric_name: str
    version: int
    definition_fingerprint: str
    model_fingerprint: str
    raw_tables: str


def metric_inputs(
    manifest: Manifest, semantic_manifest: Mapping[str, Any], variables: Mapping[str, Any]
) -> list[MetricInputs]:
    """Of every public metric, from dbt's manifests and the vars in force."""
    definitions = fingerprints(semantic_manifest)
    parents = manifest["parent_map"]
    rules = {name: value for name, value in variables.items() if not name.startswith(NO_RULES)}

    @cache
    def ancestors(unique_id: str) -> frozenset[str]:
        above = parents.get(unique_id, [])
        return frozenset(above).union(*(ancestors(each) for each in above))

    @cache
    def text(unique_id: str) -> str:
        return "\n".join(_texts(manifest, unique_id))

    found = []
    for unique_id, metric in sorted(manifest["metrics"].items()):
        if metric["type_params"].get("is_private"):
            continue
        above = sorted(each for each in ancestors(unique_id) if each in manifest["nodes"])
        found.append(
            MetricInputs(
                metric_name=metric["name"],
                version=metric["config"]["meta"]["version"],
                definition_fingerprint=definitions[metric["name"]],
                model_fingerprint=_hash(json.dumps(rules, sort_keys=True), *map(text, above)),
                raw_tables=", ".join(
                    manifest["nodes"][each]["name"].removeprefix("base_").replace("__", ".", 1)
                    for each in above
                    if manifest["nodes"][each]["name"].startswith("base_")
                ),
            )
        )
    return found


def _texts(manifest: Manifest, unique_id: str) -> Iterator[str]:
    """What makes a model or seed compute what it does: its text, its macros' and its contract."""
    node = manifest["nodes"][unique_id]
    yield node["name"]
    if node["original_file_path"].startswith(RAW_SEEDS):
        # Its rows are data, which are compared one by one; how they are read is a rule.
        columns = [
            [column["name"], column["data_type"], column["config"]["meta"]]
            for column in node["columns"].values()
        ]
        yield json.dumps([node["config"]["meta"], columns], sort_keys=True)
    else:
        yield node["checksum"]["checksum"]
    macros, waiting = set(), list(node["depends_on"].get("macros", []))
    while waiting:
        macro = manifest["macros"][waiting.pop()]
        if macro["package_name"] == node["package_name"] and macro["unique_id"] not in macros:
            macros.add(macro["unique_id"])
            waiting += macro["depends_on"]["macros"]
    yield from (manifest["macros"][each]["macro_sql"] for each in sorted(macros))


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def write_metric_inputs(places: Places, variables: Mapping[str, str]) -> None:
    """Write those of the parsed project into the work file, into the table that dbt declares."""
    import duckdb

    manifest = json.loads(places.manifest.read_text(encoding="utf-8"))
    semantic_manifest = json.loads(places.semantic_manifest.read_text(encoding="utf-8"))
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    rows = metric_inputs(manifest, semantic_manifest, project["vars"] | dict(variables))
    declared = next(node for node in manifest["nodes"].values() if node["name"] == TABLE)
    names = list(declared["columns"])
    typed = [
        f"{each['name']} {each['data_type']} not null" for each in declared["columns"].values()
    ]
    with duckdb.connect(str(places.work_file)) as connection:
        connection.begin()
        connection.execute("create schema if not exists metadata")
        connection.execute(f"create or replace table metadata.{TABLE} ({', '.join(typed)})")
        marks = ", ".join("?" * len(names))
        connection.executemany(
            f"insert into metadata.{TABLE} values ({marks})",
            [[getattr(row, name) for name in names] for row in rows],
        )
        connection.commit()
