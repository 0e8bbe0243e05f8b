"""House rules on the project's manifest and its SQL that dbt-bouncer has no check for.

Each rule gives the list of what breaks it, and is shown to find a planted breach.
dbt-bouncer.yml, which holds the other rules, is put to the same proof. Those on metrics and
exposures are in scripts/definition_rules.py.
"""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from whole_project import target_as_it_stands

ROOT = Path(__file__).resolve().parents[2]

Manifest = dict[str, Any]
Node = dict[str, Any]


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the manifest of the project as it stands."""
    return target_as_it_stands(tmp_path_factory.mktemp("parsed"))


@pytest.fixture(scope="session")
def manifest(target: Path) -> Manifest:
    return json.loads((target / "manifest.json").read_text())


def models(manifest: Manifest, *folders: str) -> Iterator[Node]:
    """The enabled models whose file lies in one of the folders."""
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["original_file_path"].startswith(folders):
            yield node


def read_by(node: Node) -> list[str]:
    return node["depends_on"].get("nodes", [])


# --- Rules on the manifest ------------------------------------------------------------


def raw_data_read_beyond_base(manifest: Manifest) -> list[str]:
    """Only base models and connectors read raw data, and what counts its rows."""
    raw = {
        key
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "seed" and node["original_file_path"].startswith("seeds/raw/")
    } | set(manifest["sources"])
    return [
        f"{node['name']} reads {name}"
        for node in models(manifest, "models/")
        if not re.match(r"models/(connectors|staging/[^/]+/base)/", node["original_file_path"])
        and node["name"] != "fct_raw_row_accounting"
        for name in read_by(node)
        if name in raw
    ]


def staging_of_another_table(manifest: Manifest) -> list[str]:
    """stg_x__y reads base_x__y and besides it only reference seeds."""
    return [
        f"{node['name']} reads {name}"
        for node in models(manifest, "models/staging/")
        if node["name"].startswith("stg_")
        for name in read_by(node)
        if name.startswith("model.") and name.split(".")[-1] != f"base_{node['name'][4:]}"
    ]


def reports_read(manifest: Manifest) -> list[str]:
    """Nothing is built on a report."""
    return [
        f"{node['name']} reads {name}"
        for node in models(manifest, "models/")
        for name in read_by(node)
        if name.split(".")[-1].startswith("rpt_")
    ]


def folder_is_not_group(manifest: Manifest) -> list[str]:
    """A model belongs to the group of its domain, which is its folder."""
    return [
        f"{node['name']} is in the group {node['config'].get('group')}"
        for node in models(manifest, "models/intermediate/", "models/marts/", "models/metadata/")
        if node["config"].get("group")
        != (Path(node["original_file_path"]).parts[1 if node["path"].startswith("meta") else 2])
    ]


def look_ahead_in_scores(manifest: Manifest) -> list[str]:
    """Outcomes look ahead, so no score reads them, at any distance."""
    graph = {key: read_by(node) for key, node in manifest["nodes"].items()}

    def reaches_outcomes(key: str) -> bool:
        return any(
            name.endswith(("_outcomes", "_outcomes_observed")) or reaches_outcomes(name)
            for name in graph.get(key, [])
        )

    return [
        node["name"]
        for node in models(manifest, "models/")
        if node["name"] in ("fct_health_scores", "fct_health_components")
        and reaches_outcomes(node["unique_id"])
    ]


MANIFEST_RULES: list[Callable[[Manifest], list[str]]] = [
    raw_data_read_beyond_base,
    staging_of_another_table,
    reports_read,
    folder_is_not_group,
    look_ahead_in_scores,
]


@pytest.mark.parametrize("rule", MANIFEST_RULES)
def test_manifest_keeps(rule: Callable[[Manifest], list[str]], manifest: Manifest) -> None:
    assert rule(manifest) == []


# --- Each of them finds a breach --------------------------------------------------------


def some_model(name: str, path: str, *upstream: str, **config: Any) -> Node:
    return {
        "name": name,
        "unique_id": f"model.bellwether.{name}",
        "resource_type": "model",
        "original_file_path": f"models/{path}/{name}.sql",
        "path": f"{path}/{name}.sql",
        "depends_on": {"nodes": list(upstream)},
        "config": config,
    }


def some_manifest(*nodes: Node) -> Manifest:
    raw = {
        "resource_type": "seed",
        "name": "raw_crm__users",
        "original_file_path": "seeds/raw/crm/raw_crm__users.csv",
        "depends_on": {},
    }
    return {
        "nodes": {node["unique_id"]: node for node in nodes} | {"seed.bellwether.raw": raw},
        "sources": {},
    }


OWN_BASE = some_model("stg_crm__users", "staging/crm", "model.bellwether.base_crm__users")
BREACHES = {
    raw_data_read_beyond_base: some_manifest(
        some_model("base_crm__users", "staging/crm/base", "seed.bellwether.raw"),
        some_model("int_users_found", "intermediate/accounts", "seed.bellwether.raw"),
    ),
    staging_of_another_table: some_manifest(
        OWN_BASE,
        some_model("stg_crm__accounts", "staging/crm", "model.bellwether.base_crm__users"),
    ),
    reports_read: some_manifest(
        some_model("dim_users", "marts/accounts", "model.bellwether.rpt_users", group="accounts")
    ),
    folder_is_not_group: some_manifest(
        some_model("dim_users", "marts/accounts", group="accounts"),
        some_model("dim_metrics", "metadata", group="metadata"),
        some_model("fct_tickets", "marts/support", group="accounts"),
    ),
    look_ahead_in_scores: some_manifest(
        some_model("fct_health_scores", "marts/health", "model.bellwether.int_usage_compared"),
        some_model(
            "int_usage_compared", "intermediate/health", "model.bellwether.fct_health_outcomes"
        ),
    ),
}


@pytest.mark.parametrize("rule", MANIFEST_RULES)
def test_rule_finds_a_breach(rule: Callable[[Manifest], list[str]]) -> None:
    assert len(rule(BREACHES[rule])) == 1


# --- Rules on SQL text --------------------------------------------------------------------

CLOCK_OR_CHANCE = re.compile(
    r"\b(current_(date|timestamp|time)|localtime(stamp)?|now\s*\(|today\s*\(|getdate|sysdate"
    r"|random\s*\(|rand\s*\(|setseed|uuid\s*\(|gen_random_uuid|run_started_at|modules\.datetime)",
    re.IGNORECASE,
)
# What DuckDB has and PostgreSQL or Spark spell otherwise, or lack. date_trunc, datediff and
# their like go through dbt's own macros.
ENGINE_SPECIFIC = re.compile(
    r"::|\b(qualify\b|try_cast\s*\(|(try_)?strptime\s*\(|strftime\s*\(|epoch\w*\s*\("
    r"|list\w*\s*\(|unnest\s*\(|generate_series\s*\(|range\s*\(|struct_\w+\s*\("
    r"|regexp_\w+\s*\(|json_\w+\s*\(|bit_count\s*\(|bit_or\s*\(|arg_(max|min)\w*\s*\("
    r"|(max|min)_by\s*\(|median\s*\(|quantile\w*\s*\(|string_(agg|split)\s*\(|read_\w+\s*\("
    r"|date_(diff|add|sub|part|trunc)\s*\(|datediff\s*\(|dayofweek\s*\(|isodow\b|hash\s*\("
    r"|group\s+by\s+all\b|exclude\s*\(|columns\s*\(|asof\s+join\b|pivot\b)",
    re.IGNORECASE,
)
SELECT_DISTINCT = re.compile(r"\bselect\s+distinct\b", re.IGNORECASE)


def code_of(text: str) -> str:
    """SQL without comments, Jinja's statements and dbt's cross-database macros."""
    text = re.sub(r"\{[#%].*?[#%]\}", "", text, flags=re.DOTALL)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"--.*", "", text)
    return re.sub(r"\bdbt\.\w+", "", text)


def found(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {match.group(0)}"
        for path in files
        for match in pattern.finditer(code_of(path.read_text()))
    ]


def sql_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.sql"))]


def test_no_model_reads_the_clock_or_throws_dice() -> None:
    assert found(CLOCK_OR_CHANCE, sql_files("models", "macros", "tests", "analyses")) == []


def test_engine_specific_sql_is_kept_in_the_portable_macros() -> None:
    files = [
        path
        for path in sql_files("models", "macros", "tests")
        if not path.is_relative_to(ROOT / "macros" / "portable")
    ]
    assert found(ENGINE_SPECIFIC, files) == []


def test_marts_hide_no_fan_out() -> None:
    assert found(SELECT_DISTINCT, sql_files("models/marts")) == []


def test_lines_are_short_enough_to_read() -> None:
    """sqlfluff would measure what the macros expand to, so this measures what is written."""
    assert [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sql_files("models", "macros", "tests")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > 100
    ] == []


@pytest.mark.parametrize(
    ("pattern", "code", "is_breach"),
    [
        (CLOCK_OR_CHANCE, "where opened_at <= current_date", True),
        (CLOCK_OR_CHANCE, "select now()", True),
        (CLOCK_OR_CHANCE, "-- no current_date here\nselect known", False),
        (ENGINE_SPECIFIC, "select strptime(x, '%Y')", True),
        (ENGINE_SPECIFIC, "select x::date", True),
        (ENGINE_SPECIFIC, "select {{ dbt.datediff('a', 'b', 'day') }}", False),
        (ENGINE_SPECIFIC, "select date_trunc('month', x)", True),
        (SELECT_DISTINCT, "select\n  distinct x", True),
        (SELECT_DISTINCT, "select count(distinct x)", False),
    ],
)
def test_pattern_finds_a_breach(pattern: re.Pattern[str], code: str, is_breach: bool) -> None:
    assert bool(pattern.search(code_of(code))) is is_breach


# --- dbt-bouncer ----------------------------------------------------------------------------


def bounce(target: Path, folder: Path) -> set[tuple[str, str]]:
    """Runs dbt-bouncer.yml on a manifest; gives (check, resource) of each failure."""
    config = yaml.safe_load((ROOT / "dbt-bouncer.yml").read_text())
    config["dbt_artifacts_dir"] = str(target)
    (folder / "dbt-bouncer.yml").write_text(yaml.safe_dump(config))
    command = [str(Path(sys.executable).with_name("dbt-bouncer")), "run"]
    command += ["--config-file", str(folder / "dbt-bouncer.yml")]
    command += ["--output-file", str(folder / "failures.json"), "--output-only-failures"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert run.returncode in (0, 1), run.stderr
    failures = json.loads((folder / "failures.json").read_text())
    return {
        (failure["check_run_id"].split(":")[0], failure["check_run_id"].split(":")[-1])
        for failure in failures
    }


def test_dbt_bouncer_is_content(target: Path, tmp_path: Path) -> None:
    assert bounce(target, tmp_path) == set()


def test_dbt_bouncer_finds_what_breaks_its_rules(manifest: Manifest, tmp_path: Path) -> None:
    broken = copy.deepcopy(manifest)

    def model(name: str) -> Node:
        return broken["nodes"][f"model.bellwether.{name}"]

    model("fct_account_months")["depends_on"]["nodes"].append(
        "model.bellwether.base_billing__plans"
    )
    model("fct_invoices")["description"] = "Invoices."
    model("dim_users")["config"]["contract"]["enforced"] = False
    model("dim_users")["contract"]["enforced"] = False
    model("dim_plans")["access"] = "private"
    model("dim_plans")["config"]["access"] = "private"
    next(iter(model("dim_dates")["columns"].values()))["description"] = ""
    model("fct_tickets")["patch_path"] = "bellwether://models/marts/support/_models.yml"
    model("int_months_closed")["name"] = "months"
    for key, node in list(broken["nodes"].items()):
        if node.get("attached_node") == "model.bellwether.fct_mrr_movements":
            del broken["nodes"][key]
    (tmp_path / "manifest.json").write_text(json.dumps(broken))

    assert bounce(tmp_path, tmp_path) >= {
        ("check_lineage_permitted_upstream_models", "fct_account_months"),
        ("check_model_description_contains_regexp_pattern", "fct_invoices"),
        ("check_model_has_contracts_enforced", "dim_users"),
        ("check_model_access", "dim_plans"),
        ("check_model_column_description_populated", "dim_dates"),
        ("check_model_property_file_location", "fct_tickets"),
        ("check_model_names", "int_months_closed"),
        ("check_model_has_unique_test", "fct_mrr_movements"),
    }
