"""Column-level lineage: from a raw column to the metrics it reaches, and back.

It is read from the SQL that dbt compiled, and from the SQL that MetricFlow compiles for each
metric and saved query. `scripts/sql_columns.py` says how much one column can depend on another.
"""

import csv
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from heapq import heapify, heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import sqlglot
import typer
from sqlglot.errors import SqlglotError

from scripts import sql_columns
from scripts.parsed_project import read_manifest
from scripts.project import PUBLISHED_FILE, Places, UsageError, UserError, suggestion
from scripts.publish import put_text
from scripts.sql_columns import ROWS, Column, Kind, Origins, Outputs, add, columns_read

if TYPE_CHECKING:
    from scripts.metrics_engine import MetricDefinitions

READ_BEFORE = "lineage.json"  # in the target folder: what was read of each model's SQL
READER = [sqlglot.__version__, Path(sql_columns.__file__).read_text(encoding="utf-8")]
KINDS = {
    Kind.VALUE: "values come from",
    Kind.FILTER: "filters, joins and groupings read",
    Kind.ORDER: "only the order of rows, or a left join's other side, hangs on",
}


@dataclass
class Affected:
    """What depends on a column, and how much; a relation as much as its strongest column does.

    `broken` are the relations whose SQL reads the column or a value computed from it: they fail
    when these are gone. The others get other values or rows.
    """

    columns: dict[Column, Kind]
    exposures: dict[str, Kind]
    broken: set[str]

    @property
    def models(self) -> dict[str, Kind]:
        return self._relations("")

    @property
    def metrics(self) -> dict[str, Kind]:
        return self._relations("metric")

    @property
    def exports(self) -> dict[str, Kind]:
        """The tables that saved queries are written to."""
        return self._relations("export")

    def _relations(self, what: str) -> dict[str, Kind]:
        found: dict[str, Kind] = {}
        for column, kind in sorted(self.columns.items()):
            prefix, _, name = column.relation.rpartition(" ")
            if prefix == what:
                found[name] = min(kind, found.get(name, kind))
        return found


