"""No column of a public model is a metric under another name; a planted one is found."""

from dataclasses import replace
from typing import Any

import duckdb
import pytest

from scripts.parsed_project import Project
from scripts.project import Places
from scripts.recomputed_columns import recomputed_columns


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.parsed(Places.of().target)


def test_no_column_computes_a_metric_once_more(
    project: Project, warehouse: duckdb.DuckDBPyConnection
) -> None:
    assert [str(violation) for violation in recomputed_columns(project, warehouse)] == []


def column(**meta: str) -> dict[str, Any]:
    return {"config": {"meta": meta}}


@pytest.fixture
def small(project: Project) -> Project:
    """The project with one public model, of an account's revenue by month and segment."""
    model = {
        "name": "fct_takings",
        "resource_type": "model",
        "schema": "marts",
        "original_file_path": "models/marts/revenue/fct_takings.sql",
        "config": {"access": "public"},
        "columns": {"said_so": column(metric="mrr"), "said_wrong": column(metric="arr")},
    }
    return replace(project, manifest={"nodes": {"model.bellwether.fct_takings": model}})


@pytest.fixture
def database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema marts; create schema metadata")
    connection.execute(
        """
        create table metadata.fct_metric_values as
        select 'mrr' as metric_name, cast(month as date) as month_start, segment,
            cast(value as decimal(18, 6)) as value
        from (values
            ('2026-01-01', 'all', 30), ('2026-02-01', 'all', 50), ('2026-03-01', 'all', 70),
            ('2026-01-01', 'smb', 10), ('2026-02-01', 'smb', 20), ('2026-03-01', 'smb', 30)
        ) as known (month, segment, value)
        union all
        select 'sla_attainment', cast(month as date), 'smb', cast(value as decimal(18, 6))
        from (values ('2026-01-01', 0.333333), ('2026-02-01', 0.5), ('2026-03-01', 1))
            as known (month, value)
        union all
        select 'seats', cast(month as date), 'all', cast(value as decimal(18, 6))
        from (values ('2026-01-01', 0), ('2026-02-01', 0), ('2026-03-01', 1))
            as known (month, value)
        """
    )
    connection.execute(
        """
        create table marts.fct_takings as
        select cast(day as date) as paid_on, segment, mrr, mrr as takings, mrr as said_so,
            mrr as said_wrong, takings_but_one, share, few_values, cast(mrr as text) as words
        from (values
            ('2026-01-09', 'smb', 10, 10, 1.0 / 3, 0), ('2026-01-31', 'large', 20, 20, 0, 0),
            ('2026-02-01', 'smb', 20, 20, 0.5, 0), ('2026-02-02', 'large', 30, 30, 0, 0),
            ('2026-03-01', 'smb', 30, 30, 1, 1), ('2026-03-01', 'large', 40, 41, 0, 0)
        ) as paid (day, segment, mrr, takings_but_one, share, few_values)
        """
    )
    return connection


def test_a_planted_column_is_named(small: Project, database: duckdb.DuckDBPyConnection) -> None:
    found = {
        (each.subject, each.sentence.split(".")[0]) for each in recomputed_columns(small, database)
    }
    assert found == {
        ("fct_takings.takings", "it computes mrr once more"),
        ("fct_takings.said_wrong", "it computes mrr once more"),
        # Of the company another number, and the same of each segment that the metric has.
        ("fct_takings.takings_but_one", "it computes mrr once more"),
        ("fct_takings.share", "it computes sla_attainment once more"),
    }


def test_it_names_the_file(small: Project, database: duckdb.DuckDBPyConnection) -> None:
    files = {each.file for each in recomputed_columns(small, database)}
    assert files == {"models/marts/revenue/fct_takings.sql"}
