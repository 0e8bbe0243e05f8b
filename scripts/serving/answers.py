"""Lists, describes and queries metrics for a role: what both servers answer with."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import pyarrow as pa
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from scripts.metrics import as_csv, json_value
from scripts.metrics_engine import Metric
from scripts.project import UsageError, UserError, suggestion
from scripts.serving.access import NotAllowedError, Role
from scripts.serving.published import Edition, Published

MOST_ROWS = 10_000
PAGE = re.compile(r"(\d{1,9})-([0-9a-f]{16})")


class UnknownMetricError(UsageError):
    """There is no such metric, or none that the role may see."""


class OldPageError(UserError):
    """The page goes on from an answer that would be another one now."""


class Operator(StrEnum):
    """How a dimension is compared with values."""

    equal = "="
    not_equal = "!="
    less = "<"
    less_or_equal = "<="
    greater = ">"
    greater_or_equal = ">="
    among = "in"
    not_among = "not in"
    unknown = "is null"
    known = "is not null"


class AnswerFormat(StrEnum):
    """How rows are written."""

    json = "json"
    csv = "csv"
    arrow = "arrow"


# What a name can be; nothing else gets near a template or SQL.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
OrderName = Annotated[str, StringConstraints(pattern=r"^-?[a-z][a-z0-9_]{0,99}$")]
Text = Annotated[str, StringConstraints(max_length=200)]
Number = Annotated[Decimal, Field(max_digits=30, decimal_places=12, allow_inf_nan=False)]


class Condition(BaseModel):
    """A condition on a dimension, e.g. account__segment in smb, enterprise."""

    model_config = ConfigDict(extra="forbid")

    dimension: Name = Field(description="What the metrics can be grouped by.")
    operator: Operator = Operator.equal
    values: list[StrictBool | Number | Text] = Field(
        default=[],
        max_length=500,
        description="One; for in and not in one or more; for is null and is not null none. "
        "A date is a text, yyyy-mm-dd.",
    )

    @model_validator(mode="after")
    def _has_as_many_values_as_it_needs(self) -> "Condition":
        if self.operator in (Operator.unknown, Operator.known):
            if self.values:
                raise ValueError(f"{self.operator} takes no values")
        elif self.operator in (Operator.among, Operator.not_among):
            if not self.values:
                raise ValueError(f"{self.operator} takes one value or more")
        elif len(self.values) != 1:
            raise ValueError(f"{self.operator} takes one value")
        return self

    def text(self) -> str:
        """As the metrics engine reads it, its values as literals."""
        literals = ", ".join(map(_literal, self.values))
        if self.operator in (Operator.among, Operator.not_among):
            literals = f"({literals})"
        return f"{self.dimension} {self.operator} {literals}".rstrip()


class Question(BaseModel):
    """What is asked: metrics, what they are grouped by, and which part of the answer is wanted."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "metrics": ["mrr", "net_revenue_retention"],
                    "group_by": ["metric_time__month", "account__segment"],
                    "where": [
                        {
                            "dimension": "account__segment",
                            "operator": "in",
                            "values": ["smb", "enterprise"],
                        }
                    ],
                    "start": "2026-01-01",
                    "end": "2026-06-30",
                    "order_by": ["-metric_time__month"],
                    "limit": 100,
                }
            ]
        },
    )

    metrics: list[Name] = Field(min_length=1, max_length=30)
    group_by: list[Name] = Field(default=[], max_length=8)
    where: list[Condition] = Field(
        default=[], max_length=20, description="Conditions, all of which must hold."
    )
    start: date | None = Field(default=None, description="First day of metric_time, inclusive.")
    end: date | None = Field(default=None, description="Last day of metric_time, inclusive.")
    order_by: list[OrderName] = Field(
        default=[],
        max_length=8,
        description="Columns of the answer, - before one for descending; else as grouped.",
    )
    limit: int = Field(default=1000, ge=1, le=MOST_ROWS, description="Rows of a page at most.")
    page: str | None = Field(
        default=None,
        max_length=40,
        description="The next_page of the answer before, to go on from it.",
    )


