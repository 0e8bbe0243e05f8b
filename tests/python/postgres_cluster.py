"""A private PostgreSQL cluster that lives as long as a `with` block.

Debian's package `postgresql` has the programs. The cluster is in a temporary folder, is reached
over the loopback only, and is gone afterwards, whatever happens in between.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812

SERVER = "postgres"  # the account that Debian's package makes: a server refuses to run as root
SUPERUSER = "postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class PostgresCluster:
    """Where it listens. Whoever is on this machine may be any role: it holds demo data alone."""

    host: str
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """The same in the variables that psql and every other libpq program read."""
        return {"PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": SUPERUSER}

    @contextmanager
    def connect(self, database: str, user: str = SUPERUSER) -> Iterator[Cursor]:
        """A cursor of a user's own session, each statement committed by itself."""
        connection = psycopg2.connect(host=self.host, port=self.port, dbname=database, user=user)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def create_database(self, name: str) -> None:
        with self.connect("postgres") as cursor:
            cursor.execute(f'create database "{name}"')


@contextmanager
def postgres_cluster() -> Iterator[PostgresCluster]:
    """Make a cluster, start it, and remove it at the end; skip where there is no server."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="bellwether-postgres-"))
    try:
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(data, SERVER, SERVER)
        _run(
            *(programs / "initdb", "--pgdata", data, "--username", SUPERUSER, "--auth", "trust"),
            *("--locale", "C", "--encoding", "UTF8", "--no-sync"),
        )
        cluster = PostgresCluster("127.0.0.1", _free_port())
        settings = {**SETTINGS, "port": cluster.port, "unix_socket_directories": data}
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        control = (programs / "pg_ctl", "--pgdata", data, "--wait")
        try:
            _run(*control, "--log", data / "server.log", "start")
            yield cluster
        finally:
            _run(*control, "--mode", "immediate", "stop", check=False)
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name)
    )
    if folders:
        return folders[-1]
    reason = "There is no PostgreSQL server on this machine; Debian's package postgresql has one."
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _run(*command: object, check: bool = True) -> None:
    """Run a server program; its output goes to a file, since the server itself inherits it."""
    as_server = ("runuser", "-u", SERVER, "--") if os.geteuid() == 0 else ()
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(part) for part in (*as_server, *command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            check=False,
        )
        output.seek(0)
        assert done.returncode == 0 or not check, output.read()
