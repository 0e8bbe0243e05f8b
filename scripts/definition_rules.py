"""The rules that every definition keeps; `make lint` holds the project to them.

What dbt-bouncer can check of a model stands in dbt-bouncer.yml (that a public one has a contract
and is described), and dbt itself refuses two metrics of one name.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import sqlglot
import typer
from sqlglot import expressions

from scripts import metric_versions
from scripts.definitions import fingerprints
from scripts.parsed_project import Node, Project, Violation, is_date
from scripts.project import Places, UserError

REQUIRED_META = (
    "owner",
    "unit",
    "direction",
    "target",
    "tier",
    "cadence",
    "version",
    "effective_from",
    "source_systems",
)
DIRECTIONS = ("higher", "lower", "neutral")
TIERS = (1, 2, 3)
CADENCES = ("daily", "weekly", "monthly", "quarterly")
SHORTEST_DESCRIPTION = 15  # characters
TARGET = Places.of().target


def violations(project: Project) -> list[Violation]:
    """Whatever breaks a rule, rule by rule."""
    return [violation for rule in RULES for violation in rule(project)]


def metrics_without_meta(project: Project) -> Iterator[Violation]:
    """A public metric says who answers for it and how to read it."""
    owners = {group["owner"]["name"] for group in project.manifest["groups"].values()}
    readable: dict[str, tuple[Callable[[Any], bool], str]] = {
        "owner": (
            lambda value: value in owners,
            "the name of a group's owner in models/groups.yml",
        ),
        "unit": (lambda value: isinstance(value, str) and value != "", "a word such as usd"),
        "direction": (lambda value: value in DIRECTIONS, _one_of(DIRECTIONS)),
        "target": (lambda value: value is None or _is_number(value), "a number or null"),
        "tier": (lambda value: value in TIERS, _one_of(TIERS)),
        "cadence": (lambda value: value in CADENCES, _one_of(CADENCES)),
        "version": (lambda value: type(value) is int and value > 0, "1, 2, 3 and so on"),
        "effective_from": (is_date, "a date in quotes, yyyy-mm-dd"),
        "source_systems": (lambda value: isinstance(value, list), "a list of raw systems"),
    }
    for metric in project.public_metrics:
        meta = metric["config"]["meta"]
        for key in REQUIRED_META:
            is_right, expected = readable[key]
            if key not in meta:
                yield _of(metric, f"its meta lacks {key}: {expected}.")
            elif not is_right(meta[key]):
                yield _of(metric, f"its meta says {key} {meta[key]!r}, which is not {expected}.")


def metrics_undescribed(project: Project) -> Iterator[Violation]:
    """Every metric has a label, not just its name, and a description, hidden ones too."""
    for metric in project.metrics:
        if metric["label"] in (None, "", metric["name"]):
            yield _of(metric, "it has no label.")
        if len(metric["description"].strip()) < SHORTEST_DESCRIPTION:
            yield _of(metric, "its description doesn't say what it is.")


def labels_used_twice(project: Project) -> Iterator[Violation]:
    """No two metrics have one label, whatever its case."""
    yield from _shared(
        project,
        lambda metric: (metric["label"] or "").lower(),
        "its label is also that",
    )


def formulas_defined_twice(project: Project) -> Iterator[Violation]:
    """No two metrics compute the same."""
    known = fingerprints(project.semantic_manifest)
    yield from _shared(project, lambda metric: known[metric["name"]], "its definition is also that")


def unguarded_divisions(project: Project) -> Iterator[Violation]:
    """No formula divides by what can be zero. MetricFlow guards metrics of type ratio itself."""
    for metric in project.metrics:
        expression = metric["type_params"]["expr"]
        if not expression:
            continue
        try:
            tree = sqlglot.parse_one(expression, dialect="duckdb")
        except sqlglot.errors.ParseError:
            yield _of(metric, f"its formula is not SQL: {expression!r}.")
            continue
        for division in tree.find_all(expressions.Div, expressions.IntDiv, expressions.Mod):
            if not _is_never_zero(division.expression):
                divisor = division.expression.sql()
                yield _of(metric, f"it divides by {divisor}: write nullif({divisor}, 0).")


def kpis_undefined(project: Project) -> Iterator[Violation]:
    """Every KPI of the reference list is exactly one public metric."""
    file = "seeds/reference/kpis.csv"
    public = {metric["name"] for metric in project.public_metrics}
    names = [kpi["metric"] for kpi in project.kpis]
    for name in dict.fromkeys(names):
        if name not in public:
            yield Violation(name, file, "no public metric has the name of this KPI.")
        if names.count(name) > 1:
            yield Violation(name, file, "this KPI is listed more than once.")


def exposures_ungoverned(project: Project) -> Iterator[Violation]:
    """An exposure reads public metrics and public models under contract, and nothing else."""
    for exposure in project.manifest["exposures"].values():
        nodes = exposure["depends_on"]["nodes"]
        if not nodes:
            yield _of(exposure, "this exposure says nothing of what it reads.")
        for node in nodes:
            if not _is_governed(project, node):
                yield _of(
                    exposure,
                    f"this exposure reads {node.split('.')[-1]}, which is no public metric and no "
                    "public model under contract.",
                )


def models_without_owner(project: Project) -> Iterator[Violation]:
    """A public model belongs to a group whose owner has a name and an address."""
    groups = {group["name"]: group["owner"] for group in project.manifest["groups"].values()}
    for node in project.manifest["nodes"].values():
        if node["resource_type"] == "model" and node["config"]["access"] == "public":
            owner = groups.get(node["config"]["group"], {})
            if not (owner.get("name") and owner.get("email")):
                yield _of(node, "no group's owner, with name and e-mail, answers for this model.")


RULES: list[Callable[[Project], Iterable[Violation]]] = [
    metrics_without_meta,
    metrics_undescribed,
    labels_used_twice,
    formulas_defined_twice,
    unguarded_divisions,
    kpis_undefined,
    exposures_ungoverned,
    models_without_owner,
    *metric_versions.RULES,
]


def _of(node: Node, sentence: str) -> Violation:
    return Violation(node["name"], node["original_file_path"], sentence)


def _shared(project: Project, key: Callable[[Node], str], sentence: str) -> Iterator[Violation]:
    """A violation of each metric but the first that has the same key."""
    first: dict[str, Node] = {}
    for metric in project.metrics:
        other = first.setdefault(key(metric), metric)
        if other is not metric:
            yield _of(metric, f"{sentence} of {other['name']} ({other['original_file_path']}).")


def _one_of(values: Iterable[Any]) -> str:
    return "one of " + ", ".join(str(value) for value in values)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_never_zero(divisor: expressions.Expression) -> bool:
    """Null in place of zero, or a number other than zero."""
    divisor = divisor.unnest()
    if isinstance(divisor, expressions.Cast):
        return _is_never_zero(divisor.this)
    if isinstance(divisor, expressions.Mul):
        return _is_never_zero(divisor.left) and _is_never_zero(divisor.right)
    if isinstance(divisor, expressions.Nullif):
        return _is_literal(divisor.expression, zero=True)
    return _is_literal(divisor, zero=False)


def _is_literal(value: expressions.Expression, zero: bool) -> bool:
    return value.is_number and (float(value.to_py()) == 0) == zero


def _is_governed(project: Project, unique_id: str) -> bool:
    if metric := project.manifest["metrics"].get(unique_id):
        return not metric["type_params"]["is_private"]
    node = project.manifest["nodes"].get(unique_id)
    return bool(
        node and node["config"].get("access") == "public" and node["config"]["contract"]["enforced"]
    )


def command(
    target: Annotated[
        Path, typer.Option(help="Folder with the manifests that `dbt parse` writes.")
    ] = TARGET,
) -> None:
    """Hold metrics, exposures and public models to the rules of a definition.

    Example: python -m scripts check-definitions   (after .venv/bin/dbt parse)
    """
    found = violations(Project.parsed(target))
    if found:
        listed = "".join(f"\n  {violation}" for violation in found)
        raise UserError(f"{len(found)} definitions break a rule:{listed}")
