"""The metrics over HTTP: a thin layer over scripts/serving/answers.py."""

from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import jinja2
from fastapi import Body, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from scripts.metrics_engine import QueryTimeoutError
from scripts.project import UsageError, UserError
from scripts.serving.access import NotAllowedError, Role, Tokens, UnknownCallerError, today
from scripts.serving.answers import (
    AnswerFormat,
    Metrics,
    OldPageError,
    Question,
    UnknownMetricError,
)

MOST_BODY_BYTES = 100_000
ARROW = "application/vnd.apache.arrow.stream"
# An error has the status of the first class here that it is of.
STATUSES = {
    UnknownCallerError: HTTPStatus.UNAUTHORIZED,
    NotAllowedError: HTTPStatus.FORBIDDEN,
    UnknownMetricError: HTTPStatus.NOT_FOUND,
    OldPageError: HTTPStatus.CONFLICT,
    QueryTimeoutError: HTTPStatus.GATEWAY_TIMEOUT,
    UsageError: HTTPStatus.BAD_REQUEST,
    UserError: HTTPStatus.SERVICE_UNAVAILABLE,  # the published file or the token file
}
MORE_HEADERS = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "5"},
}


class Problem(BaseModel):
    """Why there is no answer, in a sentence."""

    error: str


class MetricInShort(BaseModel):
    """A metric in a list."""

    name: str
    label: str
    description: str
    unit: str | None
    owner: str | None


class MetricDimension(BaseModel):
    """What a metric can be grouped by; `ask_for` are the names to do so, of a date by grain."""

    name: str
    type: str
    description: str
    ask_for: list[str]


class MetricInFull(MetricInShort):
    """A metric with its definition; `meta` has its target, version, tier and so on."""

    type: str
    formula: str
    meta: dict[str, Any]
    dimensions: list[MetricDimension]


class Rows(BaseModel):
    """The answer to a question, as of a date, from a build."""

    as_of: date
    run_id: str
    next_page: str | None
    rows: list[dict[str, Any]]


class Status(BaseModel):
    """The build that answers at this moment."""

    as_of: date
    run_id: str


def application(metrics: Metrics, tokens: Tokens) -> FastAPI:
    """The web application that answers from `metrics` those who have one of the `tokens`."""
    app = FastAPI(
        title="Bellwether metrics",
        description="Governed metrics: list them, read their definitions, ask for their values.",
        version="1",
        docs_url=None,  # FastAPI's own pages load their scripts from the web
        redoc_url=None,
        max_body_size=MOST_BODY_BYTES,
    )

    def role_of_token(
        credentials: Annotated[
            HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))
        ],
    ) -> Role:
        return tokens.role_of(credentials.credentials if credentials else None, today())

    asking_role = Depends(role_of_token)

    @app.get("/status", responses=_problems(503))
    def status() -> Status:
        """Say which build answers. It needs no token."""
        edition = metrics.source()
        return Status(as_of=edition.as_of, run_id=edition.run_id)

    @app.get("/metrics", responses=_problems(401, 403, 503))
    def list_metrics(
        search: Annotated[str, Query(max_length=100, description="Words to look for.")] = "",
        role: Role = asking_role,
    ) -> list[MetricInShort]:
        """List the metrics that your role may ask for."""
        return metrics.list_metrics(role, search)

    @app.get("/metrics/{name}", responses=_problems(401, 403, 404, 503))
    def describe_metric(name: str, role: Role = asking_role) -> MetricInFull:
        """Read a metric's definition, owner and target, and what it can be grouped by."""
        return metrics.describe(role, name)

    @app.post(
        "/query",
        response_model=Rows,
        responses={
            200: {
                "description": "The rows. As CSV and Arrow what is known of them is in the headers "
                "Bellwether-As-Of, Bellwether-Run and Bellwether-Next-Page.",
                "content": {"text/csv": {}, ARROW: {}},
            },
            **_problems(400, 401, 403, 409, 503, 504),
        },
    )
    def query(
        question: Annotated[Question, Body()],
        answer_format: Annotated[AnswerFormat, Query(alias="format")] = AnswerFormat.json,
        role: Role = asking_role,
    ) -> Response:
        """Ask for the values of metrics."""
        answer = metrics.query(role, question)
        content, media_type = {
            AnswerFormat.json: lambda: (answer.as_json(), "application/json"),
            AnswerFormat.csv: lambda: (answer.as_csv(), "text/csv"),
            AnswerFormat.arrow: lambda: (answer.as_arrow(), ARROW),
        }[answer_format]()
        return Response(content, media_type=media_type, headers=answer.headers)

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        folder = jinja2.FileSystemLoader(Path(__file__).parent)
        environment = jinja2.Environment(loader=folder, autoescape=True, trim_blocks=True)
        page = environment.get_template("api_page.html.j2")
        return HTMLResponse(page.render(api=app.openapi()))

    app.add_exception_handler(UserError, _told)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _elsewhere)
    return app


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem} for status in (*statuses, 422)}


def _problem(status: int, sentence: str, headers: Any = None) -> Response:
    return JSONResponse({"error": sentence}, status, headers)


def _told(_: Request, error: UserError) -> Response:
    status = next(status for kind, status in STATUSES.items() if isinstance(error, kind))
    return _problem(status, str(error), MORE_HEADERS.get(status))


def _misread(_: Request, error: RequestValidationError) -> Response:
    """What is wrong in the question, and where: "where.0.operator: Input should be ..."."""
    sentences = [
        f"{'.'.join(map(str, each['loc'][1:])) or each['loc'][0]}: {each['msg']}"
        for each in error.errors()
    ]
    return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(sentences[:5]) + ".")


def _elsewhere(_: Request, error: HTTPException) -> Response:
    return _problem(error.status_code, f"{error.detail}. The page /docs lists what there is.")
