"""The metrics served over HTTP and MCP: the engine's answers, to those who may have them."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from scripts.metrics import as_csv
from scripts.metrics_engine import MetricsEngine
from scripts.project import PUBLISHED_FILE, UserError
from scripts.serving.access import (
    TOKEN_COLUMNS,
    Role,
    Tokens,
    UnknownCallerError,
    hashed,
    roles,
)
from scripts.serving.answers import Metrics
from scripts.serving.http_server import application
from scripts.serving.published import Published

MONTH = "metric_time__month"
SEGMENT = "account__segment"
BI, ANALYST, GONE = "token-of-a-bi-tool", "token-of-an-analyst", "token-of-nobody-any-more"
EXPIRED = "token-that-expired"
ON = date(2026, 6, 30)


@pytest.fixture(scope="module")
def engine() -> Iterator[MetricsEngine]:
    """What the servers' answers are compared with."""
    engine = MetricsEngine(PUBLISHED_FILE)
    yield engine
    engine.close()


def write_tokens(file: Path, *callers: tuple[str, str, str, str]) -> None:
    lines = [[hashed(token), *others] for token, *others in callers]
    file.write_text(as_csv(TOKEN_COLUMNS, lines))


@pytest.fixture(scope="module")
def tokens_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tokens") / "tokens.csv"
    write_tokens(
        file,
        (BI, "A BI tool", "bi_reader", "9999-12-31"),
        (ANALYST, "An analyst", "analyst", "9999-12-31"),
        (EXPIRED, "Last year's intern", "analyst", "2025-12-31"),
        (GONE, "A project that ended", "project_reader", "9999-12-31"),
    )
    return file


def client_of(published_file: Path, tokens_file: Path, token: str = ANALYST) -> TestClient:
    app = application(Metrics(Published(published_file), seconds=10), Tokens(tokens_file))
    return TestClient(app, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def client(tokens_file: Path) -> TestClient:
    """An analyst's."""
    return client_of(PUBLISHED_FILE, tokens_file)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- The same answers as the engine -----------------------------------------------------------

ASKED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"metrics": ["mrr"]}, {"metrics": ["mrr"]}),
    (
        {
            "metrics": ["net_revenue_retention", "mrr", "active_customers"],
            "group_by": [SEGMENT, MONTH],
            "start": "2025-07-01",
            "end": "2026-06-30",
        },
        {
            "metrics": ["net_revenue_retention", "mrr", "active_customers"],
            "group_by": [SEGMENT, MONTH],
            "start": date(2025, 7, 1),
            "end": date(2026, 6, 30),
        },
    ),
    (
        {
            "metrics": ["mrr"],
            "group_by": [MONTH, "account__region"],
            "where": [
                {"dimension": SEGMENT, "operator": "in", "values": ["smb", "enterprise"]},
                {"dimension": "account__region", "operator": "!=", "values": ["emea"]},
                {"dimension": MONTH, "operator": ">=", "values": ["2026-01-01"]},
            ],
            "order_by": ["-mrr"],
        },
        {
            "metrics": ["mrr"],
            "group_by": [MONTH, "account__region"],
            "where": [
                f"{SEGMENT} in ('smb', 'enterprise')",
                "account__region != 'emea'",
                f"{MONTH} >= '2026-01-01'",
            ],
            "order_by": ["-mrr", MONTH, "account__region"],  # ties as they are grouped
        },
    ),
    (
        {
            "metrics": ["mrr"],
            "group_by": [MONTH, SEGMENT],
            "where": [{"dimension": SEGMENT, "operator": "is null"}],
        },
        {"metrics": ["mrr"], "group_by": [MONTH, SEGMENT], "where": [f"{SEGMENT} is null"]},
    ),
    (
        {
            "metrics": ["cohort_mrr_retention"],
            "group_by": ["cohort__months_since"],
            "where": [{"dimension": "cohort__months_since", "operator": "<=", "values": [12]}],
        },
        {
            "metrics": ["cohort_mrr_retention"],
            "group_by": ["cohort__months_since"],
            "where": ["cohort__months_since <= 12"],
        },
    ),
    (
        {"metrics": ["churned_mrr_trailing_12_months"], "group_by": ["metric_time__quarter"]},
        {"metrics": ["churned_mrr_trailing_12_months"], "group_by": ["metric_time__quarter"]},
    ),
]


