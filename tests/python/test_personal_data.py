"""Personal data is tagged wherever it is, and isn't where everybody reads."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from scripts.personal_data import KINDS, MASK, Tag, columns_with_personal_data, tags
from scripts.project import Places
from scripts.publish import PUBLIC_SCHEMAS


@pytest.fixture(scope="module")
def nodes() -> dict:
    return json.loads(Places.of().manifest.read_text(encoding="utf-8"))["nodes"]


@pytest.fixture(scope="module")
def tagged(nodes: dict) -> dict[str, Tag]:
    return tags({"nodes": nodes})


@pytest.fixture(scope="module")
def found(warehouse: duckdb.DuckDBPyConnection, tagged: dict[str, Tag]) -> dict[str, set[str]]:
    """Every column of the demo build that holds personal data."""
    return columns_with_personal_data(warehouse, tagged)


def test_every_column_with_personal_data_is_tagged(
    found: dict[str, set[str]], tagged: dict[str, Tag]
) -> None:
    assert set(found) - set(tagged) == set()


def test_every_kind_of_it_is_found(found: dict[str, set[str]]) -> None:
    """But for telephone numbers, which no raw table has."""
    assert set().union(*found.values()) == set(KINDS) - {"phone"}
    assert len(found) > 50


def test_tags_say_a_kind_that_exists(tagged: dict[str, Tag]) -> None:
    assert {tag.kind for tag in tagged.values()} <= set(KINDS)


def test_public_tables_hold_none(found: dict[str, set[str]]) -> None:
    assert {column for column in found if column.split(".")[0] in PUBLIC_SCHEMAS} == set()


def test_public_columns_are_tagged_if_and_only_if_they_are_masked(
    warehouse: duckdb.DuckDBPyConnection, tagged: dict[str, Tag]
) -> None:
    public = {name for name in tagged if name.split(".")[0] in PUBLIC_SCHEMAS}
    assert public == {name for name, tag in tagged.items() if tag.is_masked}
    for column in public:
        schema, table, name = column.split(".")
        values = warehouse.execute(f"select distinct {name} from {schema}.{table}").fetchall()
        assert {value for (value,) in values} - {None} == {MASK}, column


def test_a_tag_goes_with_the_column_from_raw_to_staging(tagged: dict[str, Tag]) -> None:
    raw = {name for name in tagged if name.startswith("raw.raw_")}
    assert len(raw) > 15
    for layer in ("base", "stg"):
        prefix = f"staging.{layer}_"
        staged = {name for name in tagged if name.startswith(prefix)}
        assert staged == {name.replace("raw.raw_", prefix) for name in raw}


def test_values_of_a_tagged_column_are_not_watched(nodes: dict) -> None:
    """A watched column's values are counted by name in a public table; its gaps may be."""
    watched = {
        f"{node['name']}.{name}": column["config"]["meta"]["watched"]
        for node in nodes.values()
        if node["resource_type"] == "seed"
        for name, column in node["columns"].items()
        if {"watched", "personal_data"} <= set(column["config"]["meta"])
    }
    assert watched
    assert {name for name, how in watched.items() if how != "missing"} == set()


def test_the_published_file_has_no_other_schemas() -> None:
    with duckdb.connect(str(Places.of().published_file), read_only=True) as published:
        schemas = published.execute(
            "select distinct schema_name from duckdb_columns() where not internal"
        ).fetchall()
    assert {schema for (schema,) in schemas} == set(PUBLIC_SCHEMAS)


def test_published_pages_name_nobody(warehouse: duckdb.DuckDBPyConnection) -> None:
    people = warehouse.execute("select full_name, email from restricted.dim_people").fetchall()
    known = {value.lower() for person in people for value in person if value}
    folder = Places.of().published_file.parent
    pages = [path for path in folder.iterdir() if path.suffix in (".html", ".json")]
    assert len(pages) >= 3
    for page in pages:
        text = html.unescape(page.read_text(encoding="utf-8")).lower()
        named = re.findall(r"[\w.]+@[\w.-]+\w", text) + re.findall(r"(?=\b(\w+ \w+)\b)", text)
        assert known.intersection(named) == set(), page.name


# The finder finds.


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(tmp_path / "planted.duckdb")) as connection:
        connection.execute("create schema staging; create schema marts")
        connection.execute(
            """
            create table staging.stg_people as
            select 'Ada Novak' as full_name, 'Nia' as first_name, 'She was rude' as remark
            """
        )
        yield connection


STAGED = {
    "staging.stg_people.full_name": Tag("name", is_masked=False),
    "staging.stg_people.first_name": Tag("name", is_masked=False),
    "staging.stg_people.remark": Tag("free_text", is_masked=False),
}


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ("ada@example.com", {"email"}),
        ("Mail from <Ada.N+x@mail.example.co.uk>, urgent", {"email"}),
        ('{"who":"ada@example.com"}', {"email"}),
        ("+49 30 1234567", {"phone"}),
        ("call +1 (415) 555-0132", {"phone"}),
        ("(0171) 234 5678", {"phone"}),
        ("tel 030 1234567", {"phone"}),
        ("415-555-0132", {"phone"}),
        ("Ada Novak", {"name"}),
        ("owned by ADA NOVAK since May", {"name"}),
        (" nia", {"name"}),
        ("She was rude", {"free_text"}),
        ("Nia Works", set()),
        ("***", set()),
        ("@ 5 pm", set()),
        ("2026-05-18T10:09:08Z", set()),
        ("18.05.2026 10:09:08", set()),
        ("May 18, 2026", set()),
        ("a001001|2026-05-01|usr_csm001", set()),
        ("Voice of customer +0.1, Product adoption +9.6", set()),
        ("1,234,567.00", set()),
        ("0.0171234567", set()),
    ],
)
def test_what_is_personal_data_and_what_only_looks_like_it(
    planted: duckdb.DuckDBPyConnection, value: str, kinds: set[str]
) -> None:
    planted.execute("create table marts.fct_notes as select 'x' as a, ? as note, 1 as n", [value])
    found = columns_with_personal_data(planted, STAGED, ["marts"])
    assert found == ({"marts.fct_notes.note": kinds} if kinds else {})


def test_it_is_found_in_one_row_of_many_and_in_any_column(
    planted: duckdb.DuckDBPyConnection,
) -> None:
    planted.execute(
        """
        create table marts.fct_many as
        select
            range as n,
            case when range = 700 then 'ada@example.com' end as rare,
            {'note': 'ada@example.com'}::json as whole,
            'fine' as fine
        from range(1000)
        """
    )
    found = columns_with_personal_data(planted, STAGED)
    assert found == {
        "marts.fct_many.rare": {"email"},
        "marts.fct_many.whole": {"email"},
        "staging.stg_people.full_name": {"name"},
        "staging.stg_people.first_name": {"name"},
        "staging.stg_people.remark": {"free_text"},
    }
