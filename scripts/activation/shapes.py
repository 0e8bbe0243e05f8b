"""How receivers take records and answer: plain JSON, or Salesforce's upsert by an external id."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.activation.streams import Fields, Record, Stream

if TYPE_CHECKING:
    from requests import Response

SALESFORCE_VERSION = "v62.0"
# What Salesforce says of a record that it may take the next time.
PASSING = ("UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE")


@dataclass(frozen=True)
class Result:
    """What a receiver said of one record; no error is success."""

    error: str = ""
    is_passing: bool = False  # the same record may be taken the next time


@dataclass(frozen=True)
class Request:
    """A request as it goes out."""

    method: str
    path: str
    body: str


class Shape(ABC):
    """A way of taking batches of records."""

    largest_batch: int

    @abstractmethod
    def request(self, stream: Stream, fields: Fields, records: list[Record]) -> Request:
        """The request that hands over a batch."""

    @abstractmethod
    def results(self, answer: Response, keys: list[str]) -> list[Result]:
        """What the answer says of each record; a ValueError, or its like, if it isn't clear."""


class Plain(Shape):
    """What reverse-ETL tools post to an endpoint of one's own: the records and the key's name.

    The answer has {"records": [{"identifier": …, "success": true | false, "error_message": …}]},
    in any order, with each record once; or it is 204 without a body, which takes all.
    """

    largest_batch = 1000

    def request(self, stream: Stream, fields: Fields, records: list[Record]) -> Request:
        body = {"stream": stream.name, "key": stream.key, "records": records}
        return Request("POST", "", json.dumps(body, ensure_ascii=False))

    def results(self, answer: Response, keys: list[str]) -> list[Result]:
        if answer.status_code == 204:
            return [Result() for _ in keys]
        said = answer.json()["records"]
        by_key = {row["identifier"]: row for row in said}
        if len(said) != len(keys) or set(by_key) != set(keys):
            raise ValueError
        return [_result(by_key[key], by_key[key].get("error_message")) for key in keys]


class Salesforce(Shape):
    """sObject Collections: up to 200 records of one object, each upserted by its external id.

    Salesforce knows no idempotency keys and needs none: what is upserted twice is there once. The
    answer is a list of UpsertResults in the order of the records.
    """

    largest_batch = 200

    def request(self, stream: Stream, fields: Fields, records: list[Record]) -> Request:
        body = {
            "allOrNone": False,
            "records": [
                {"attributes": {"type": fields.object_name}, **_nested(record, fields)}
                for record in records
            ],
        }
        path = (
            f"/services/data/{SALESFORCE_VERSION}/composite/sobjects/"
            f"{fields.object_name}/{fields.names[stream.key]}"
        )
        return Request("PATCH", path, json.dumps(body, ensure_ascii=False))

    def results(self, answer: Response, keys: list[str]) -> list[Result]:
        said = answer.json()
        if not isinstance(said, list) or len(said) != len(keys):
            raise ValueError
        return [
            _result(
                row,
                "; ".join(f"{error['statusCode']}: {error['message']}" for error in row["errors"]),
                is_passing=all(error["statusCode"] in PASSING for error in row["errors"]),
            )
            for row in said
        ]


SHAPES: dict[str, Shape] = {"plain": Plain(), "salesforce": Salesforce()}


def bulk_job(stream: Stream, fields: Fields) -> dict[str, str]:
    """The job of Salesforce's Bulk API 2.0 that upserts a file of `activate files`."""
    return {
        "object": fields.object_name,
        "externalIdFieldName": fields.names[stream.key],
        "operation": "upsert",
        "contentType": "CSV",
        "lineEnding": "LF",
    }


def _result(row: Any, error: str | None, is_passing: bool = False) -> Result:
    if row["success"] is True:
        return Result()
    if row["success"] is False:
        return Result(error or "refused without a reason", is_passing)
    raise ValueError


def _nested(record: Record, fields: Fields) -> Record:
    """A record by the CRM's names; Account__r.Key__c is a field of the object it belongs to."""
    named: Record = {}
    for column, name in fields.names.items():
        parent, _, child = name.rpartition(".")
        (named.setdefault(parent, {}) if parent else named)[child] = record[column]
    return named
