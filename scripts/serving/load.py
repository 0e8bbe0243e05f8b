"""Measures the metrics server under load: `python -m scripts serve-load`."""

import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.project import PUBLISHED_FILE, ROOT, UserError
from scripts.serving.access import TOKEN_COLUMNS, hashed

MONTH, SEGMENT = "metric_time__month", "account__segment"
# What pages and people ask, from one number to a thousand rows.
QUESTIONS: list[dict[str, Any]] = [
    {"metrics": ["mrr"], "start": "2026-06-01", "end": "2026-06-30"},
    {"metrics": ["mrr", "arr", "active_customers"], "group_by": [MONTH]},
    {"metrics": ["net_revenue_retention"], "group_by": [MONTH, SEGMENT]},
    {
        "metrics": ["gross_mrr_churn_rate", "quick_ratio"],
        "group_by": [MONTH],
        "where": [{"dimension": SEGMENT, "operator": "in", "values": ["smb", "enterprise"]}],
    },
    {"metrics": ["mrr"], "group_by": [MONTH, "account__csm_id"], "limit": 200},
    {"metrics": ["average_health_score"], "group_by": [MONTH, "account__region"]},
]
TOKEN = "a token of this measurement only"


@dataclass
class Measured:
    """How long each answer took, in seconds, and what was said instead of answers."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def percentile(self, percent: int) -> float:
        """Milliseconds that so many percent of the answers took at most."""
        return statistics.quantiles(self.seconds, n=100)[percent - 1] * 1000


@dataclass(frozen=True)
class Address:
    """Where a server listens and the process that it is."""

    host: str
    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def running_server(published_file: Path, tokens: Path, *options: str) -> Iterator[Address]:
    """A server of its own process, which ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host, port = free.getsockname()
    command = [sys.executable, "-m", "scripts", "serve", "--tokens", str(tokens)]
    command += ["--published-file", str(published_file), "--port", str(port), *options]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            _wait_for(process, host, port)
            yield Address(host, port, process)
        finally:
            process.terminate()


def _wait_for(process: subprocess.Popen[bytes], host: str, port: int) -> None:
    while process.poll() is None:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise UserError("The server didn't start; it says above why.")


def ask(
    address: Address,
    token: str,
    clients: int,
    is_over: Callable[[], bool],
    check: Callable[[dict[str, Any], dict[str, Any]], str | None] = lambda question, answer: None,
    questions: Sequence[dict[str, Any]] = QUESTIONS,
) -> Measured:
    """Have so many clients ask one question after another until `is_over`.

    `check` gives what is wrong with the answer to a question, if anything.
    """
    measured = Measured()

    def one_client(number: int) -> None:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        turn = number
        while not is_over():
            question = questions[turn % len(questions)]
            turn += 1
            started = time.perf_counter()
            try:
                connection.request("POST", "/query", json.dumps(question), headers)
                response = connection.getresponse()
                text = response.read().decode()
                wrong = (
                    check(question, json.loads(text))
                    if response.status == http.HTTPStatus.OK
                    else f"{response.status}: {text}"
                )
            except (OSError, http.client.HTTPException) as error:
                wrong = f"{type(error).__name__}: {error}"
                connection.close()
            if wrong:
                measured.errors.append(wrong)
            else:
                measured.seconds.append(time.perf_counter() - started)
        connection.close()

    threads = [threading.Thread(target=one_client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return measured


def in_process(published_file: Path, seconds: float) -> Measured:
    """The same questions of one asker in this process, without a server."""
    from scripts.serving.access import role_named, today
    from scripts.serving.answers import Metrics, Question
    from scripts.serving.published import Published

    metrics, role = Metrics(Published(published_file), seconds), role_named("analyst", today())
    measured = Measured()
    for _ in range(2):  # the first time warms up
        measured = Measured()
        for question in QUESTIONS * 10:
            started = time.perf_counter()
            metrics.query(role, Question.model_validate(question)).as_json()
            measured.seconds.append(time.perf_counter() - started)
    return measured


def command(
    clients: Annotated[int, typer.Option(min=1, help="How many ask at the same time.")] = 50,
    seconds: Annotated[int, typer.Option(min=1, help="For how long.")] = 60,
    published_file: Annotated[Path, typer.Option(help="What is asked.")] = PUBLISHED_FILE,
) -> None:
    """Start a server, have clients ask it without a pause, and say how long answers took.

    Example: python -m scripts serve-load --clients 50 --seconds 60
    """
    from scripts.metrics import as_csv, as_table

    alone = in_process(published_file, seconds)
    with tempfile.TemporaryDirectory() as folder:
        tokens = Path(folder) / "tokens.csv"
        caller = [hashed(TOKEN), "load", "analyst", "9999-12-31"]
        tokens.write_text(as_csv(TOKEN_COLUMNS, [caller]))
        with running_server(published_file, tokens) as address:
            warmed_up = time.perf_counter() + 5
            ask(address, TOKEN, 1, lambda: time.perf_counter() > warmed_up)
            ends_at = time.perf_counter() + seconds
            served = ask(address, TOKEN, clients, lambda: time.perf_counter() > ends_at)
    rows = [
        [
            name,
            len(measured.seconds),
            len(measured.errors),
            *(round(measured.percentile(percent)) for percent in (50, 95, 99)),
        ]
        for name, measured in (
            ("one asker, in process", alone),
            (f"{clients} clients, {seconds} s", served),
        )
    ]
    print(as_table(["", "answers", "errors", "p50 ms", "p95 ms", "p99 ms"], rows))
    if served.errors:
        raise UserError(f"{len(served.errors)} requests failed, first: {served.errors[0]}")