class Lineage:
    """The lineage of one compiled project.

    A relation is a model, `crm.accounts` (a raw table), `reference.kpis` (a reference seed),
    `metric mrr` or `export monthly_revenue`. SQL is read when it is asked for.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        queries: Mapping[str, Callable[[], str]],
        known: dict[str, Any] | None = None,
    ) -> None:
        """Take dbt's manifest and `queries`, what gives the SQL of each metric and export.

        `known` holds what earlier lineages read, by a fingerprint of the SQL; it is added to.
        """
        self.unread: dict[str, str] = {}  # models that can't be read column by column, and why
        self._queries = queries
        self._known = {} if known is None else known
        self._outputs: dict[str, Outputs] = {}
        self._exposures = manifest["exposures"].values()
        self._dialect = manifest["metadata"]["adapter_type"]
        nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
        self._nodes = {
            _relation(node): node
            for node in nodes
            if node["resource_type"] in ("model", "seed", "source")
        }
        self._by_table = {_table(node): name for name, node in self._nodes.items()}
        self._by_id = {node["unique_id"]: name for name, node in self._nodes.items()}
        for unique_id, metric in manifest["metrics"].items():
            self._by_id[unique_id] = f"metric {metric['name']}"
        if not any(node.get("compiled_code") for node in nodes):
            raise UserError("The manifest holds no compiled SQL: run `make build` first.")

    @classmethod
    def of(cls, places: Places, definitions: "MetricDefinitions") -> "Lineage":
        """The lineage of a build and its metrics, with what was read of it before."""
        manifest = read_manifest(places.manifest)
        for node in manifest["nodes"].values():
            # Parsing alone writes a manifest without SQL; what was compiled stays beside it.
            file = places.target / "compiled" / node["package_name"] / node["original_file_path"]
            if not node.get("compiled_code") and node["resource_type"] == "model" and file.exists():
                node["compiled_code"] = file.read_text(encoding="utf-8")
        known = {}
        with suppress(FileNotFoundError, ValueError):  # what is lost or cut off is read anew
            known = json.loads((places.target / READ_BEFORE).read_text(encoding="utf-8"))
        return cls(manifest, queries_of(definitions), known)

    def keep(self, places: Places) -> None:
        """Leave what was read for the next lineage of the build."""
        put_text(json.dumps(self._known), places.target / READ_BEFORE)

    def sources_of(self, metric: str) -> dict[Column, Kind]:
        """The raw and reference columns that a metric depends on."""
        above = self.upstream(f"metric {metric}")
        return {column: kind for column, kind in above.items() if self.is_source(column.relation)}

    def upstream(self, relation: str) -> dict[Column, Kind]:
        """Every column that a relation depends on, of every relation above it."""
        return _reached(
            self.read_by(relation),
            lambda column: self._read(column.relation).get(column.name, {}),
        )

    def read_by(self, relation: str) -> dict[Column, Kind]:
        """The columns that a relation reads itself: for its own columns and its rows."""
        if relation not in self._nodes and relation not in self._queries:
            what, _, name = relation.rpartition(" ")
            known = [n.removeprefix("metric ") for n in self._queries if n.startswith(what)]
            raise UsageError(f"There is no {what} {name!r}.{suggestion(name, known)}")
        read: dict[Column, Kind] = {}
        for name, origins in self._read(relation).items():
            add(read, origins, Kind.FILTER if name == ROWS else Kind.VALUE)
        return read

    def affected_by(self, column: str) -> Affected:
        """What depends on a column, written `crm.accounts.renewal_date` or `dim_accounts.arr`."""
        start = self._column(column)
        affected = _reached({start: Kind.VALUE}, lambda column: self._readers.get(column, {}))
        del affected[start]
        by_relation: dict[str, Kind] = {}
        for found, kind in affected.items():
            by_relation[found.relation] = min(kind, by_relation.get(found.relation, kind))
        exposures = {}
        for exposure in self._exposures:
            used = {self._by_id[unique_id] for unique_id in exposure["depends_on"]["nodes"]}
            if used & by_relation.keys():
                exposures[exposure["name"]] = min(by_relation[n] for n in used & by_relation.keys())
        gone = {start, *(column for column, kind in affected.items() if kind == Kind.VALUE)}
        broken = {r.relation for column in gone for r in self._readers.get(column, {})}
        return Affected(affected, exposures, broken)

    def is_source(self, relation: str) -> bool:
        """Whether data come in there: it is a seed, a source or a raw file, not a model."""
        node = self._nodes.get(relation)
        return relation not in self._queries and (not node or node["resource_type"] != "model")

    @property
    def relations(self) -> list[str]:
        """Everything with a lineage: raw and reference tables, models, metrics, exports."""
        return [*self._nodes, *self._queries]

    def relation_of(self, table: str) -> str:
        """The relation that a table, `<database>.<schema>.<table>`, holds; itself if unknown."""
        return self._by_table.get(table, table)

    def sql(self, relation: str) -> str:
        """What a relation was compiled to; empty for what has no SQL."""
        if relation in self._queries:
            return self._queries[relation]()
        node = self._nodes[relation]
        return (node.get("compiled_code") or "") if node.get("language") == "sql" else ""

    def columns(self, relation: str) -> list[str]:
        """The names of a relation's columns."""
        node = self._nodes.get(relation)
        if node is None or node["resource_type"] == "model":
            return [name for name in self._read(relation) if name != ROWS]
        return _declared_columns(node)

    @cached_property
    def _readers(self) -> dict[Column, Origins]:
        """What reads each column, of all relations."""
        readers: dict[Column, Origins] = defaultdict(dict)
        for relation in self.relations:
            for name, origins in self._read(relation).items():
                for origin, kind in origins.items():
                    readers[origin][Column(relation, name)] = kind
        return readers

    def _column(self, text: str) -> Column:
        relation, _, name = text.rpartition(".")
        known = set(self._nodes) | {c.relation for c in self._readers}
        if relation not in known:
            raise UsageError(
                f"There is no table {relation!r}.{suggestion(relation, sorted(known))} "
                "Write a column as <system>.<object>.<column> or <model>.<column>."
            )
        names = (
            self.columns(relation)
            if relation in self._nodes
            else [c.name for c in self._readers if c.relation == relation]
        )
        if name not in (*names, ROWS):
            raise UsageError(f"{relation} has no column {name!r}.{suggestion(name, names)}")
        return Column(relation, name)

    def _read(self, relation: str) -> Outputs:
        """What each column of a relation, and its rows, read of the relations below."""
        if relation not in self._outputs:
            self._outputs[relation] = {}  # in case it reads itself
            self._outputs[relation] = self._read_anew(relation)
        return self._outputs[relation]

    def _read_anew(self, relation: str) -> Outputs:
        sql = self.sql(relation)
        if relation in self._queries:
            below = [name for name, node in self._nodes.items() if _identifier(node) in sql]
            outputs = self._outputs_of_sql(relation, sql, self._columns_of(below), "duckdb")
            what, _, name = relation.rpartition(" ")
            return outputs if what == "export" else _value_and_rows(outputs, name)
        if self.is_source(relation):
            return {}
        node = self._nodes[relation]
        below = [self._by_id[i] for i in node["depends_on"]["nodes"] if i in self._by_id]
        try:
            if not sql:
                python = node["language"] == "python"
                raise SqlglotError(f"it {'is Python' if python else 'was not compiled'}.")
            columns = self._columns_of(below)
            if _table(node) in sql.replace('"', ""):  # it is incremental
                columns[_table(node)] = _declared_columns(node)
            return self._outputs_of_sql(relation, sql, columns, self._dialect)
        except SqlglotError as error:
            if "MetricDefinitions" in node["raw_code"]:
                return self._outputs_of_metrics(node, below)
            self.unread[relation] = str(error)
            return _all_of(node, dict.fromkeys(self._all_columns(below), Kind.VALUE))

    def _outputs_of_sql(
        self, relation: str, sql: str, columns: dict[str, list[str]], dialect: str
    ) -> Outputs:
        text = json.dumps([READER, dialect, sql, columns], sort_keys=True)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        if fingerprint not in self._known:
            self._known[fingerprint] = {
                name: [[*origin, kind] for origin, kind in origins.items()]
                for name, origins in columns_read(sql, columns, dialect).items()
            }
        outputs: Outputs = {}
        for name, origins in self._known[fingerprint].items():
            outputs[name] = {
                Column(self._below(relation, table), column): Kind(kind)
                for table, column, kind in origins
                if self._below(relation, table)
            }
        return outputs

    def _below(self, relation: str, table: str) -> str:
        """The relation behind a table that `relation` reads; none behind a table function.

        What a base model reads is its raw table, be it a seed, a file or a table of a warehouse.
        """
        raw = re.fullmatch(r"base_(\w+?)__(\w+)", relation)
        if table not in self._by_table and raw:
            return f"{raw[1]}.{raw[2]}"
        return self.relation_of(table)

    def _outputs_of_metrics(self, node: dict[str, Any], below: list[str]) -> Outputs:
        """Of a Python model that asks the semantic layer: the metrics of the models it names."""
        origins: Origins = {}
        for metric in (name for name in self._queries if name.startswith("metric ")):
            outputs = self._read(metric)
            if {origin.relation for read in outputs.values() for origin in read} <= {*below}:
                origins |= {Column(metric, name): Kind.VALUE for name in outputs}
        for column in self._all_columns([name for name in below if self.is_source(name)]):
            origins[column] = Kind.FILTER
        return _all_of(node, origins)

    def _columns_of(self, relations: Iterable[str]) -> dict[str, list[str]]:
        return {_table(self._nodes[name]): self.columns(name) for name in relations}

    def _all_columns(self, relations: Iterable[str]) -> list[Column]:
        return [Column(name, c) for name in relations for c in [*self.columns(name), ROWS]]


