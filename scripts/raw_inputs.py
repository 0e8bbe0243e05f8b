"""Looks at a folder of raw files before anything is built on it."""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import duckdb
import typer
import yaml

from scripts.project import ROOT, UserError

# How macro file_relation reads a CSV file; here every row must fit the header.
CSV_OPTIONS = "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"'"
NESTED_TYPES = re.compile(r"STRUCT|MAP|UNION|BLOB|\[|BIT")
# Parquet types that no value of the contract's type can be read from.
IMPOSSIBLE_TYPES = {
    "decimal": re.compile(r"BOOLEAN|DATE|TIME|INTERVAL|UUID"),
    "integer": re.compile(r"BOOLEAN|DATE|TIME|INTERVAL|UUID"),
    "date": re.compile(r"BOOLEAN|DECIMAL|FLOAT|DOUBLE|INTERVAL|UUID|^TIME$"),
    "timestamp": re.compile(r"BOOLEAN|DECIMAL|FLOAT|DOUBLE|INTERVAL|UUID|^TIME$"),
    "boolean": re.compile(r"DATE|TIME|DECIMAL|FLOAT|DOUBLE|INTERVAL|UUID"),
}
# What a text must hold to have a chance of being read as the contract's type.
POSSIBLE_TEXTS = {
    "decimal": "[0-9]",
    "integer": "[0-9]",
    "date": "[0-9]",
    "timestamp": "[0-9]",
    "boolean": "(?i)^ *(true|t|yes|y|1|on|false|f|no|n|0|off) *$",
}


@dataclass(frozen=True)
class Column:
    """A column of the raw contract."""

    name: str
    data_type: str
    is_required: bool


@dataclass(frozen=True)
class RawTable:
    """A table of the raw contract."""

    system: str
    object: str
    is_required: bool
    columns: tuple[Column, ...]

    @property
    def required_columns(self) -> list[Column]:
        return [column for column in self.columns if column.is_required]


@dataclass(frozen=True)
class Problem:
    """What is wrong with one raw table, and what was expected instead."""

    system: str
    object: str
    file: Path
    message: str
    column: str | None = None
    stops_the_build: bool = True

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"{self.system}.{self.object}{column}: {self.message} File: {self.file}"


def raw_contract() -> list[RawTable]:
    """The raw contract, from the seeds' YAML."""
    tables = []
    for path in sorted((ROOT / "seeds" / "raw").glob("*/_*__seeds.yml")):
        for seed in yaml.safe_load(path.read_text(encoding="utf-8"))["seeds"]:
            system, name = seed["name"].removeprefix("raw_").split("__")
            columns = tuple(
                Column(
                    column["name"],
                    column["data_type"],
                    column.get("config", {}).get("meta", {}).get("required", False),
                )
                for column in seed["columns"]
            )
            is_required = seed["config"]["meta"].get("required", False)
            tables.append(RawTable(system, name, is_required, columns))
    return tables


def check_raw_inputs(raw_dir: Path) -> list[Problem]:
    """Everything that would stop a build on the files of `raw_dir`, or quietly lose data."""
    return [problem for table in raw_contract() for problem in _TableCheck(table, raw_dir).run()]


