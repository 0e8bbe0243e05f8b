"""What the columns of a query's result are made of, read from its SQL with sqlglot.

Besides its columns every relation has its rows, written `*`: what a filter, an inner join or a
grouping reads decides on them. How much a column or the rows depend on another is its `Kind`:
along a path the weakest counts, of several paths the strongest.

One thing is taken on trust: that a left join leaves the rows of its left side as they are. Every
model's key is tested, so a join that multiplies rows fails the build; what could do so is
`Kind.ORDER`.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import NamedTuple

from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

ROWS = "*"


class Kind(IntEnum):
    """How a column or a relation's rows depend on another column, the strongest first."""

    VALUE = 0  # the value comes from it
    FILTER = 1  # a filter, a join or a grouping reads it
    ORDER = 2  # only the order of rows in a window, or the other side of a left join


class Column(NamedTuple):
    """A column of a relation, or its rows if `name` is `*`."""

    relation: str
    name: str

    def __str__(self) -> str:
        return f"{self.relation} (rows)" if self.name == ROWS else f"{self.relation}.{self.name}"


Origins = dict[Column, Kind]
Outputs = dict[str, Origins]  # of each column, and of the rows


def columns_read(sql: str, columns: Mapping[str, Iterable[str]], dialect: str) -> Outputs:
    """What each output column of a query, and its rows, read of tables.

    `columns` holds the columns of each table, named `<database>.<schema>.<table>`. Raises a
    SqlglotError for SQL that can't be parsed or a column that can't be resolved.
    """
    schema: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
    for table, names in columns.items():
        database, in_schema, name = table.split(".")
        types = schema.setdefault(database, {}).setdefault(in_schema, {})
        types[name] = dict.fromkeys(names, "text")
    query = qualify(
        parse_one(sql, dialect=dialect), schema=schema, dialect=dialect, quote_identifiers=False
    )
    read: dict[int, Outputs] = {}
    for scope in traverse_scope(query):
        read[id(scope)] = _ScopeReader(scope, read).outputs()
    return read[id(scope)]


def add(origins: Origins, more: Origins, at_most: Kind = Kind.VALUE) -> None:
    """Add `more`, none of it stronger than `at_most`; of two kinds the stronger stays."""
    for column, kind in more.items():
        weakest = max(kind, at_most)
        if weakest < origins.get(column, len(Kind)):
            origins[column] = weakest


class _ScopeReader:
    """Reads one SELECT (or set operation) whose sources have been read before."""

    def __init__(self, scope: Scope, read: Mapping[int, Outputs]) -> None:
        self._scope = scope
        self._read = read
        self._subqueries = {id(s.expression): s for s in scope.subquery_scopes}
        # Of each source that an outer join may leave empty: what decides on that.
        self._optional: dict[str, Origins] = {}

    def outputs(self) -> Outputs:
        query = self._scope.expression
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query)
        if not isinstance(query, exp.Select):  # a table function: unnest(…), generate_series(…)
            everything = self._origins([query], Kind.VALUE)
            names = [*query.alias_column_names, ROWS]
            return dict.fromkeys(names, everything)
        rows = self._rows_of_sources(query)
        for clause in ("where", "having", "qualify", "group"):
            add(rows, self._origins([query.args.get(clause)], Kind.FILTER))
        for clause in ("order", "limit"):
            add(rows, self._origins([query.args.get(clause)], Kind.ORDER))
        outputs: Outputs = {}
        windows = self._origins(query.args.get("windows") or [], Kind.ORDER)
        for projection in query.selects:
            outputs[projection.alias_or_name] = self._origins([projection], Kind.VALUE)
            add(outputs[projection.alias_or_name], windows)
        if query.args.get("distinct"):
            for origins in list(outputs.values()):
                add(rows, origins, Kind.FILTER)
        return {**outputs, ROWS: rows}

    def _set_operation(self, query: exp.SetOperation) -> Outputs:
        left, right = (self._read.get(id(s), {}) for s in self._scope.set_operation_scopes)
        names = [name for name in left if name != ROWS]
        outputs: Outputs = {name: dict(left[name]) for name in (*names, ROWS)}
        for name, other in zip(names, (n for n in right if n != ROWS), strict=bool(right)):
            add(outputs[name], right[other])
        add(outputs[ROWS], right.get(ROWS, {}))
        if query.args.get("distinct") or not isinstance(query, exp.Union):
            for name in names:
                add(outputs[ROWS], outputs[name], Kind.FILTER)
        return outputs

    def _rows_of_sources(self, query: exp.Select) -> Origins:
        """The rows of what is selected from, and what the joins make of them."""
        rows: Origins = {}
        before: list[str] = []
        sources = [
            (query.args.get("from_"), None),
            *((j, j) for j in query.args.get("joins") or []),
        ]
        for holder, join in sources:
            if holder is None:
                continue
            name = holder.this.alias_or_name
            of_source = self._of_source(name, ROWS)
            side = join.side if join else ""
            condition = self._origins([join.args.get("on")] if join else [], Kind.FILTER)
            outer = side == "LEFT" and join.kind not in ("SEMI", "ANTI")
            add(rows, of_source, Kind.ORDER if outer else Kind.VALUE)
            add(rows, condition, Kind.ORDER if outer else Kind.FILTER)
            left_empty = [*([name] if side in ("LEFT", "FULL") else [])]
            left_empty += before if side in ("RIGHT", "FULL") else []
            for source in left_empty:
                decides = self._optional.setdefault(source, {})
                add(decides, self._of_source(source, ROWS), Kind.FILTER)
                add(decides, condition)
            before.append(name)
        return rows

    def _origins(self, expressions: Iterable[exp.Expr | None], kind: Kind) -> Origins:
        """What these expressions read, each column as strongly as the place it stands in."""
        origins: Origins = {}
        for expression in expressions:
            if expression is not None:
                self._visit(expression, kind, origins)
        return origins

    def _visit(self, node: exp.Expr, kind: Kind, origins: Origins) -> None:
        if isinstance(node, exp.Column):
            add(origins, self._of_column(node), kind)
            return
        if id(node) in self._subqueries:
            subquery = self._subqueries[id(node)]
            for name, read in self._read[id(subquery)].items():
                add(origins, read, max(kind, Kind.FILTER) if name == ROWS else kind)
            for column in subquery.external_columns:
                add(origins, self._of_column(column), max(kind, Kind.FILTER))
            return
        if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
            for name in self._scope.selected_sources:
                if name not in self._optional:
                    add(origins, self._of_source(name, ROWS), kind)
        for key, child in _children(node):
            at = kind
            if isinstance(node, exp.Window) and key == "partition_by":
                at = max(kind, Kind.FILTER)
            elif isinstance(child, exp.Order):
                at = Kind.ORDER
            self._visit(child, at, origins)

    def _of_column(self, column: exp.Column) -> Origins:
        if column.table not in self._scope.sources:  # of the query around this one
            return {}
        origins = dict(self._of_source(column.table, column.name))
        add(origins, self._optional.get(column.table, {}))
        return origins

    def _of_source(self, name: str, column: str) -> Origins:
        source = self._scope.sources.get(name)
        if isinstance(source, exp.Table):
            table = ".".join(part.name for part in source.parts)
            return {Column(table, column): Kind.VALUE}
        return self._read.get(id(source), {}).get(column, {})  # nothing yet: it is recursive


def _children(node: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    for key, value in node.args.items():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, exp.Expr):
                yield key, child