def _value_and_rows(outputs: Outputs, metric: str) -> Outputs:
    """Of a metric's query: the metric itself; what it is grouped by goes to the rows."""
    rows = dict(outputs[ROWS])
    for name, origins in outputs.items():
        if name not in (metric, ROWS):
            add(rows, origins, Kind.FILTER)
    return {metric: outputs[metric], ROWS: rows}


def _all_of(node: dict[str, Any], origins: Origins) -> Outputs:
    return dict.fromkeys([*_declared_columns(node), ROWS], origins)


def _relation(node: dict[str, Any]) -> str:
    """The name people know: raw tables by system and object, other seeds as reference."""
    if node["resource_type"] == "model":
        return node["name"]
    if node["resource_type"] == "source":
        return f"{node['source_name']}.{node['name']}"
    raw = re.fullmatch(r"raw_(\w+?)__(\w+)", node["name"])
    return f"{raw[1]}.{raw[2]}" if raw else f"reference.{node['name']}"


def _identifier(node: dict[str, Any]) -> str:
    return node["identifier"] if node["resource_type"] == "source" else node["alias"]


def _table(node: dict[str, Any]) -> str:
    return f"{node['database']}.{node['schema']}.{_identifier(node)}"


def _declared_columns(node: dict[str, Any]) -> list[str]:
    """The columns in a model's or source's YAML; of a seed those in its file."""
    if node["resource_type"] != "seed":
        return list(node["columns"])
    with (Path(node["root_path"]) / node["original_file_path"]).open(encoding="utf-8") as file:
        return next(csv.reader(file))