@pytest.mark.parametrize(("question", "arguments"), ASKED)
def test_the_answer_is_the_engines(
    client: TestClient,
    engine: MetricsEngine,
    question: dict[str, Any],
    arguments: dict[str, Any],
) -> None:
    expected = engine.query(**arguments)
    assert expected.num_rows > 0
    arrow = client.post("/query?format=arrow", json=question)
    assert pa.ipc.open_stream(arrow.content).read_all() == expected

    text = client.post("/query?format=csv", json=question)
    rows = [list(row.values()) for row in expected.to_pylist()]
    assert list(csv.reader(io.StringIO(text.text))) == [
        expected.column_names,
        *(["" if value is None else str(value) for value in row] for row in rows),
    ]

    answer = client.post("/query", json=question).json()
    assert answer["next_page"] is None
    assert [list(row.values()) for row in answer["rows"]] == [
        [
            value.isoformat()
            if isinstance(value, date)
            else value
            if value is None or isinstance(value, str)
            else float(value)
            for value in row
        ]
        for row in rows
    ]
    run = engine.rows("select * from bellwether.metadata.fct_runs order by started_at")[-1]
    for known in (arrow.headers, text.headers):
        assert known["Bellwether-As-Of"] == answer["as_of"] == run["as_of_date"].isoformat()
        assert known["Bellwether-Run"] == answer["run_id"]


def test_pages_hold_every_row_once(client: TestClient, engine: MetricsEngine) -> None:
    """Also when what they are ordered by is the same in many rows."""
    question = {
        "metrics": ["active_customers"],
        "group_by": [MONTH, SEGMENT, "account__region"],
        "order_by": ["active_customers"],
    }
    whole = engine.query(["active_customers"], [MONTH, SEGMENT, "account__region"])
    counts = whole["active_customers"].to_pylist()
    assert len(set(counts)) < len(counts) / 2
    pages, page = [], None
    while page or not pages:
        answer = client.post("/query", json={**question, "limit": 97, "page": page}).json()
        pages.append(answer["rows"])
        page = answer["next_page"]
    assert [len(rows) for rows in pages[:-1]] == [97] * (len(pages) - 1)
    found = [tuple(row.values()) for rows in pages for row in rows]
    expected = [
        (row[MONTH].isoformat(), row[SEGMENT], row["account__region"], row["active_customers"])
        for row in whole.to_pylist()
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert [row[-1] for row in found] == sorted(counts)


def test_a_page_goes_on_from_its_own_question(client: TestClient) -> None:
    question = {"metrics": ["mrr"], "group_by": [MONTH], "limit": 5}
    page = client.post("/query", json=question).json()["next_page"]
    assert client.post("/query", json={**question, "page": page}).status_code == 200
    for other in (
        {**question, "page": page, "start": "2025-01-01"},
        {**question, "page": "5-0000000000000000"},
        {**question, "page": "five"},
    ):
        answer = client.post("/query", json=other)
        assert answer.status_code == 409
        assert "ask again without page" in answer.json()["error"]


def test_list_and_describe(client: TestClient, engine: MetricsEngine) -> None:
    listed = client.get("/metrics").json()
    assert [metric["name"] for metric in listed] == list(engine.metrics)
    found = client.get("/metrics", params={"search": "RETENTION by-parent parent"}).json()
    assert found == []
    found = client.get("/metrics", params={"search": "Retention parent"}).json()
    assert "net_revenue_retention_parent" in [metric["name"] for metric in found]
    assert len(found) < len(listed) / 4

    described = client.get("/metrics/net_revenue_retention").json()
    metric = engine.metrics["net_revenue_retention"]
    assert described["formula"] == metric.formula
    assert described["owner"] == "Revenue operations"
    assert described["unit"] == "ratio"
    dimensions = {each["name"]: each for each in described["dimensions"]}
    assert set(dimensions) == set(metric.dimensions)
    assert dimensions[SEGMENT]["ask_for"] == [SEGMENT]
    assert dimensions[MONTH]["ask_for"] == [MONTH, "metric_time__quarter", "metric_time__year"]
    for name in dimensions["account__cohort_month"]["ask_for"]:
        asked = {"metrics": ["net_revenue_retention"], "group_by": [name]}
        assert client.post("/query", json=asked).status_code == 200, name


# --- Who may see what -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status", "sentence"),
    [
        ({}, 401, "Send a token in the header Authorization"),
        (bearer("a-guess"), 401, "This token is unknown"),
        (bearer(EXPIRED), 401, "token of Last year's intern expired on 2025-12-31"),
        (bearer(GONE), 403, "The role project_reader of this token is no longer in force"),
        ({"Authorization": f"Basic {ANALYST}"}, 401, "Send a token"),
    ],
)
def test_who_has_no_good_token_learns_nothing(
    tokens_file: Path, headers: dict[str, str], status: int, sentence: str
) -> None:
    client = client_of(PUBLISHED_FILE, tokens_file)
    del client.headers["Authorization"]
    for answer in (
        client.get("/metrics", headers=headers),
        client.get("/metrics/mrr", headers=headers),
        client.post("/query", json={"metrics": ["mrr"]}, headers=headers),
    ):
        assert answer.status_code == status
        assert list(answer.json()) == ["error"]
        assert sentence in answer.json()["error"]
        assert ("www-authenticate" in answer.headers) is (status == 401)