@dataclass(frozen=True)
class _TableCheck:
    """The checks of one table, cheap ones first; one that fails ends the rest."""

    table: RawTable
    raw_dir: Path

    @cached_property
    def base(self) -> Path:
        return self.raw_dir / self.table.system / self.table.object

    def run(self) -> list[Problem]:
        csv_file, parquet_file = (self.base.with_suffix(end) for end in (".csv", ".parquet"))
        parts = sorted(self.base.glob("*.parquet"))
        found = [path for path in (csv_file, parquet_file) if path.exists()]
        if parts:
            found.append(self.base)
        if not found:
            return self._absent()
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            return [self._problem(found[0], f"{names} both exist; keep one of them.")]
        files = parts or found
        for path in files:
            if path.stat().st_size == 0:
                return [self._problem(path, "the file is empty (0 bytes).")]
        return self._csv(csv_file) if csv_file in found else self._parquet(files)

    def _problem(self, file: Path, message: str, column: str | None = None, stops=True) -> Problem:
        return Problem(self.table.system, self.table.object, file, message, column, stops)

    def _absent(self) -> list[Problem]:
        if not self.table.is_required:
            return []
        expected = "the table is required: expected this file, or .parquet."
        neighbours = [path.name for path in self.base.parent.glob("*")]
        near = _nearest(f"{self.base.name}.csv", neighbours)
        hint = f" There is {near}: should it be this one?" if near else ""
        return [self._problem(self.base.with_suffix(".csv"), expected + hint)]

    def _csv(self, path: Path) -> list[Problem]:
        try:
            with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
                header = next(csv.reader(lines))
        except (OSError, csv.Error) as error:
            return [self._problem(path, f"the file can't be read: {_first_line(error)}")]
        if any("\0" in name for name in header):
            return [self._problem(path, "the file is not UTF-8 text.")]
        if len(header) == 1:
            other = next((mark for mark in ";\t|" if mark in header[0]), None)
            if other:
                return [
                    self._problem(
                        path, f"columns are separated by {other!r}, expected a comma (',')."
                    )
                ]
        problems = self._columns(path, header)
        if any(problem.stops_the_build for problem in problems):
            return problems
        columns = ", ".join(f"{_quoted(name)}: 'varchar'" for name in header)
        source = f"read_csv({_quoted(path)}, {CSV_OPTIONS}, columns = {{{columns}}})"
        return problems + self._rows(path, source, dict.fromkeys(header, "VARCHAR"))

    def _parquet(self, files: list[Path]) -> list[Problem]:
        path = files[0] if len(files) == 1 else self.base
        names = ", ".join(_quoted(file) for file in files)
        source = f"read_parquet([{names}], union_by_name = true)"
        try:
            described = _query(f"describe select * from {source}")
        except duckdb.Error as error:
            return [self._problem(path, f"can't be read as Parquet: {_first_line(error)}")]
        types = {name: data_type for name, data_type, *_ in described}
        problems = self._columns(path, list(types)) + self._types(path, types)
        if any(problem.stops_the_build for problem in problems):
            return problems
        return problems + self._rows(path, source, types)

    def _columns(self, path: Path, header: list[str]) -> list[Problem]:
        """Columns that are missing or there twice; near matches are offered."""
        names = [name.strip().lower() for name in header]
        problems = [
            self._problem(path, "the header names it twice.", name)
            for name in sorted({name for name in names if names.count(name) > 1})
        ]
        unknown = sorted(set(names) - {column.name for column in self.table.columns})
        for column in self.table.columns:
            if column.name in names:
                continue
            near = _nearest(column.name, unknown)
            if column.is_required:
                hint = f"rename {near}?" if near else f"the columns are {', '.join(names)}."
                message = f"the column is required but missing; {hint}"
                problems.append(self._problem(path, message, column.name))
            elif near:
                message = f"the column is absent, so empty; should {near} be named so?"
                problems.append(self._problem(path, message, column.name, stops=False))
        return problems

    def _types(self, path: Path, types: dict[str, str]) -> list[Problem]:
        """Required Parquet columns of a type that can't hold what they should."""
        by_name = {name.strip().lower(): data_type for name, data_type in types.items()}
        problems = []
        for column in self.table.required_columns:
            data_type = by_name.get(column.name, "VARCHAR")
            impossible = IMPOSSIBLE_TYPES.get(column.data_type)
            if NESTED_TYPES.search(data_type) or (impossible and impossible.search(data_type)):
                message = f"its type is {data_type}, expected {column.data_type}."
                problems.append(self._problem(path, message, column.name))
        return problems

    def _rows(self, path: Path, source: str, types: dict[str, str]) -> list[Problem]:
        """Read every row once: are there any, and can required values be what they should?"""
        actual = {name.strip().lower(): name for name in types}
        checked = [column for column in self.table.required_columns if self._is_typed(column)]
        given, possible = [], []
        for column in checked:
            text = f"cast({_identifier(actual[column.name])} as varchar)"
            given.append(f"count(nullif(trim({text}), ''))")
            test = f"regexp_matches({text}, '{POSSIBLE_TEXTS[column.data_type]}')"
            possible.append(f"count(*) filter ({test})")
        # A column that isn't counted isn't read, and a fault in it not seen.
        read = [f"count({_identifier(name)})" for name in types]
        lists = ", ".join(f"[{', '.join(counts)}]" for counts in (given, possible, read))
        try:
            [(row_count, given, possible, _)] = _query(f"select count(*), {lists} from {source}")
        except duckdb.Error as error:
            return [self._problem(path, _row_fault(error))]
        if row_count == 0 and self.table.is_required:
            return [self._problem(path, "it has a header and no rows; the table is required.")]
        return [
            self._problem(
                path, f"not one of its {values} values is {_words(column.data_type)}.", column.name
            )
            for column, values, hits in zip(checked, given, possible, strict=True)
            if values > 0 and hits == 0
        ]

    @staticmethod
    def _is_typed(column: Column) -> bool:
        return column.data_type in POSSIBLE_TEXTS


def _query(sql: str) -> list[tuple]:
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


def _nearest(name: str, others: list[str]) -> str | None:
    """The name most like it, in letters or in words (price_per_unit, unit_price), if any is."""

    def likeness(other: str) -> float:
        words = ("_".join(sorted(text.split("_"))) for text in (name, other))
        return max(
            difflib.SequenceMatcher(None, name, other).ratio(),
            difflib.SequenceMatcher(None, *words).ratio(),
        )

    return max((other for other in others if likeness(other) > 0.7), key=likeness, default=None)


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") + "."


def _row_fault(error: duckdb.Error) -> str:
    """DuckDB's account of a row that doesn't fit, in a sentence."""
    text = str(error)
    line = re.search(r"Line: (\d+)", text)
    where = f"line {line[1]}" if line else "the file"
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    if counts:
        return (
            f"{where} has {counts[2]} columns, expected {counts[1]} as in the header; "
            "is the file truncated?"
        )
    if "unterminated quote" in text:
        return f"{where} opens a quote that is not closed; is the file truncated?"
    if "not utf-8 encoded" in text:
        return f"{where} is not UTF-8 text."
    return f"{where} can't be read: {_first_line(error)}"


def _words(data_type: str) -> str:
    return {"integer": "a whole number", "decimal": "a number", "boolean": "true or false"}.get(
        data_type, f"a {data_type}"
    )


def require_good_inputs(raw_dir: Path) -> list[Problem]:
    """Raise a UserError that names every problem; else give what is worth a remark."""
    problems = check_raw_inputs(raw_dir)
    if any(problem.stops_the_build for problem in problems):
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise UserError(f"the raw files can't be built on; nothing was built.\n{lines}")
    return problems


def command(
    raw_dir: Annotated[Path, typer.Option(help="Folder with <system>/<object>.csv or .parquet.")],
) -> None:
    """Check raw files against the raw contract, before anything is built.

    Example: python -m scripts check-inputs --raw-dir ~/exports
    """
    if not raw_dir.is_dir():
        raise UserError(f"--raw-dir: there is no folder {raw_dir}.")
    for problem in require_good_inputs(raw_dir):
        print(f"Note: {problem}")
    print(f"The files in {raw_dir} fit the raw contract.")
