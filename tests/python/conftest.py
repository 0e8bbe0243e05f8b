"""What several test modules share."""

import gc
import os
from collections.abc import Iterator

import duckdb
import pytest
import warm_python
from postgres_cluster import PostgresCluster, postgres_cluster

from scripts.metrics_engine import MetricsEngine
from scripts.project import Places, UserError

# DuckDB takes as many threads as Slurm says there are. Here several processes compute at once, so a
# second thread of each would only be in the others' way. (`make build` takes all there are.)
os.environ["SLURM_CPUS_ON_NODE"] = "1"

# Manifests and tables are many objects that live long: looking for rubbish among them less often
# spares compiling metric queries a seventh of its time, and a build of the project 3 %.
gc.set_threshold(100_000, 50, 100)

# Modules that build the project or start a server, the longest first: begun last, one of them
# would keep one process busy while the others are done.
LONGEST_FIRST = (
    *("test_own_files", "test_pages", "test_postgres", "test_ravenstack", "test_close"),
    *("test_health_point_in_time", "test_metrics_independent", "test_unit_tests"),
    *("test_raw_sources", "test_build", "test_demo_data", "test_runs", "test_carry"),
    *("test_as_of", "test_determinism", "test_serving", "test_serving_live"),
    *("test_access_roles", "test_metrics_diff", "test_metrics_engine", "test_definition_rules"),
    *("test_pack", "test_docs_site", "test_personal_data", "test_health_backtest"),
)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # a worker has it of the process that started it
        warm_python.begin()


def pytest_xdist_auto_num_workers() -> int:
    """One process more than processors: some tests wait for a browser, a server or a fork."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


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
