"""What is sent arrives once, whatever the receiver does; addresses and tokens are never told."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from failing_server import FailingServer, Fault, Received, failing_server

from scripts.delivery import BusyError, Receiver, RefusedError, UnclearError
from scripts.project import UsageError

TOKEN = "t0ken-0f-the-crm"


def accept(_: Received) -> tuple[int, bytes]:
    return 200, b'{"ok": true}'


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingServer]:
    with failing_server(accept) as server:
        monkeypatch.setenv("BELLWETHER_TEST_URL", server.url)
        monkeypatch.setenv("BELLWETHER_TEST_TOKEN", TOKEN)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield server


@pytest.fixture
def waits() -> list[float]:
    """The seconds that were waited for, which nobody waits for here."""
    return []


@pytest.fixture
def receiver(server: FailingServer, waits: list[float]) -> Receiver:
    return Receiver("BELLWETHER_TEST_URL", "BELLWETHER_TEST_TOKEN", sleep=waits.append)


def send(receiver: Receiver, key: str = "k1") -> bool:
    return receiver.send(b'{"a": 1}', key, lambda answer: answer.json()["ok"])


def test_a_request_carries_body_key_and_token(server: FailingServer, receiver: Receiver) -> None:
    assert send(receiver) is True
    (request,) = server.received
    assert (request.method, request.path) == ("POST", "/hook/s3cret")
    assert json.loads(request.body) == {"a": 1}
    assert request.headers["Idempotency-Key"] == "k1"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(500),
        Fault(503),
        Fault(502, is_done=True),
        Fault(409),
        Fault(200, b"<html>Log in", is_done=True),
        Fault(200, b"{}", is_done=True),
        Fault(),
        Fault(is_done=True),
        Fault(200, b"unzipped", {"Content-Encoding": "gzip"}, is_done=True),
    ],
    ids=str,
)
def test_what_passes_is_tried_again_under_the_same_key(
    fault: Fault, server: FailingServer, receiver: Receiver, waits: list[float]
) -> None:
    server.faults = [fault, fault]
    assert send(receiver) is True
    assert [request.key for request in server.received] == ["k1", "k1", "k1"]
    assert len(server.done) == 1
    # Doubled, with up to a second on top.
    assert 1 <= waits[0] <= 2 <= waits[1] <= 3


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("17", 17, 17),
        (lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True), 38, 40),
        ("soon", 1, 2),
        ("-5", 1, 2),
        ("0", 1, 2),
    ],
)
def test_retry_after_is_the_least_that_is_waited(
    asked: object, least: float, most: float, server: FailingServer, receiver, waits
) -> None:
    asked = asked() if callable(asked) else asked
    server.faults = [Fault(429, headers={"Retry-After": asked})]
    assert send(receiver) is True
    assert len(waits) == 1
    assert least <= waits[0] <= most


def test_who_asks_to_wait_long_is_left_alone(
    server: FailingServer, receiver: Receiver, waits: list[float]
) -> None:
    server.faults = [Fault(429, headers={"Retry-After": "3600"})]
    with pytest.raises(BusyError, match=r"answered 429\. It asks to wait 3600 seconds"):
        send(receiver)
    assert (len(server.received), waits) == (1, [])


def test_it_gives_up_after_six_tries_and_a_minute_is_the_longest_wait(
    server: FailingServer, receiver: Receiver, waits: list[float]
) -> None:
    server.faults = [Fault(500, b"out of\n order" + b"!" * 300)] * 9
    with pytest.raises(BusyError, match=r"_TEST_URL answered 500: out of order!{188}\.$"):
        send(receiver)
    assert len(server.received) == 6
    assert [int(wait) for wait in waits] == pytest.approx([1, 2, 4, 8, 16], abs=1)
    assert server.done == {}


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 410, 413])
def test_a_refusal_is_final(status: int, server: FailingServer, receiver: Receiver) -> None:
    server.faults = [Fault(status, headers={"Location": "/elsewhere"})]
    with pytest.raises(RefusedError, match=f"answered {status}") as refused:
        send(receiver)
    assert refused.value.is_undone
    assert len(server.received) == 1


def test_a_refusal_after_an_unclear_try_is_unclear(
    server: FailingServer, receiver: Receiver
) -> None:
    server.faults = [Fault(is_done=True), Fault(401)]
    with pytest.raises(RefusedError) as refused:
        send(receiver)
    assert not refused.value.is_undone


def test_a_receiver_that_does_not_deduplicate_gets_nothing_unclear_twice(
    server: FailingServer, waits: list[float]
) -> None:
    receiver = Receiver("BELLWETHER_TEST_URL", deduplicates=False, sleep=waits.append)
    for fault in (Fault(is_done=True), Fault(504), Fault(200, b"what?", is_done=True)):
        server.received.clear()
        server.faults = [Fault(500), Fault(429), fault]
        with pytest.raises(UnclearError):
            send(receiver, key=str(fault))
        assert len(server.received) == 3


def test_a_receiver_that_is_down_was_sent_nothing(
    monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("BELLWETHER_TEST_URL", f"http://127.0.0.1:{port}/s3cret")
    receiver = Receiver("BELLWETHER_TEST_URL", deduplicates=False, sleep=waits.append)
    with pytest.raises(BusyError, match="can't be reached; nothing was sent") as told:
        send(receiver)
    assert len(waits) == 5
    assert "s3cret" not in str(told.value)


def test_neither_address_nor_token_is_told(server: FailingServer, receiver: Receiver) -> None:
    server.faults = [Fault(403, f"{TOKEN} may not {server.url}".encode())]
    with pytest.raises(RefusedError) as told:
        send(receiver)
    assert str(told.value) == ("The receiver of BELLWETHER_TEST_URL answered 403: *** may not ***.")
    assert told.value.__cause__ is None


@pytest.mark.parametrize("address", [None, "", "hooks.example.com", "ftp://example.com"])
def test_an_address_that_is_none_is_told(
    address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BELLWETHER_TEST_URL", raising=False)
    if address is not None:
        monkeypatch.setenv("BELLWETHER_TEST_URL", address)
    with pytest.raises(UsageError, match="BELLWETHER_TEST_URL must hold the address"):
        Receiver("BELLWETHER_TEST_URL")


@pytest.mark.parametrize("address", ["https://", "http://[s3cret", "http://s3cret:port/"])
def test_an_address_that_cannot_be_is_told_without_it(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BELLWETHER_TEST_URL", address)
    with pytest.raises(UsageError, match="can't be sent to") as told:
        send(Receiver("BELLWETHER_TEST_URL"))
    assert "s3cret" not in str(told.value)
