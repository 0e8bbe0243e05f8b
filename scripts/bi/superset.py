"""The Superset bundle: what stands in bi/superset/bundle, its datasets filled from the metrics."""

import io
import zipfile
from pathlib import Path
from typing import Any

import yaml

from scripts.bi.governed import ONE_VALUE, Governed, Table
from scripts.metrics_engine import Metric
from scripts.project import ROOT, UserError

BUNDLE = ROOT / "bi" / "superset" / "bundle"
ADDRESS = "duckdb:///{}?access_mode=READ_ONLY"
FORMATS = {"usd": "$,.2f", "ratio": ".1%", "score": ",.1f", "days": ",.1f", "hours": ",.1f"}


def bundle(governed: Governed) -> bytes:
    """The zip file that Superset imports: database, datasets, charts and the dashboard.

    Raises a UserError when a dataset of the bundle is neither an exported table nor has measures.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for path in sorted(BUNDLE.rglob("*.yaml")):
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            if path.parent.name == "databases":
                content["sqlalchemy_uri"] = ADDRESS.format(governed.published_file.resolve())
            if path.parent.name == "datasets":
                content |= _dataset(governed, content)
            # Superset takes the first folder's name for that of the bundle.
            files.writestr(
                zipfile.ZipInfo(str(Path("bellwether") / path.relative_to(BUNDLE))),
                yaml.safe_dump(content, sort_keys=False),
            )
    return archive.getvalue()


def _dataset(governed: Governed, declared: dict[str, Any]) -> dict[str, Any]:
    """The columns and the metrics of a dataset of the bundle."""
    relation = f"{declared['schema']}.{declared['table_name']}"
    tables = {table.relation: table for table in [*governed.metric_tables, *governed.facts]}
    if relation not in tables:
        raise UserError(
            f"The Superset bundle has a dataset {relation}, which is neither an exported metric "
            f"table nor a table with measures: change {BUNDLE / 'datasets'}."
        )
    table = tables[relation]
    return {
        "description": table.description,
        "columns": [
            {
                "column_name": column.name,
                "verbose_name": column.label,
                "type": column.type,
                "is_dttm": column.is_time,
                "groupby": True,
                "filterable": True,
                "description": column.description,
            }
            for column in table.columns
        ],
        "metrics": _metrics(table),
    }


def _metrics(table: Table) -> list[dict[str, Any]]:
    expressions = [(each, ONE_VALUE.format(each.name)) for each in table.metrics]
    expressions += [(measure.metric, measure.sql) for measure in table.measures]
    return [_metric(metric, expression) for metric, expression in expressions]


def _metric(metric: Metric, expression: str) -> dict[str, Any]:
    return {
        "metric_name": metric.name,
        "verbose_name": metric.label,
        "expression": expression,
        "description": metric.description,
        "d3format": FORMATS.get(metric.meta["unit"], ","),
        "extra": {
            "certification": {
                "certified_by": metric.meta["owner"],
                "details": f"version {metric.meta['version']} of the metric {metric.name}",
            }
        },
    }
