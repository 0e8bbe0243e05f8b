"""A definition's fingerprint moves when what is computed moves, and only then."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from scripts.definitions import fingerprints

Json = dict[str, Any]


def metric(name: str, kind: str, where: str = "", **parameters: Any) -> Json:
    return {
        "name": name,
        "type": kind,
        "label": f"The {name}",
        "description": "Words.",
        "filter": filtered(where),
        "time_granularity": None,
        "config": {"meta": {"owner": "somebody", "version": 1}},
        "type_params": {
            "numerator": None,
            "denominator": None,
            "expr": None,
            "metrics": [],
            "conversion_type_params": None,
            "cumulative_type_params": None,
            "metric_aggregation_params": None,
            "join_to_timespine": False,
            "fill_nulls_with": None,
            "is_private": False,
        }
        | parameters,
    }


def simple(name: str, agg: str, expr: str | None = None, where: str = "", **more: Any) -> Json:
    aggregation = {
        "semantic_model": "invoices",
        "agg": agg,
        "agg_params": {"percentile": None},
        "agg_time_dimension": None,
        "non_additive_dimension": None,
    }
    return metric(name, "simple", where, expr=expr, metric_aggregation_params=aggregation | more)


def filtered(where: str) -> Json | None:
    return {"where_filters": [{"where_sql_template": where}]} if where else None


def used(name: str, alias: str | None = None, where: str = "") -> Json:
    shifts = {"offset_window": None, "offset_to_grain": None}
    return {"name": name, "alias": alias, "filter": filtered(where), **shifts}


def model(name: str, entities: list[Json], dimensions: list[Json]) -> Json:
    return {
        "name": name,
        "description": "One row per thing.",
        "defaults": {"agg_time_dimension": "paid_on"},
        "node_relation": {"schema_name": "marts", "alias": f"fct_{name}"},
        "primary_entity": None,
        "entities": entities,
        "dimensions": dimensions,
    }


def entity(name: str, kind: str, expr: str) -> Json:
    return {"name": name, "type": kind, "expr": expr}


def dimension(name: str, kind: str = "categorical", grain: str | None = None) -> Json:
    parameters = {"time_granularity": grain} if grain else None
    return {"name": name, "type": kind, "expr": None, "type_params": parameters}


def manifest() -> Json:
    """Invoices of accounts, and seven metrics: `refunds` counts nothing that others use."""
    window = {"count": 3, "granularity": "month"}
    return {
        "project_configuration": {
            "time_spines": [
                {
                    "node_relation": {"schema_name": "marts", "alias": "dim_months"},
                    "primary_column": {"name": "month_start", "time_granularity": "month"},
                }
            ]
        },
        "semantic_models": [
            model(
                "invoices",
                [entity("invoice", "primary", "invoice_id"), entity("account", "foreign", "owner")],
                [dimension("paid_on", "time", "day"), dimension("due_on", "time", "day")]
                + [dimension("kind"), dimension("state")],
            ),
            model("accounts", [entity("account", "primary", "id")], [dimension("segment")]),
        ],
        "metrics": [
            simple("paid", "sum", "amount", "{{ Dimension('invoice__kind') }} = 'Paid'"),
            simple("invoices", "count", "invoice_id"),
            simple("refunds", "sum"),
            metric("average", "ratio", numerator=used("paid"), denominator=used("invoices")),
            metric(
                "smb_gap",
                "derived",
                expr="a - invoices",
                metrics=[
                    used("paid", "a", "{{ Dimension('account__segment') }} = 'smb'"),
                    used("invoices"),
                ],
            ),
            metric(
                "paid_so_far",
                "cumulative",
                cumulative_type_params={"window": window, "metric": used("paid")},
            ),
            metric(
                "paid_later",
                "conversion",
                conversion_type_params={
                    "entity": "account",
                    "window": window,
                    "base_metric": used("invoices"),
                    "conversion_metric": used("refunds"),
                },
            ),
        ],
    }


def changed(change: Callable[[Json], Any]) -> set[str]:
    """The metrics whose fingerprint moves with a change of the manifest."""
    before, after = manifest(), manifest()
    change(after)
    then, now = fingerprints(before), fingerprints(after)
    return {name for name in then if then[name] != now.get(name)}


def named(manifest: Json, name: str) -> Json:
    return next(each for each in manifest["metrics"] if each["name"] == name)


def parameters(manifest: Json, name: str) -> Json:
    return named(manifest, name)["type_params"]


def aggregation(manifest: Json, name: str) -> Json:
    return parameters(manifest, name)["metric_aggregation_params"]


def where(text: str, name: str = "paid") -> Callable[[Json], Any]:
    return lambda m: named(m, name).update(filter=filtered(text))


def rename_hidden_input(m: Json) -> None:
    named(m, "invoices")["name"] = "bills"
    parameters(m, "average")["denominator"]["name"] = "bills"
    parameters(m, "smb_gap")["metrics"][1].update(name="bills")
    parameters(m, "smb_gap")["expr"] = "a - bills"
    parameters(m, "paid_later")["conversion_type_params"]["base_metric"]["name"] = "bills"


def entities(manifest: Json, position: int = 0) -> list[Json]:
    return manifest["semantic_models"][position]["entities"]


def dimensions(manifest: Json, position: int = 0) -> list[Json]:
    return manifest["semantic_models"][position]["dimensions"]


# How each metric hangs on `paid` and on `invoices`.
OF_PAID = {"paid", "average", "smb_gap", "paid_so_far"}
OF_INVOICES = {"invoices", "average", "smb_gap", "paid_later"}

LEFT_ALONE: dict[str, Callable[[Json], Any]] = {
    "words": lambda m: named(m, "paid").update(label="Cash", description="Other words."),
    "meta": lambda m: named(m, "paid")["config"]["meta"].update(owner="another", version=2),
    "hiding": lambda m: parameters(m, "paid").update(is_private=True),
    "order of metrics": lambda m: m["metrics"].reverse(),
    "order of models": lambda m: m["semantic_models"].reverse(),
    "order of entities": lambda m: entities(m).reverse(),
    "order of inputs": lambda m: parameters(m, "smb_gap")["metrics"].reverse(),
    "layout of a filter": where("{{Dimension(\"invoice__kind\")}}\n  =   'Paid' -- only these"),
    "layout of an expression": lambda m: parameters(m, "smb_gap").update(expr="A\n -  invoices"),
    "alias": lambda m: (
        parameters(m, "smb_gap").update(expr="b - invoices"),
        parameters(m, "smb_gap")["metrics"][0].update(alias="b"),
    ),
    "default time said": lambda m: aggregation(m, "paid").update(agg_time_dimension="paid_on"),
    "dimension added": lambda m: dimensions(m).append(dimension("colour")),
    "dimension that no filter uses": lambda m: dimensions(m)[3].update(expr="upper(state)"),
    "words of a model": lambda m: m["semantic_models"][0].update(description="Rows."),
}

MOVED: dict[str, tuple[Callable[[Json], Any], set[str]]] = {
    "aggregation": (lambda m: aggregation(m, "paid").update(agg="average"), OF_PAID),
    "percentile": (
        lambda m: aggregation(m, "paid").update(agg_params={"percentile": 0.9}),
        OF_PAID,
    ),
    "semi-additive": (
        lambda m: aggregation(m, "paid").update(non_additive_dimension={"name": "paid_on"}),
        OF_PAID,
    ),
    "column": (lambda m: parameters(m, "paid").update(expr="net_amount"), OF_PAID),
    "column taken from the name": (
        lambda m: parameters(m, "refunds").update(expr="refund"),
        {"refunds", "paid_later"},
    ),
    "model": (lambda m: aggregation(m, "paid").update(semantic_model="accounts"), OF_PAID),
    "table": (
        lambda m: m["semantic_models"][0]["node_relation"].update(alias="fct_bills"),
        OF_PAID | OF_INVOICES | {"refunds"},
    ),
    "time": (lambda m: aggregation(m, "paid").update(agg_time_dimension="due_on"), OF_PAID),
    "grain of the time": (
        lambda m: dimensions(m)[0]["type_params"].update(time_granularity="month"),
        OF_PAID | OF_INVOICES | {"refunds"},
    ),
    "default grain": (lambda m: named(m, "average").update(time_granularity="year"), {"average"}),
    "nulls filled": (lambda m: parameters(m, "paid").update(fill_nulls_with=0), OF_PAID),
    "filter added": (where("{{ Dimension('invoice__state') }}", "invoices"), OF_INVOICES),
    "filter dropped": (where(""), OF_PAID),
    "value of a filter": (where("{{ Dimension('invoice__kind') }} = 'paid'"), OF_PAID),
    "spaces in a value": (where("{{ Dimension('invoice__kind') }} = 'Pa  id'"), OF_PAID),
    "operator of a filter": (where("{{ Dimension('invoice__kind') }} <> 'Paid'"), OF_PAID),
    "filter of an input": (
        lambda m: parameters(m, "average")["numerator"].update(filter=filtered("1 = 0")),
        {"average"},
    ),
    "dimension of a filter": (lambda m: dimensions(m)[2].update(expr="lower(kind)"), OF_PAID),
    "joined dimension": (
        lambda m: dimensions(m, 1)[0].update(expr="segment_now"),
        {"smb_gap"},
    ),
    "join of a dimension": (lambda m: entities(m, 1)[0].update(expr="number"), {"smb_gap"}),
    "join to a dimension": (
        lambda m: entities(m)[1].update(expr="payer"),
        {"smb_gap", "paid_later"},
    ),
    "ratio turned over": (
        lambda m: parameters(m, "average").update(
            numerator=used("invoices"), denominator=used("paid")
        ),
        {"average"},
    ),
    "difference turned over": (
        lambda m: parameters(m, "smb_gap").update(expr="invoices - a"),
        {"smb_gap"},
    ),
    "constant": (lambda m: parameters(m, "smb_gap").update(expr="a - 2 * invoices"), {"smb_gap"}),
    "offset": (
        lambda m: parameters(m, "average")["numerator"].update(offset_to_grain="year"),
        {"average"},
    ),
    "window": (
        lambda m: parameters(m, "paid_so_far")["cumulative_type_params"].update(window=None),
        {"paid_so_far"},
    ),
    "time spine": (
        lambda m: m["project_configuration"]["time_spines"][0]["node_relation"].update(alias="x"),
        {"paid_so_far"},
    ),
    "conversion window": (
        lambda m: parameters(m, "paid_later")["conversion_type_params"].update(window=None),
        {"paid_later"},
    ),
    "converted entity": (
        lambda m: parameters(m, "paid_later")["conversion_type_params"].update(entity="invoice"),
        {"paid_later"},
    ),
}


@pytest.mark.parametrize("change", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_stays_with_what_is_not_the_definition(change: Callable[[Json], Any]) -> None:
    assert changed(change) == set()


@pytest.mark.parametrize(("change", "moved"), MOVED.values(), ids=MOVED)
def test_moves_with_the_definition_and_what_uses_it(
    change: Callable[[Json], Any], moved: set[str]
) -> None:
    assert changed(change) == moved


def test_a_new_name_is_no_new_definition() -> None:
    then = fingerprints(manifest())
    renamed = copy.deepcopy(manifest())
    rename_hidden_input(renamed)
    now = fingerprints(renamed)
    assert now.pop("bills") == then.pop("invoices")
    assert now == then


def test_no_two_definitions_share_a_fingerprint() -> None:
    assert len(set(fingerprints(manifest()).values())) == 7
