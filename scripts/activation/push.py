"""Pushes records in batches, so that after any crash nothing is lost and nothing is there twice.

A batch is written down before it is sent, with its idempotency key, and struck out when its answer
is noted. What a crash leaves written down goes first the next time, to the letter and under the
same key, so that the receiver does it once. What was accepted stands in a ledger, what was refused
among the dead letters; everything else is still to be sent.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from scripts.activation.shapes import SHAPES, Request
from scripts.activation.streams import Fields, Record, Stream, fingerprint
from scripts.delivery import DeliveryError, Receiver, RefusedError
from scripts.ledger import PUSH_COLUMNS, Ledger, key_of, push_row
from scripts.project import UserError
from scripts.publish import put_text

T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """A batch as it is written down before it is sent."""

    idempotency_key: str
    shape: str
    request: Request
    records: list[Record]


@dataclass
class Pushed:
    """The keys that a push was about."""

    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Book:
    """What is known of the pushes of one stream to one receiver; all of it survives a crash."""

    def __init__(self, stream: Stream, folder: Path, pushes: Path | None = None) -> None:
        """`folder` is the receiver's; `pushes` the ledger of calls to action, which builds read."""
        self.stream = stream
        self.ledger = (
            Ledger(pushes, PUSH_COLUMNS)
            if pushes
            else Ledger(folder / f"{stream.name}.pushed.csv", [stream.key, "fingerprint"])
        )
        self.in_flight_file = folder / f"{stream.name}.in_flight.json"
        self.dead_letter_file = folder / f"{stream.name}.dead_letters.jsonl"

    def pending(self, records: Iterable[Record], retry_dead_letters: bool = False) -> list[Record]:
        """The records that are still to be sent."""
        pushed, dead = self.ledger.rows(), {} if retry_dead_letters else self.dead_letters()
        return [
            record
            for record in records
            if not self._is_pushed(record, pushed.get(self.key(record)))
            and not _is_dead(record, dead.get(self.key(record)))
        ]

    def in_flight(self) -> Batch | None:
        """The batch that was sent without its answer being noted."""
        if not self.in_flight_file.exists():
            return None
        (batch,) = _read(self.in_flight_file, _batch)
        return batch

    def begin(self, batch: Batch) -> None:
        """Write a batch down."""
        put_text(json.dumps(asdict(batch), ensure_ascii=False), self.in_flight_file)

    def end(self) -> None:
        """Strike the batch out that is written down."""
        self.in_flight_file.unlink(missing_ok=True)

    def note(self, accepted: list[Record], letters: list[Record]) -> None:
        """Note what was accepted and what was refused; doing it again changes nothing."""
        self.ledger.note(self._ledger_row(record) for record in accepted)
        dead = self.dead_letters()
        for record in accepted:
            dead.pop(self.key(record), None)
        dead |= {self.key(letter["record"]): letter for letter in letters}
        if dead:
            lines = [json.dumps(letter, ensure_ascii=False) for letter in dead.values()]
            put_text("\n".join(lines) + "\n", self.dead_letter_file)
        else:
            self.dead_letter_file.unlink(missing_ok=True)

    def dead_letters(self) -> dict[str, Record]:
        """What was refused and not accepted since, by key."""
        if not self.dead_letter_file.exists():
            return {}
        return dict(
            _read(self.dead_letter_file, lambda letter: (self.key(letter["record"]), letter))
        )

    def key(self, record: Record) -> str:
        """A record's key as it is compared."""
        return key_of(record[self.stream.key])

    def _is_pushed(self, record: Record, row: dict[str, str] | None) -> bool:
        if row is None or self.stream.is_sent_once:
            return row is not None
        return row["fingerprint"] == fingerprint(record)

    def _ledger_row(self, record: Record) -> dict[str, str]:
        if self.stream.is_sent_once:
            return push_row(record)
        return {
            self.stream.key: record[self.stream.key],
            "fingerprint": fingerprint(record),
        }


def push(
    book: Book,
    records: Iterable[Record],
    fields: Fields,
    receiver: Receiver,
    shape: str = "plain",
    batch_size: int = 200,
    retry_dead_letters: bool = False,
) -> Pushed:
    """Push what a crash left written down, then what is pending.

    Raises a DeliveryError where the receiver can't be reached, refuses a batch as a whole or
    answers what makes no sense: all that was not accepted is then pushed the next time.
    """
    pushed = Pushed()
    with book.ledger.locked():
        if left := book.in_flight():
            _send(book, left, receiver, pushed, was_tried=True)
        pending = book.pending(records, retry_dead_letters)
        for start in range(0, len(pending), batch_size):
            some = pending[start : start + batch_size]
            request = SHAPES[shape].request(book.stream, fields, some)
            batch = Batch(str(uuid.uuid4()), shape, request, some)
            book.begin(batch)
            _send(book, batch, receiver, pushed)
    return pushed


def _send(
    book: Book, batch: Batch, receiver: Receiver, pushed: Pushed, was_tried: bool = False
) -> None:
    keys = [record[book.stream.key] for record in batch.records]
    try:
        results = receiver.send(
            batch.request.body.encode(),
            batch.idempotency_key,
            lambda answer: SHAPES[batch.shape].results(answer, keys),
            batch.request.method,
            batch.request.path,
        )
    except DeliveryError as error:
        if error.is_undone and not was_tried:
            book.end()
        elif isinstance(error, RefusedError):
            raise RefusedError(
                f"{error} An earlier try of the same batch may have been done. "
                f"{book.in_flight_file} keeps it and it goes first the next time; delete that "
                "file only if the receiver has none of it."
            ) from None
        raise
    answered = list(zip(batch.records, results, strict=True))
    accepted = [record for record, result in answered if not result.error]
    letters = [
        {**asdict(result), "fingerprint": fingerprint(record), "record": record}
        for record, result in answered
        if result.error
    ]
    book.note(accepted, letters)
    book.end()
    pushed.accepted += [record[book.stream.key] for record in accepted]
    pushed.refused += [letter["record"][book.stream.key] for letter in letters]


def _is_dead(record: Record, letter: Record | None) -> bool:
    """Refused for good, and the same as then."""
    return (
        letter is not None
        and not letter["is_passing"]
        and letter["fingerprint"] == fingerprint(record)
    )


def _batch(written: dict[str, Any]) -> Batch:
    return Batch(**written | {"request": Request(**written["request"])})


def _read(path: Path, understood: Callable[[dict[str, Any]], T]) -> list[T]:
    """What the lines of a JSON file mean; a UserError if they mean nothing."""
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
        return [understood(json.loads(line)) for line in lines]
    except (ValueError, TypeError, KeyError):
        raise UserError(
            f"{path} can't be read, so it isn't known what of it the receiver has. Restore it; if "
            "the receiver has all or none of it, delete it."
        ) from None
