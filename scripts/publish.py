"""Copies the public schemas of a work file into the published file, all or nothing."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from scripts.audit import audit
from scripts.carry import require_nothing_lost
from scripts.dbt import Dbt
from scripts.fingerprints import PUBLIC_SCHEMAS, public_relations
from scripts.project import CATALOG, PUBLISHED_FILE, Places, UserError, sibling
from scripts.runs import Run, record

STORAGE_VERSION = "v1.4.0"  # every DuckDB 1.x client from 1.4 reads it


def publish(places: Places, report: Path) -> int:
    """Copy the public schemas and the audit's report; gives the number of tables.

    The copy is made beside the published file under another name and renamed into place, so
    that a killed process leaves the published file as it was and a reader that holds the old
    file goes on reading it. Every table's rows are put in the order of all its columns, so that
    the same rows make the same table.
    """
    published_file = places.published_file
    if not places.work_file.exists():
        raise UserError(f"There is nothing to publish: {places.work_file} is missing. Build first.")
    published_file.parent.mkdir(parents=True, exist_ok=True)
    new_file = _new(published_file)
    for leftover in (new_file, Path(f"{new_file}.wal")):
        leftover.unlink(missing_ok=True)
    tables = _copy_public_schemas(places, new_file)
    for definitions in (places.semantic_manifest, places.osi_document):
        put(definitions, sibling(published_file, definitions.name))
    put(report, sibling(published_file, "audit.html"))
    new_file.replace(published_file)
    return tables


def put(source: Path, destination: Path) -> None:
    """Copy a file into place in one step."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, _new(destination))
    _new(destination).replace(destination)


def put_text(text: str, destination: Path) -> None:
    """Write a file in one step."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    _new(destination).write_text(text, encoding="utf-8")
    _new(destination).replace(destination)


def _new(path: Path) -> Path:
    """The name a file has while it is written; a leftover of a killed process is overwritten."""
    return path.with_name(f".{path.name}.new")


def _copy_public_schemas(places: Places, new_file: Path) -> int:
    import duckdb

    with duckdb.connect() as connection:
        # Under the name it was built with: views hold it.
        connection.execute(f"attach {_text(places.work_file)} as {CATALOG} (read_only)")
        connection.execute(
            f"attach {_text(new_file)} as copy (storage_version '{STORAGE_VERSION}')"
        )
        connection.execute("use copy")
        for schema in PUBLIC_SCHEMAS:
            connection.execute(f"create schema if not exists {schema}")
        relations = public_relations(connection)
        for schema, name, definition in relations:
            copy, original = f'copy."{schema}"."{name}"', f'{CATALOG}."{schema}"."{name}"'
            if definition:  # of a table, with its constraints, in the catalog in use
                connection.execute(definition)
                connection.execute(f"insert into {copy} from {original} order by all")
            else:
                connection.execute(f"create table {copy} as from {original} order by all")
        require_nothing_lost(connection, places.published_file, "copy")
        connection.execute("use memory")
        connection.execute("detach copy")
    return len(relations)


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def command(
    publish_to: Annotated[
        Path, typer.Option(help="The published file; its build's work file is copied.")
    ] = PUBLISHED_FILE,
) -> None:
    """Audit the last build and copy its public schemas into the published file.

    `build` does the same. Example: python -m scripts publish
    """
    places = Places.of(publish_to)
    run = Run(Dbt.of_last_build(places).variables)
    audited = audit(places)
    audited.raise_errors()
    record(places, run, audited)
    tables = publish(places, audited.report)
    print(f"Published {tables} tables to {places.published_file}.")
