"""What several test modules share."""

from collections.abc import Iterator

import duckdb
import pytest
from postgres_cluster import PostgresCluster, postgres_cluster

from scripts.metrics_engine import MetricsEngine
from scripts.project import Places, UserError


@pytest.fixture(scope="session")
def warehouse():
    """The work file that `make build` (or `dbt build`) left, read-only."""
    path = Places.of().work_file
    if not path.exists():
        pytest.fail(f"There is no work file {path}: run `make build` first.", pytrace=False)
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def metrics_engine() -> Iterator[MetricsEngine]:
    """The one metrics engine of the session, on the work file that the build left."""
    try:
        engine = MetricsEngine(Places.of().work_file)
    except UserError as error:
        pytest.fail(str(error), pytrace=False)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """An empty PostgreSQL server of the session; each module makes a database of its own in it."""
    with postgres_cluster() as cluster:
        yield cluster
