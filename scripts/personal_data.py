"""Finds personal data in tables: by what it looks like, and by what is known to be personal.

Columns that hold personal data say so in their YAML (`config.meta.personal_data`: name, email,
phone or free_text). What such columns hold in the schemas `staging` and `restricted` is known;
wherever it turns up again, or something looks like an address or a telephone number, there is
personal data too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MASK = "***"
KINDS = ("name", "email", "phone", "free_text")
IN_CLEAR = ("staging", "restricted")
EMAIL = r"""[^\s@"'<>(),;:|]+@[^\s@"'<>(),;:|]+\.[A-Za-z]{2,}"""
PHONE = (
    r"\+[0-9]([ ()/.-]{0,2}[0-9]){7,}"  # +49 30 1234567
    r"|\([0-9]{2,5}\)([ /.-]{0,2}[0-9]){5,}"  # (415) 555-0132
    r"|(^|[^0-9A-Za-z.:-])0[0-9]{2,4}[ /-]([ /-]?[0-9]){5,}"  # 030 1234567
    r"|(^|[^0-9A-Za-z.:-])[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}($|[^0-9])"  # 415-555-0132
)


@dataclass(frozen=True)
class Tag:
    """What a column's YAML says."""

    kind: str
    is_masked: bool


def tags(manifest: dict[str, Any]) -> dict[str, Tag]:
    """Every tagged column of models and seeds, as schema.table.column."""
    return {
        f"{node['schema']}.{node['alias']}.{name}": Tag(
            meta["personal_data"], bool(meta.get("masked"))
        )
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
        for name, column in node["columns"].items()
        if (meta := column["config"]["meta"]).get("personal_data")
    }


def columns_with_personal_data(
    connection: DuckDBPyConnection, tagged: dict[str, Tag], schemas: Iterable[str] | None = None
) -> dict[str, set[str]]:
    """What each text column of the schemas (default: all) holds of personal data, if any.

    Gives the kinds found by schema.table.column.
    """
    _remember_known(connection, tagged)
    found = {}
    columns = connection.execute(
        """
        select schema_name, table_name, column_name
        from duckdb_columns()
        where not internal
            and database_name = current_database()
            and data_type in ('VARCHAR', 'JSON')
            and (? is null or list_contains(?, schema_name))
        order by 1, 2, column_index
        """,
        [list(schemas) if schemas else None] * 2,
    ).fetchall()
    for schema, table, column in columns:
        kinds = connection.execute(
            f"""
            with

            distinct_values as (
                select distinct cast("{column}" as varchar) as value
                from "{schema}"."{table}"
                where "{column}" is not null
            ),

            sentences as (
                select lower(value) as value
                from distinct_values
                where regexp_matches(value, '[[:alpha:]] [[:alpha:]]')
            )

            select 'email' as kind
            from distinct_values
            where contains(value, '@') and regexp_matches(value, ?)
            union
            select 'phone' from distinct_values where regexp_matches(value, ?)
            union
            select known.kind
            from distinct_values
            inner join known on lower(trim(distinct_values.value)) = known.value
            union
            select 'name'
            from sentences
            inner join known
                on known.kind = 'name'
                and contains(known.value, ' ')
                and contains(sentences.value, known.value)
            """,
            [EMAIL, PHONE],
        ).fetchall()
        if kinds:
            found[f"{schema}.{table}.{column}"] = {kind for (kind,) in kinds}
    return found


def _remember_known(connection: DuckDBPyConnection, tagged: dict[str, Tag]) -> None:
    connection.execute("create or replace temporary table known (value varchar, kind varchar)")
    for column, tag in tagged.items():
        schema, table, name = column.split(".")
        if schema in IN_CLEAR:
            connection.execute(
                f"""
                insert into known
                select distinct lower(trim("{name}")), ?
                from "{schema}"."{table}"
                where ? <> 'free_text' or contains("{name}", ' ')  -- one word tells of nobody
                """,
                [tag.kind, tag.kind],
            )
