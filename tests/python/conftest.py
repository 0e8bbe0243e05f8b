"""What several test modules share."""

import duckdb
import pytest

from scripts.project import Places


@pytest.fixture(scope="session")
def warehouse():
    """The work file that `make build` (or `dbt build`) left, read-only."""
    path = Places.of().work_file
    if not path.exists():
        pytest.fail(f"There is no work file {path}: run `make build` first.", pytrace=False)
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection
