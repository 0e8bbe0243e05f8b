"""What changed in the metrics between two states of the project, as their manifests tell.

Values are compared in scripts/metrics_diff.py; here nothing is queried.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.definitions import PART_NAMES, Definition, Definitions, dimension_of, keys_of, tokens
from scripts.parsed_project import Node

BREAKING = {"removed", "renamed", *PART_NAMES, "dimensions lost"}
WORDS = ("label", "description")

Manifest = Mapping[str, Any]


@dataclass
class MetricChange:
    """A metric that isn't what it was; `was` is its name before, if it had one."""

    name: str
    was: str | None
    file: str
    kinds: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    versions: tuple[Any, Any] = (None, None)
    upstream: list[str] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """Its name now and before."""
        return {name for name in (self.name, self.was) if name}

    @property
    def is_breaking(self) -> bool:
        """Whether who relies on it has to look at it before this is merged."""
        return not BREAKING.isdisjoint(self.kinds)


class State:
    """A parsed project: its metrics' definitions and what they are computed from."""

    def __init__(self, manifest: Manifest, semantic_manifest: Mapping[str, Any]) -> None:
        """The contents of manifest.json and semantic_manifest.json."""
        self.manifest = manifest
        self.definitions = Definitions(semantic_manifest)
        self.public = {
            metric["name"]: metric
            for metric in manifest["metrics"].values()
            if not metric["type_params"]["is_private"]
        }
        self.nodes: dict[str, Node] = {
            **manifest["nodes"],
            **manifest["metrics"],
            **manifest["semantic_models"],
        }

    @property
    def rows_of(self) -> set[str]:
        """Ids of the models and seeds."""
        nodes = self.manifest["nodes"].items()
        return {key for key, node in nodes if node["resource_type"] in ("model", "seed")}

    def computed_from(self, metric: str) -> set[str]:
        """The models and reference seeds that a metric's values hang on, at any distance.

        Those that its segments come from, too; not the raw data, which is the same for both.
        """
        unique_id = self.public[metric]["unique_id"]
        found = self._reached([unique_id])
        found |= self._reached(key for key in self._joined(found) if not self._is_of_today(key))
        return {key for key in found if key in self.manifest["nodes"] and not self._is_raw(key)}

    def dimensions(self, metric: str) -> dict[str, Any]:
        """What a metric can be grouped by, of its own models and of those that they name."""
        found = self._reached([self.public[metric]["unique_id"]])
        return {
            f"{entity}__{dimension['name']}": dimension_of(model, dimension["name"])
            for key in (*found, *self._joined(found))
            if (model := self.manifest["semantic_models"].get(key))
            for entity in keys_of(model) - {""}
            for dimension in model["dimensions"]
        }

    def upstream_of(self, unique_id: str) -> set[str]:
        """What a node is made of, at any distance, itself included."""
        return self._reached([unique_id])

    def _reached(self, unique_ids: Iterable[str]) -> set[str]:
        found, waiting = set(), list(unique_ids)
        while waiting:
            key = waiting.pop()
            if key in self.nodes and key not in found:
                found.add(key)
                waiting += self.nodes[key]["depends_on"].get("nodes", [])
        return found

    def _joined(self, found: Iterable[str]) -> list[str]:
        """The semantic models that give the entities of these ones their dimensions."""
        entities = {
            entity["name"]
            for key in found
            if key in self.manifest["semantic_models"]
            for entity in self.nodes[key]["entities"]
        }
        return [
            key
            for key, model in self.manifest["semantic_models"].items()
            if any(
                each["name"] in entities and each["type"] == "primary" for each in model["entities"]
            )
        ]

    def _is_of_today(self, unique_id: str) -> bool:
        """Whether a semantic model tells of things as they are now, and not as of a value's day."""
        entities = self.nodes[unique_id]["entities"]
        return any(
            each["type"] == "primary" and each["name"].startswith("current_") for each in entities
        )

    def _is_raw(self, unique_id: str) -> bool:
        return self.nodes[unique_id]["original_file_path"].startswith("seeds/raw/")

    def source(self, unique_id: str) -> str:
        """A hash of what decides a node's rows: its code, the project's macros, its rows."""
        node = self.nodes[unique_id]
        macros = self._macros(node)
        text = json.dumps(
            [
                node["checksum"],
                node["config"].get("column_types"),
                sorted(self.manifest["macros"][key]["macro_sql"] for key in macros),
            ]
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def _macros(self, node: Node) -> set[str]:
        found, waiting = set(), list(node["depends_on"]["macros"])
        own = f"macro.{self.manifest['metadata']['project_name']}."
        while waiting:
            key = waiting.pop()
            if key.startswith(own) and key not in found:
                found.add(key)
                waiting += self.manifest["macros"][key]["depends_on"]["macros"]
        return found


def rewritten(before: State, after: State) -> set[str]:
    """Ids of models and reference seeds that aren't what they were, in either state."""
    keys = {
        key
        for state in (before, after)
        for metric in state.public
        for key in state.computed_from(metric)
    }
    return {
        key
        for key in keys
        if key not in before.nodes
        or key not in after.nodes
        or before.source(key) != after.source(key)
    }


def same_code(before: str | None, after: str | None) -> bool:
    """Whether two texts of SQL or Python say the same, but for layout and comments."""
    return before == after or (bool(before and after) and tokens(before) == tokens(after))


def metric_changes(before: State, after: State, changed: set[str]) -> list[MetricChange]:
    """What became of each public metric; `changed` are the ids of models that aren't the same."""
    pairs = _pairs(before, after)
    changes = []
    for was, name in pairs:
        change = _changed(before, after, was, name, changed)
        if change.kinds:
            changes.append(change)
    return changes


def _pairs(before: State, after: State) -> list[tuple[str | None, str | None]]:
    """Each metric's name before and after; one is None for what was removed or added."""
    gone = sorted(set(before.public) - set(after.public))
    new = sorted(set(after.public) - set(before.public))
    pairs: list[tuple[str | None, str | None]] = []
    for name in gone:
        fingerprint = before.definitions[name].fingerprint
        same = [each for each in new if after.definitions[each].fingerprint == fingerprint]
        pairs.append((name, same[0] if same else None))
        new = [each for each in new if each not in same[:1]]
    pairs += [(None, name) for name in new]
    return pairs + [(name, name) for name in set(before.public) & set(after.public)]


def _changed(
    before: State, after: State, was: str | None, name: str | None, changed: set[str]
) -> MetricChange:
    if name is None:
        return MetricChange(was, was, before.public[was]["original_file_path"], ["removed"])
    metric = after.public[name]
    change = MetricChange(name, was, metric["original_file_path"])
    if was is None:
        change.kinds.append("added")
        return change
    then = before.public[was]
    change.versions = tuple(each["config"]["meta"].get("version") for each in (then, metric))
    if was != name:
        change.kinds.append("renamed")
    changed_parts = _parts_changed(name, before.definitions[was], after.definitions[name])
    change.kinds += [part for part in PART_NAMES if part in changed_parts]
    change.details += [text for part in PART_NAMES for text in changed_parts.get(part, [])]
    had, has = before.dimensions(was), after.dimensions(name)
    lost = sorted(key for key in had if has.get(key) != had[key])
    gained = sorted(has.keys() - had.keys())
    for kind, dimensions in (("dimensions lost", lost), ("dimensions gained", gained)):
        if dimensions:
            change.kinds.append(kind)
            change.details.append(f"{kind}: {', '.join(dimensions)}")
    upstream = before.computed_from(was) | after.computed_from(name)
    change.upstream = sorted(key.split(".")[-1] for key in upstream & changed)
    if change.upstream:
        change.kinds.append("upstream SQL")
    if any(then[word] != metric[word] for word in WORDS):
        change.kinds.append("words")
    if then["config"]["meta"] != metric["config"]["meta"]:
        change.kinds.append("meta")
    return change


def _parts_changed(name: str, then: Definition, now: Definition) -> dict[str, list[str]]:
    """Part of the definition → what it said and says, of the metric or of what it is made of."""
    found: dict[str, list[str]] = {}
    if then.fingerprint == now.fingerprint:
        return found
    for part in PART_NAMES:
        said, says = getattr(then, part), getattr(now, part)
        if said != says:
            found[part] = [f"{part} of {name}: {_differences(said, says)}"]
    made_of = [[each.metric for each in definition.inputs] for definition in (then, now)]
    if made_of[0] != made_of[1]:
        text = f"made of {', '.join(made_of[0])} → {', '.join(made_of[1])}"
        found.setdefault("formula", []).append(f"formula of {name}: {text}")
        return found
    for old, new in zip(then.inputs, now.inputs, strict=True):
        if (old.filter, old.offset) != (new.filter, new.offset):
            text = f"filter of {new.metric} in {name}: {_differences(old.filter, new.filter)}"
            found.setdefault("filter", []).append(text)
        for part, texts in _parts_changed(new.metric, old.definition, new.definition).items():
            found.setdefault(part, []).extend(texts)
    return found


def _differences(said: Any, says: Any) -> str:
    """Two values as text; of two dicts only what differs."""
    if isinstance(said, dict) and isinstance(says, dict):
        keys = [key for key in {**said, **says} if said.get(key) != says.get(key)]
        return "; ".join(f"{key} {_text(said.get(key))} → {_text(says.get(key))}" for key in keys)
    return f"{_text(said)} → {_text(says)}"


def _text(value: Any) -> str:
    if value in (None, [], {}, ""):
        return "none"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " and ".join(value)
    return value if isinstance(value, str) else json.dumps(value)
