"""A dbt project of a few one-line models that the real scripts build in seconds.

Its scripts folder is the project's own, so that a build of it can be killed, broken and
repeated without touching the real one.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml
from data_quality_tables import EMPTY_MODELS
from warm_python import run_python

from scripts.carry import WRITTEN_TABLES
from scripts.definition_rules import REQUIRED_META
from scripts.project import ROOT

PROJECT = {
    "name": "bellwether",
    "profile": "bellwether",
    "vars": {"as_of_date": "2026-06-30"},
    "seeds": {"bellwether": {"+schema": "reference"}},
    "models": {
        "bellwether": {
            folder: {"+schema": folder, "+materialized": "table"}
            for folder in ("staging", "intermediate", "marts", "metadata")
        }
    },
    "flags": {"send_anonymous_usage_stats": False, "use_colors": False, "partial_parse": False},
}

MODELS = {
    **EMPTY_MODELS,
    "staging/stg_billing__invoices": "select date '2026-06-01' as issued_at",
    "staging/stg_billing__subscription_charges": "select date '2026-01-01' as effective_from",
    "staging/stg_usage__activity": "select date '2026-06-30' as activity_date",
    "intermediate/int_observation_dates_listed": (
        "select cast('{{ var(\"as_of_date\") }}' as date) as observation_date"
    ),
    "marts/dim_dates": "select date '2026-06-01' as date_day",
    "marts/dim_accounts": """
        select 'a' as account_id, 'smb' as segment, date '2027-01-01' as renewal_date,
               1200.00 as crm_arr, 'adoption' as lifecycle_stage, 'pro' as product_tier,
               'u' as owner_id, true as is_active_customer
    """,
    "marts/fct_account_months": """
        select 'a' as account_id, date '2026-06-01' as month_start, 100.00 as mrr,
               100.00 as mrr_12_months_ago, 100.00 as mrr_retained_12_months, 0.00 as new_mrr,
               0.00 as reactivation_mrr, 0.00 as expansion_mrr, 0.00 as contraction_mrr,
               0.00 as churned_mrr
    """,
    "marts/fct_user_activity": "select 'a' as account_id",
    "marts/fct_tickets": "select 'a' as account_id",
    "marts/fct_reconciliations": """
        select 'invoices' as reconciliation, date '2026-06-01' as month_start,
               100.00 as billing_amount, 0.00 as absolute_unexplained
    """,
    "metadata/fct_metric_values": """
        select 'mrr' as metric_name, date '2026-06-01' as month_start, 'all' as segment,
               cast(100 as decimal(18, 6)) as value
    """,
    "metadata/fct_raw_row_accounting": """
        select 'billing.invoices' as raw_table_id, 1000 as rows_read, 990 as rows_kept,
               6 as duplicates, 3 as superseded, 1 as rejected
    """,
}

SEEDS = ["audit_thresholds.csv", "metric_ranges.csv", "metric_versions.csv", "kpi_targets.csv"]

# The project's own models whose rows the scripts write, and what they need.
WRITTEN = [table.split(".")[1] for table in (*WRITTEN_TABLES, "metadata.fct_metric_fingerprints")]
MACROS = ["generate_schema_name.sql", "is_full_demo.sql", "metadata/rows_written_by_scripts.sql"]

PROPERTIES = {
    "models": [
        {
            "name": "dim_dates",
            "time_spine": {"standard_granularity_column": "date_day"},
            "columns": [{"name": "date_day", "granularity": "day"}],
        },
        {
            "name": "fct_account_months",
            "description": "One row per account and month.",
            "semantic_model": True,
            "agg_time_dimension": "month_start",
            "columns": [
                {"name": "account_id", "entity": {"type": "primary", "name": "account"}},
                {"name": "month_start", "granularity": "month", "dimension": {"type": "time"}},
            ],
            "metrics": [
                {
                    "name": "mrr",
                    "label": "MRR",
                    "description": "Recurring revenue of the month.",
                    "type": "simple",
                    "agg": "sum",
                    "expr": "mrr",
                    "config": {"meta": dict.fromkeys(REQUIRED_META, "given") | {"version": 1}},
                }
            ],
        },
    ],
}


@dataclass(frozen=True)
class SmallProject:
    """The project's folder, and what a person does with it."""

    root: Path

    @classmethod
    def in_folder(cls, root: Path) -> "SmallProject":
        shutil.copytree(
            ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__")
        )
        (root / "seeds" / "reference").mkdir(parents=True)
        for name in SEEDS:
            shutil.copy(ROOT / "seeds" / "reference" / name, root / "seeds" / "reference")
        (root / "macros").mkdir()
        for name in MACROS:
            (root / "macros" / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / "macros" / name, root / "macros" / name)
        shutil.copytree(ROOT / "tests" / "generic", root / "tests" / "generic")
        for name in ("profiles.yml", "CHANGELOG.md"):
            shutil.copy(ROOT / name, root)
        (root / "dbt_project.yml").write_text(yaml.safe_dump(PROJECT))
        project = cls(root)
        for name, sql in MODELS.items():
            project.write_model(name, sql)
        for name in WRITTEN:
            project.take_model(f"metadata/{name}")
        (root / "models" / "properties.yml").write_text(yaml.safe_dump(PROPERTIES))
        return project

    @property
    def published_file(self) -> Path:
        return self.root / "published" / "bellwether.duckdb"

    def write_model(self, name: str, sql: str) -> None:
        path = self.root / "models" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql)

    def take_model(self, name: str) -> None:
        """Take over a model of the real project with its contract, and without its tests."""
        source = ROOT / "models" / f"{name}.sql"
        self.write_model(name, source.read_text())
        (model,) = yaml.safe_load(source.with_suffix(".yml").read_text())["models"]
        model.pop("data_tests", None)
        for column in model["columns"]:
            column.pop("data_tests", None)
        target = self.root / "models" / f"{name}.yml"
        target.write_text(yaml.safe_dump({"models": [model]}))

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "scripts", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `python -m scripts` and wait for it."""
        # What is known of dbt's own macros is parsed once, which is most of what there is to parse.
        environment = {**os.environ, "DBT_PARTIAL_PARSE": "true"}
        return run_python(["-m", "scripts", *arguments], self.root, environment)

    def published_mrr(self) -> str:
        with duckdb.connect(str(self.published_file), read_only=True) as connection:
            return str(
                connection.execute("select sum(mrr) from marts.fct_account_months").fetchone()[0]
            )

    def published_names(self) -> list[str]:
        return sorted(path.name for path in self.published_file.parent.iterdir())

    def run_results(self) -> dict:
        return json.loads((self.root / "target" / "run_results.json").read_text())
