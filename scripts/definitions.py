"""What a metric computes, as a fingerprint that moves exactly when its definition does.

A definition is the formula, the filters, the grain and the dimensions that the filters use, those
of its input metrics included, hidden ones too. Names, labels, descriptions, meta, the order of YAML
and the layout of SQL are not part of it. Neither is the SQL of the models it reads, which changes
with every refactoring; `metrics-diff` looks at that.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlglot
from sqlglot.tokens import TokenType

REFERENCE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)  # {{ Dimension('ticket__priority') }}
PART_NAMES = ("formula", "filter", "grain", "dimension")

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Input:
    """A metric that another one is made of, with the filters that the other one adds."""

    metric: str
    definition: "Definition"
    filter: list[str]
    offset: list[Any]


@dataclass(frozen=True)
class Definition:
    """What a metric computes. Each part holds lists, dicts and scalars, ready for JSON."""

    formula: Any
    filter: list[str]
    grain: Any
    dimension: Any
    inputs: list[Input]

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits."""
        parts = {name: getattr(self, name) for name in PART_NAMES}
        # What an input is called is not part of what it computes.
        inputs = [[each.definition.fingerprint, each.filter, each.offset] for each in self.inputs]
        text = json.dumps([parts, inputs], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Definitions:
    """The definitions of a semantic manifest's metrics, hidden ones included."""

    def __init__(self, semantic_manifest: Mapping[str, Any]) -> None:
        """`semantic_manifest` is the content of dbt's semantic_manifest.json."""
        self._metrics = {metric["name"]: metric for metric in semantic_manifest["metrics"]}
        self._models = {model["name"]: model for model in semantic_manifest["semantic_models"]}
        self._time_spines = sorted(
            [_relation(spine), sorted(spine["primary_column"].items())]
            for spine in semantic_manifest["project_configuration"]["time_spines"]
        )
        self._known: dict[tuple[str, frozenset[str]], Definition] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __getitem__(self, name: str) -> Definition:
        return self._definition(name, frozenset())

    def _definition(self, name: str, joined: frozenset[str]) -> Definition:
        """`joined` names the entities by way of which what uses the metric filters or converts."""
        if (name, joined) not in self._known:
            self._known[name, joined] = self._read(self._metrics[name], joined)
        return self._known[name, joined]

    def _read(self, metric: Mapping[str, Any], joined: frozenset[str]) -> Definition:
        parameters = metric["type_params"]
        conditions = _conditions(metric)
        named = _input_parameters(parameters)
        references = [
            reference
            for filtered in (metric, *named.values())
            for reference in _references(_conditions(filtered))
        ]
        conversion = parameters["conversion_type_params"] or {}
        joined |= {entity for entity, _ in references} | {conversion.get("entity", "")}
        inputs = {alias: self._input(each, joined) for alias, each in named.items()}
        expression, order = _expression(metric, list(named))
        formula = {"type": metric["type"], "expression": expression}
        grain: Any = metric["time_granularity"]
        if aggregation := parameters["metric_aggregation_params"]:
            model = self._models[aggregation["semantic_model"]]
            formula |= {
                "model": _relation(model),
                "entities": _entities(model, joined),
                "aggregation": aggregation["agg"],
                "parameters": aggregation["agg_params"],
                "non_additive": aggregation["non_additive_dimension"],
                "fill": [parameters["join_to_timespine"], parameters["fill_nulls_with"]],
            }
            time = aggregation["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
            grain = [grain, dimension_of(model, time)]
        if cumulative := parameters["cumulative_type_params"]:
            formula |= {"cumulative": _without(cumulative, "metric"), "spine": self._time_spines}
        if conversion:
            formula |= {"conversion": _without(conversion, "base_metric", "conversion_metric")}
        return Definition(
            formula=formula,
            filter=_canonical(conditions),
            grain=grain,
            dimension=self._dimensions(references),
            inputs=[inputs[alias] for alias in order],
        )

    def _input(self, parameters: Parameters, joined: frozenset[str]) -> Input:
        return Input(
            metric=parameters["name"],
            definition=self._definition(parameters["name"], joined),
            filter=_canonical(_conditions(parameters)),
            offset=[parameters["offset_window"], parameters["offset_to_grain"]],
        )

    def _dimensions(self, references: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Where the dimensions come from that filters use: of each model with such an entity."""
        return {
            f"{entity}__{name}": [
                [_relation(model), _entities(model, {entity}), dimension_of(model, name)]
                for model in sorted(self._models.values(), key=_relation)
                if entity in keys_of(model) and dimension_of(model, name)
            ]
            for entity, name in references
        }


def fingerprints(semantic_manifest: Mapping[str, Any]) -> dict[str, str]:
    """Metric → fingerprint of its definition, for every metric, hidden ones included."""
    definitions = Definitions(semantic_manifest)
    return {name: definitions[name].fingerprint for name in definitions}


def _input_parameters(parameters: Parameters) -> dict[str, Parameters]:
    """The metrics that a metric is made of, by the name that its expression gives them."""
    conversion = parameters["conversion_type_params"] or {}
    cumulative = parameters["cumulative_type_params"] or {}
    by_role = {
        "numerator": parameters["numerator"],
        "denominator": parameters["denominator"],
        "cumulated": cumulative.get("metric"),
        "base": conversion.get("base_metric"),
        "conversion": conversion.get("conversion_metric"),
    }
    named = {role: each for role, each in by_role.items() if each}
    return named | {each["alias"] or each["name"]: each for each in parameters["metrics"]}


def _expression(metric: Mapping[str, Any], inputs: Sequence[str]) -> tuple[str, list[str]]:
    """The expression with its inputs numbered as they first occur, and the inputs in that order."""
    text = metric["type_params"]["expr"]
    if not text:
        # Without an expression dbt takes the column named as the metric.
        return (metric["name"] if metric["type"] == "simple" else ""), list(inputs)
    words = tokens(text)
    used = list(dict.fromkeys(word for word in words if word in inputs))
    order = [*used, *sorted(set(inputs) - set(used))]
    return " ".join(f"${order.index(word)}" if word in inputs else word for word in words), order


def _conditions(filtered: Mapping[str, Any]) -> list[str]:
    """The conditions of a metric or of one of its inputs, all of which hold."""
    where = filtered["filter"] or {"where_filters": []}
    return [each["where_sql_template"] for each in where["where_filters"]]


def _references(conditions: Iterable[str]) -> Iterable[tuple[str, str]]:
    """(entity, dimension) of what conditions name; the entity is empty for metric_time."""
    for condition in conditions:
        for call in REFERENCE.findall(condition):
            name = ast.literal_eval(ast.parse(call.strip(), mode="eval").body.args[0])
            *links, dimension = name.split("__")
            yield (links[-1] if links else ""), dimension


def _canonical(conditions: Iterable[str]) -> list[str]:
    """Conditions however they are laid out and ordered; a reference becomes a quoted name."""
    return sorted(" ".join(tokens(REFERENCE.sub(_as_name, text))) for text in conditions)


def _as_name(reference: re.Match[str]) -> str:
    return f'"{ast.unparse(ast.parse(reference[1].strip()))}"'


def tokens(sql: str) -> list[str]:
    """The tokens of SQL without comments; only texts and quoted names keep their case."""
    quotes = {TokenType.STRING: "'", TokenType.IDENTIFIER: '"'}
    return [
        quote + token.text.replace(quote, 2 * quote) + quote
        if (quote := quotes.get(token.token_type))
        else token.text.lower()
        for token in sqlglot.tokenize(sql)
    ]


def _relation(node: Mapping[str, Any]) -> str:
    relation = node["node_relation"]
    return f"{relation['schema_name']}.{relation['alias']}"


def keys_of(model: Mapping[str, Any]) -> set[str]:
    """The entities of which the model holds one row each, and whose dimensions it gives."""
    entities = {each["name"] for each in model["entities"] if each["type"] != "foreign"}
    return entities | {model["primary_entity"] or ""}


def _entities(model: Mapping[str, Any], names: Iterable[str]) -> list[list[str]]:
    return sorted(
        [each["name"], each["type"], " ".join(tokens(each["expr"] or each["name"]))]
        for each in model["entities"]
        if each["name"] in names
    )


def dimension_of(model: Mapping[str, Any], name: str) -> list[str] | None:
    """Type, expression and grain of a model's dimension; None if it has no such one."""
    for each in model["dimensions"]:
        if each["name"] == name:
            grain = (each["type_params"] or {}).get("time_granularity")
            return [each["type"], " ".join(tokens(each["expr"] or name)), grain]
    return None


def _without(parameters: Parameters, *names: str) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if key not in names}