def test_a_token_is_good_up_to_and_on_its_last_day(tokens_file: Path) -> None:
    tokens = Tokens(tokens_file)
    assert tokens.role_of(EXPIRED, date(2025, 12, 31)).name == "analyst"
    with pytest.raises(UnknownCallerError, match="expired"):
        tokens.role_of(EXPIRED, date(2026, 1, 1))


def test_the_token_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "tokens.csv"
    tokens = Tokens(file)
    with pytest.raises(UserError, match="There is no token file"):
        tokens.role_of(BI, ON)
    write_tokens(file, (BI, "A BI tool", "bi_reader", "2026-12-31"))
    assert tokens.role_of(BI, ON).name == "bi_reader"
    write_tokens(tmp_path / "new.csv", (ANALYST, "An analyst", "analyst", "2026-12-31"))
    (tmp_path / "new.csv").replace(file)
    assert tokens.role_of(ANALYST, ON).name == "analyst"
    with pytest.raises(UnknownCallerError, match="unknown"):
        tokens.role_of(BI, ON)
    file.write_text("token_sha256,holder,role,expires_on\nabc,x,analyst,2026-12-31\n")
    with pytest.raises(UserError, match="Line 2 of the token file"):
        tokens.role_of(ANALYST, ON)


def test_a_role_holds_what_the_role_file_says_on_that_day(tmp_path: Path) -> None:
    file = tmp_path / "access_grants.csv"
    file.write_text(
        "role,schema_name,privilege,reads_personal_data,version,effective_from,effective_to\n"
        "temp,marts,select,false,1,2026-01-01,2026-04-01\n"
        "temp,metadata,select,true,1,2026-02-01,\n"
        "other,marts,insert,false,1,2026-01-01,\n"
    )
    assert roles(date(2025, 12, 31), file) == {}
    assert roles(date(2026, 1, 1), file)["temp"].schemas == {"marts"}
    assert roles(date(2026, 3, 31), file)["temp"].schemas == {"marts", "metadata"}
    assert roles(date(2026, 4, 1), file)["temp"] == Role(
        "temp", frozenset({"metadata"}), frozenset({"metadata"})
    )
    assert "other" not in roles(date(2026, 4, 1), file)


def test_a_role_asks_only_for_what_it_may_read(client: TestClient, tokens_file: Path) -> None:
    """data_completeness is computed from schema metadata, which a BI tool may not read."""
    hidden = {"metrics": ["mrr", "data_completeness"], "group_by": [MONTH]}
    assert client.post("/query", json=hidden).status_code == 200
    names = {metric["name"] for metric in client.get("/metrics").json()}
    tool = client_of(PUBLISHED_FILE, tokens_file, BI)
    seen = {metric["name"] for metric in tool.get("/metrics").json()}
    assert names - seen == {
        "data_completeness",
        "documentation_coverage",
        "metric_definition_compliance",
    }
    for answer in (tool.post("/query", json=hidden), tool.get("/metrics/data_completeness")):
        assert answer.status_code == 403
        assert "The role bi_reader may not read the schema metadata" in answer.json()["error"]
