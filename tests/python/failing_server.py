"""A local HTTP server that fails on purpose, and counts what it was really made to do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Answer = tuple[int, bytes]


@dataclass
class Fault:
    """What goes wrong with one request, before or after it was done."""

    status: int = 0  # none: the connection is closed without an answer
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_done: bool = False
    then: Callable[[], None] | None = None


@dataclass
class Received:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["Idempotency-Key"]


class FailingServer:
    """Does each idempotency key once, as real receivers do; `faults` go wrong first, in order."""

    def __init__(self, act: Callable[[Received], Answer]) -> None:
        self.act = act
        self.faults: list[Fault | None] = []
        self.received: list[Received] = []
        self.done: dict[str, Answer] = {}  # by idempotency key
        self.url = ""

    def handle(self, request: Received) -> Fault:
        self.received.append(request)
        fault = self.faults.pop(0) if self.faults else None
        if fault is None or fault.is_done:
            if request.key not in self.done:
                self.done[request.key] = self.act(request)
            status, body = self.done[request.key]
            return fault or Fault(status, body)
        return fault


@contextmanager
def failing_server(act: Callable[[Received], Answer]) -> Iterator[FailingServer]:
    """A server on a free port of this machine, for as long as the block lasts."""
    server = FailingServer(act)

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fault = server.handle(Received(self.command, self.path, dict(self.headers), body))
            if fault.then:
                fault.then()
            if not fault.status:
                self.close_connection = True
                return
            self.send_response(fault.status)
            for name, value in fault.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(fault.body)))
            self.end_headers()
            self.wfile.write(fault.body)

        do_POST = do_PATCH = _handle  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}/hook/s3cret"
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class Store:
    """What a receiver of plain records holds, and how often each record was created there."""

    def __init__(self, key: str, refused: dict[str, str] | None = None) -> None:
        self.key = key
        self.refused = refused or {}
        self.records: dict[str, dict[str, Any]] = {}
        self.times: Counter[str] = Counter()

    def act(self, request: Received) -> Answer:
        said = []
        for record in json.loads(request.body)["records"]:
            key = record[self.key]
            error = self.refused.get(key)
            said.append({"identifier": key, "success": not error, "error_message": error})
            if not error:
                self.records[key] = record
                self.times[key] += 1
        return 200, json.dumps({"records": said}).encode()
