"""The tests' PostgreSQL server is private, is like every other one of ours, and goes away."""

from pathlib import Path

import psycopg2
import pytest
from postgres_cluster import postgres_cluster


def test_it_is_reached_over_the_loopback_alone_and_sorts_by_bytes(postgres):
    with postgres.connect("postgres") as cursor:
        cursor.execute("show listen_addresses")
        assert cursor.fetchone()[0] == "127.0.0.1"
        cursor.execute("show server_encoding")
        assert cursor.fetchone()[0] == "UTF8"
        cursor.execute("select array_agg(x order by x) from (values ('b'), ('A'), ('a')) as t (x)")
        assert cursor.fetchone()[0] == ["A", "a", "b"]


def test_it_is_stopped_and_removed_after_a_failure():
    seen = []

    def fail() -> None:
        with postgres_cluster() as cluster, cluster.connect("postgres") as cursor:
            cursor.execute("show data_directory")
            seen.extend([cluster, Path(cursor.fetchone()[0])])
            assert seen[1].exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    cluster, data = seen
    assert not data.parent.exists()
    with pytest.raises(psycopg2.OperationalError), cluster.connect("postgres"):
        pass


def test_without_a_server_it_skips_but_in_ci_it_fails(monkeypatch):
    monkeypatch.setattr(Path, "glob", lambda *_: [])
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="package postgresql"), postgres_cluster():
        pass
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="package postgresql"), postgres_cluster():
        pass