@dataclass(frozen=True)
class Answer:
    """Rows that answer a question, where they are from, and where the next page begins."""

    rows: pa.Table
    run_id: str
    as_of: date
    next_page: str | None

    @property
    def headers(self) -> dict[str, str]:
        """What is known of the rows, for formats that hold rows only."""
        known = {
            "Bellwether-As-Of": self.as_of.isoformat(),
            "Bellwether-Run": self.run_id,
            "Bellwether-Next-Page": self.next_page,
        }
        return {name: value for name, value in known.items() if value}

    def as_json(self) -> str:
        """The rows as objects, with what is known of them; money is a number, a date a text."""
        return json.dumps(
            {
                "as_of": self.as_of,
                "run_id": self.run_id,
                "next_page": self.next_page,
                "rows": self.rows.to_pylist(),
            },
            default=json_value,
        )

    def as_csv(self) -> str:
        """The rows with a header."""
        rows = [list(row.values()) for row in self.rows.to_pylist()]
        return as_csv(self.rows.column_names, rows) + "\n"

    def as_arrow(self) -> bytes:
        """The rows as an Arrow IPC stream, with their exact types."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.rows.schema) as stream:
            stream.write_table(self.rows)
        return sink.getvalue().to_pybytes()


class Metrics:
    """The metrics of a published file, each role seeing what it may."""

    def __init__(self, published: Published, seconds: float) -> None:
        """`seconds` is how long a query may run."""
        self._published = published
        self._seconds = seconds

    def source(self) -> Edition:
        """The edition that answers now; raises a NotServableError if there is none."""
        return self._published.edition()

    def list_metrics(self, role: Role, search: str = "") -> list[dict[str, Any]]:
        """The metrics that a role may ask for whose name, label or description has every word."""
        words = search.lower().split()
        return [
            _in_short(metric)
            for metric in self.source().engine.list_metrics()
            if metric.schemas <= role.schemas
            and all(
                word in f"{metric.name} {metric.label} {metric.description}".lower()
                for word in words
            )
        ]

    def describe(self, role: Role, name: str) -> dict[str, Any]:
        """A metric's definition and what the role may group it by."""
        engine = self.source().engine
        metric = engine.metrics.get(name)
        if metric is None:
            raise UnknownMetricError(
                f"There is no metric {name!r}.{suggestion(name, engine.metrics)}"
            )
        _require_schemas(role, metric.schemas)
        return {
            **_in_short(metric),
            "type": metric.type,
            "formula": metric.formula,
            "meta": metric.meta,
            "dimensions": [
                {
                    "name": dimension.name,
                    "type": dimension.type,
                    "description": dimension.description,
                    "ask_for": list(dimension.ask_for),
                }
                for dimension in engine.dimensions(name)
                if metric.personal_data.get(dimension.name)
                in (None, *role.schemas_with_personal_data)
            ],
        }

    def query(self, role: Role, question: Question) -> Answer:
        """The page of the answer that is asked for.

        Raises a UsageError for what doesn't exist, a NotAllowedError for what the role may not
        see, a QueryTimeoutError and an OldPageError.
        """
        edition = self.source()
        engine = edition.engine
        for name in question.metrics:
            if name in engine.metrics:
                _require_schemas(role, engine.metrics[name].schemas)
                _require_personal_data(role, engine.metrics[name], question)
        asked = list(dict.fromkeys(question.order_by))
        # A page needs an order without ties: rows differ in what they are grouped by.
        rest = [name for name in question.group_by if not {name, f"-{name}"} & set(asked)]
        sql = engine.explain(
            question.metrics,
            question.group_by,
            [condition.text() for condition in question.where],
            [*asked, *rest],
            None,
            question.start,
            question.end,
        )
        _require_schemas(role, engine.schemas_read(sql))
        mark = _mark(question, edition)
        offset = _offset(question.page, mark)
        rows = engine.run(sql, question.limit + 1, offset, self._seconds)
        is_last = rows.num_rows <= question.limit
        return Answer(
            rows.slice(0, question.limit),
            edition.run_id,
            edition.as_of,
            None if is_last else f"{offset + question.limit}-{mark}",
        )


def _in_short(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "label": metric.label,
        "description": metric.description,
        "unit": metric.meta.get("unit"),
        "owner": metric.meta.get("owner"),
    }


def _require_schemas(role: Role, schemas: set[str] | frozenset[str]) -> None:
    hidden = sorted(schemas - role.schemas)
    if hidden:
        raise NotAllowedError(
            f"The role {role.name} may not read the schema {hidden[0]}, which this needs."
        )


def _require_personal_data(role: Role, metric: Metric, question: Question) -> None:
    names = [*question.group_by, *(condition.dimension for condition in question.where)]
    for name in names:
        for dimension, schema in metric.personal_data.items():
            is_it = name == dimension or name.startswith(f"{dimension}__")  # with a grain of time
            if is_it and schema not in role.schemas_with_personal_data:
                raise NotAllowedError(
                    f"{name} holds personal data, which the role {role.name} may not read."
                )


def _mark(question: Question, edition: Edition) -> str:
    """Tells whether a page goes on from an answer to the same question on the same build."""
    same = question.model_dump_json(exclude={"page", "limit"})
    return hashlib.sha256(f"{edition.run_id} {same}".encode()).hexdigest()[:16]


def _offset(page: str | None, mark: str) -> int:
    if page is None:
        return 0
    found = PAGE.fullmatch(page)
    if not found or found[2] != mark:
        raise OldPageError(
            "This page goes on from the answer to another question, or from a file that was "
            "replaced since: ask again without page."
        )
    return int(found[1])


def _literal(value: bool | Decimal | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "'" + value.replace("'", "''") + "'"