def _reached(starts: dict[Column, Kind], step: Callable[[Column], Origins]) -> dict[Column, Kind]:
    """All that steps lead to, each with the strongest of its paths; a path is its weakest step."""
    reached: dict[Column, Kind] = {}
    to_visit = [(kind, column) for column, kind in starts.items()]
    heapify(to_visit)
    while to_visit:
        kind, column = heappop(to_visit)
        if column not in reached:
            reached[column] = kind
            for further, at in step(column).items():
                heappush(to_visit, (max(kind, at), further))
    return reached


def queries_of(definitions: "MetricDefinitions") -> dict[str, Callable[[], str]]:
    """What gives the SQL of each metric by month, and of each saved query's export."""
    queries: dict[str, Callable[[], str]] = {}
    for name in definitions.metrics:
        queries[f"metric {name}"] = partial(definitions.explain, [name], ["metric_time__month"])
    for query in definitions.saved_queries:
        for export in query.exports:
            queries[f"export {export}"] = partial(definitions.explain_saved, query.name)
    return queries


def command(
    metric: Annotated[str | None, typer.Option(help="Where does this metric come from?")] = None,
    column: Annotated[
        str | None,
        typer.Option(help="What breaks without this column? E.g. crm.accounts.renewal_date."),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="List what only the order of rows or a left join reads.")
    ] = False,
    publish_to: Annotated[
        Path, typer.Option(help="The published file whose build is asked.")
    ] = PUBLISHED_FILE,
) -> None:
    """Say where a metric comes from, or what breaks if a column goes away.

    Example: python -m scripts lineage --metric net_revenue_retention
    Example: python -m scripts lineage --column crm.accounts.renewal_date
    """
    if (metric is None) == (column is None):
        raise UsageError("Say either --metric or --column.")
    places = Places.of(publish_to)
    for file in (places.manifest, places.semantic_manifest):
        if not file.exists():
            raise UserError(f"There is no file {file}: run `make build` first.")
    from scripts.metrics_engine import MetricDefinitions

    lineage = Lineage.of(places, MetricDefinitions(places.semantic_manifest))
    lines = (
        _of_metric(lineage, metric, show_all) if metric else _of_column(lineage, column, show_all)
    )
    print("\n".join(lines))
    for name, reason in sorted(lineage.unread.items()):
        print(f"Note: {name} is taken to use all of what it names: {reason}")
    lineage.keep(places)


def _of_metric(lineage: Lineage, metric: str, show_all: bool) -> list[str]:
    return [
        f"{metric} is computed from",
        *_by_kind(lineage.read_by(f"metric {metric}"), show_all),
        "",
        "and goes back to",
        *_by_kind(lineage.sources_of(metric), show_all),
    ]


def _of_column(lineage: Lineage, column: str, show_all: bool) -> list[str]:
    affected = lineage.affected_by(column)
    models = {c: kind for c, kind in affected.columns.items() if c.relation in affected.models}
    lines = [f"Without {column}:"]
    for what, kinds in {
        "models": models,
        "metrics": affected.metrics,
        "exports of saved queries": affected.exports,
        "exposures": affected.exposures,
    }.items():
        lines += ["", f"{what.capitalize()}{'' if kinds else ': none'}", *_by_kind(kinds, show_all)]
    return lines


def _by_kind(kinds: Mapping[Any, Kind], show_all: bool) -> list[str]:
    """A paragraph for each kind; the weakest is only counted unless all is asked for."""
    lines = []
    for kind, words in KINDS.items():
        things = _grouped([thing for thing, its_kind in kinds.items() if its_kind == kind])
        if kind == Kind.ORDER and not show_all and things:
            lines.append(f"  {words}: {len(things)} (--all lists them)")
        elif things:
            lines += [f"  {words}:", *(f"    {thing}" for thing in things)]
    return lines


def _grouped(things: Iterable[Any]) -> list[str]:
    """Names in order; columns by relation."""
    columns: dict[str, list[str]] = {}
    for thing in sorted(things):
        relation, column = thing if isinstance(thing, Column) else (thing, None)
        columns.setdefault(relation, []).extend([column] if column else [])
    return [
        relation
        + (": " if names else "")
        + ", ".join(sorted("which rows there are" if n == ROWS else n for n in names))
        for relation, names in columns.items()
    ]
