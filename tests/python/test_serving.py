"""The metrics served over HTTP and MCP: the engine's answers, to those who may have them."""

import csv
import io
import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks as described
from served import (
    ANALYST,
    BI,
    copy_of_published,
    manifest_of,
    publish_as,
    six_fold_edition,
    write_tokens,
)
from starlette.testclient import TestClient

from scripts.metrics_engine import MetricsEngine
from scripts.personal_data import tags
from scripts.project import PUBLISHED_FILE, Places, UserError
from scripts.publish import put
from scripts.serving import published as published_file
from scripts.serving.access import (
    NotAllowedError,
    Role,
    Tokens,
    UnknownCallerError,
    roles,
)
from scripts.serving.answers import Metrics, OldPageError, Question
from scripts.serving.http_server import application
from scripts.serving.published import Edition, Published

MONTH = "metric_time__month"
SEGMENT = "account__segment"
EXPIRED, GONE = "token-that-expired", "token-of-a-role-that-is-no-more"
ON = date(2026, 6, 30)


@pytest.fixture(scope="module")
def engine() -> Iterator[MetricsEngine]:
    """What the servers' answers are compared with."""
    engine = MetricsEngine(PUBLISHED_FILE)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def tokens_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tokens(
        tmp_path_factory.mktemp("tokens") / "tokens.csv",
        (BI, "A BI tool", "bi_reader", "9999-12-31"),
        (ANALYST, "An analyst", "analyst", "9999-12-31"),
        (EXPIRED, "Last year's intern", "analyst", "2025-12-31"),
        (GONE, "A project that ended", "project_reader", "9999-12-31"),
    )


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    """What is published, opened once."""
    return Metrics(Published(PUBLISHED_FILE), seconds=10)


def client_of(metrics: Metrics, tokens_file: Path, token: str = ANALYST) -> TestClient:
    app = application(metrics, Tokens(tokens_file))
    return TestClient(app, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def client(metrics: Metrics, tokens_file: Path) -> TestClient:
    """An analyst's."""
    return client_of(metrics, tokens_file)


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
    while (page or not pages) and len(pages) < 20:
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


class OneEdition:
    """Stands for a published file whose build can be said to be another one."""

    def __init__(self, engine: MetricsEngine) -> None:
        self.run_id = "first"
        self._engine = engine

    def edition(self) -> Edition:
        return Edition(self._engine, self.run_id, ON)


def test_a_page_does_not_go_on_in_another_build(engine: MetricsEngine) -> None:
    published = OneEdition(engine)
    metrics = Metrics(published, seconds=10)  # type: ignore[arg-type]
    role = Role("any", frozenset({"marts"}))
    question = Question(metrics=["mrr"], group_by=[MONTH], limit=5)
    page = question.model_copy(update={"page": metrics.query(role, question).next_page})
    assert metrics.query(role, page).rows.num_rows == 5
    published.run_id = "second"
    with pytest.raises(OldPageError, match="from a file that was replaced since"):
        metrics.query(role, page)


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
    metrics: Metrics, tokens_file: Path, headers: dict[str, str], status: int, sentence: str
) -> None:
    client = client_of(metrics, tokens_file)
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


def test_a_role_asks_only_for_what_it_may_read(
    client: TestClient, metrics: Metrics, tokens_file: Path
) -> None:
    """data_completeness is computed from schema metadata, which a BI tool may not read."""
    hidden = {"metrics": ["mrr", "data_completeness"], "group_by": [MONTH]}
    assert client.post("/query", json=hidden).status_code == 200
    names = {metric["name"] for metric in client.get("/metrics").json()}
    tool = client_of(metrics, tokens_file, BI)
    seen = {metric["name"] for metric in tool.get("/metrics").json()}
    assert names - seen == {
        "data_completeness",
        "documentation_coverage",
        "metric_definition_compliance",
    }
    for answer in (tool.post("/query", json=hidden), tool.get("/metrics/data_completeness")):
        assert answer.status_code == 403
        assert "The role bi_reader may not read the schema metadata" in answer.json()["error"]


def test_a_role_is_held_to_every_table_that_a_query_reads(tmp_path: Path) -> None:
    """Also to one that only a dimension needs: were today's accounts in another schema."""
    manifest = json.loads(manifest_of(PUBLISHED_FILE).read_text())
    (accounts,) = (m for m in manifest["semantic_models"] if m["name"] == "dim_accounts")
    accounts["node_relation"] |= {
        "schema_name": "restricted",
        "relation_name": '"bellwether"."restricted"."dim_accounts"',
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    engine = MetricsEngine(PUBLISHED_FILE, tmp_path / "manifest.json")
    metrics = Metrics(OneEdition(engine), seconds=10)  # type: ignore[arg-type]
    role = Role("reader", frozenset({"marts"}))
    assert metrics.query(role, Question(metrics=["mrr"], group_by=[SEGMENT])).rows.num_rows > 0
    joined = Question(metrics=["mrr"], group_by=["current_account__segment"])
    with pytest.raises(NotAllowedError, match="may not read the schema restricted"):
        metrics.query(role, joined)
    engine.close()


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Metrics:
    """The published metrics, were industry (of accounts as they are today) personal data."""
    file = copy_of_published(tmp_path_factory.mktemp("tagged") / "published.duckdb")
    manifest = json.loads(manifest_of(file).read_text())
    tagged = [
        dimension
        for model in manifest["semantic_models"]
        for dimension in model["dimensions"]
        if (model["name"], dimension["name"])
        in (("dim_accounts", "industry"), ("fct_account_months", "month_start"))
    ]
    assert len(tagged) == 2
    for dimension in tagged:
        dimension["config"]["meta"]["personal_data"] = "name"
    manifest_of(file).write_text(json.dumps(manifest))
    return Metrics(Published(file), seconds=10)


@pytest.mark.parametrize(
    "asked",
    [
        {"group_by": [MONTH, "current_account__industry"]},
        {"where": [{"dimension": "current_account__industry", "values": ["software"]}]},
        {"group_by": ["account_month__month_start__quarter"]},
    ],
)
def test_personal_data_is_for_roles_that_read_it(tagged: Metrics, asked: dict[str, Any]) -> None:
    marts = frozenset({"marts"})
    question = Question.model_validate({"metrics": ["active_customers", "mrr"], **asked})
    for may_not in (
        Role("reader", marts),
        Role("reader of other personal data", marts, frozenset({"restricted"})),
    ):
        with pytest.raises(
            NotAllowedError, match=f"holds personal data, which the role {may_not.name}"
        ):
            tagged.query(may_not, question)
    assert tagged.query(Role("may", marts, marts), question).rows.num_rows > 0


def test_who_may_not_read_a_dimension_does_not_see_it_described(tagged: Metrics) -> None:
    marts = frozenset({"marts"})
    seen, all_of_them = (
        {each["name"] for each in tagged.describe(role, "mrr")["dimensions"]}
        for role in (Role("reader", marts), Role("may", marts, marts))
    )
    assert all_of_them - seen == {"current_account__industry", "account_month__month_start"}
    other = Question(metrics=["mrr"], group_by=["account__industry"])
    assert tagged.query(Role("reader", marts), other).rows.num_rows > 0


def untold_personal_data(manifest: dict[str, Any], semantic: dict[str, Any]) -> list[str]:
    """Dimensions and keys that are made of a tagged column and don't say so."""
    tagged = tags(manifest)
    return [
        f"{model['name']}.{element['name']}"
        for model in semantic["semantic_models"]
        for element in (*model["dimensions"], *model["entities"])
        for relation in [model["node_relation"]]
        for column in re.findall(r"\w+", element["expr"] or element["name"])
        if f"{relation['schema_name']}.{relation['alias']}.{column}" in tagged
        and not (element["config"] or {}).get("meta", {}).get("personal_data")
    ]


def test_no_dimension_hides_that_it_is_personal_data() -> None:
    """dbt hands a column's tag on to its dimension, but not to one that an expression makes."""
    manifest = json.loads(Places.of().manifest.read_text())
    semantic = json.loads(Places.of().semantic_manifest.read_text())
    assert untold_personal_data(manifest, semantic) == []
    (users,) = (m for m in semantic["semantic_models"] if m["name"] == "fct_tickets")
    users["dimensions"].append(
        {"name": "first_word", "expr": "split_part(subject, ' ', 1)", "config": {"meta": {}}}
    )
    assert untold_personal_data(manifest, semantic) == ["fct_tickets.first_word"]


# --- What is no question ----------------------------------------------------------------------

ATTEMPTS = [
    "' or 1=1 --",
    "'; drop table marts.dim_accounts; --",
    "\\' or '1'='1",
    "smb'/**/or/**/'1'='1",
    "smb') or ('1'='1",
    "{{ 1 + 1 }}",
    '{{ "\\x27 or 1=1 or \\x27" }}',
    "{{ Dimension('account__region') }}",
    "{{ ''.__class__.__mro__ }}",
    "{% for x in range(9) %}{% endfor %}",
    "{# smb #}",
    "}} {{",
    "$$ || 'smb'",
    "smb -- ",
    "\uff07 or 1=1",
]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_value_is_a_value_whatever_it_says(client: TestClient, attempt: str) -> None:
    """It is compared as any other segment that no account has."""

    def answers(value: str) -> list[Any]:
        conditions = [
            {"dimension": SEGMENT, "operator": operator, "values": values}
            for operator, values in (
                ("=", [value]),
                ("!=", [value]),
                ("in", ["smb", value]),
                ("not in", ["smb", value]),
                ("<", [value]),
            )
        ]
        return [
            client.post(
                "/query",
                json={"metrics": ["active_customers"], "group_by": [SEGMENT], "where": [condition]},
            ).json()["rows"]
            for condition in conditions[:4]
        ]

    found = answers(attempt)
    assert found == answers("nobody's")
    assert [len(rows) for rows in found] == [0, 3, 1, 2]


@pytest.mark.parametrize("attempt", ["a\nb", "a\x00b", "a\u2028b", "\x1b[2J"])
def test_a_value_of_several_lines_is_refused(client: TestClient, attempt: str) -> None:
    where = [{"dimension": SEGMENT, "values": [attempt]}]
    answer = client.post("/query", json={"metrics": ["mrr"], "where": where})
    assert answer.status_code == 400
    assert "is not understood" in answer.json()["error"]


NAMES = ["mrr; drop table x", "mrr'", "{{ x }}", "mrr --", "a.b", "", "MRR", "m" * 101, "mrr\n"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name(client: TestClient, name: str) -> None:
    for asked in (
        {"metrics": [name]},
        {"metrics": ["mrr"], "group_by": [name]},
        {"metrics": ["mrr"], "order_by": [name]},
        {"metrics": ["mrr"], "where": [{"dimension": name, "values": [1]}]},
    ):
        answer = client.post("/query", json=asked)
        assert answer.status_code == 422
        assert "should match pattern" in answer.json()["error"]


@pytest.mark.parametrize(
    ("asked", "status", "sentence"),
    [
        ({"metrics": ["mmr"]}, 400, "There is no metric 'mmr'. Did you mean mrr?"),
        ({"metrics": ["lost_mrr"]}, 400, "There is no metric 'lost_mrr'"),
        ({"metrics": ["mrr"], "group_by": ["segment"]}, 400, "Did you mean account__segment"),
        ({"metrics": ["mrr"], "order_by": ["arr"]}, 400, "can't be ordered by 'arr'"),
        ({"metrics": []}, 422, "metrics: List should have at least 1 item"),
        ({"metrics": ["mrr"], "limit": 10_001}, 422, "limit: Input should be less than or equal"),
        ({"metrics": ["mrr"], "limit": 0}, 422, "limit: Input should be greater than or equal"),
        ({"metrics": ["mrr"], "sql": "select 1"}, 422, "sql: Extra inputs are not permitted"),
        ({"metrics": ["mrr"], "start": "2026-02-30"}, 422, "start: Input should be a valid date"),
        ({"metrics": ["mrr"], "start": "2026-02-01", "end": "2026-01-01"}, 400, "is after the end"),
        ({"metrics": ["mrr"], "where": [{"dimension": SEGMENT}]}, 422, "= takes one value"),
        (
            {"metrics": ["mrr"], "where": [{"dimension": SEGMENT, "values": [1]}]},
            400,
            "The query failed: Conversion Error",
        ),
        (
            {"metrics": ["mrr"], "where": [{"dimension": MONTH, "values": ["soon"]}]},
            400,
            "The query failed: Conversion Error",
        ),
    ],
)
def test_what_cannot_be_answered_is_told_plainly(
    client: TestClient, asked: dict[str, Any], status: int, sentence: str
) -> None:
    answer = client.post("/query", json=asked)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert sentence in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_a_segment_that_vanished_and_a_period_without_data_have_no_rows(client: TestClient) -> None:
    question = {"metrics": ["mrr"], "group_by": [MONTH]}
    for asked in (
        {**question, "where": [{"dimension": SEGMENT, "values": ["startup"]}]},
        {**question, "start": "1990-01-01", "end": "1990-12-31"},
        {**question, "start": "2030-01-01"},
    ):
        answer = client.post("/query", json=asked)
        assert (answer.status_code, answer.json()["rows"]) == (200, [])
        text = client.post("/query?format=csv", json=asked).text
        assert text == "metric_time__month,mrr\n"


def test_a_body_that_is_too_large_is_not_read(client: TestClient) -> None:
    assert client.post("/query", json={"metrics": ["mrr"] * 100_000}).status_code == 413


# --- Limits, and a file that is replaced --------------------------------------------------------

SLOW = "select count(*) as mrr from range(20000000000) as numbers where range % 7 = 3"


def test_a_query_that_takes_too_long_is_stopped(
    engine: MetricsEngine, tokens_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = Metrics(OneEdition(engine), seconds=0.5)  # type: ignore[arg-type]
    client = client_of(metrics, tokens_file)
    assert client.post("/query", json={"metrics": ["mrr"]}).status_code == 200
    with monkeypatch.context() as slowly:
        slowly.setattr(MetricsEngine, "explain", lambda *_: SLOW)
        started = time.monotonic()
        answer = client.post("/query", json={"metrics": ["mrr"]})
        assert time.monotonic() - started < 10
    assert answer.status_code == 504
    assert "took longer than 0.5 seconds and was stopped" in answer.json()["error"]
    assert client.post("/query", json={"metrics": ["mrr"]}).status_code == 200


def test_a_query_goes_on_in_the_file_that_is_replaced_meanwhile(tmp_path: Path) -> None:
    """Its first rows are read before, the others after."""
    file = copy_of_published(tmp_path / "published.duckdb")
    published = Published(file)
    engine = published.edition().engine
    table = "bellwether.marts.fct_account_months"
    expected = engine.rows(f"select sum(mrr) as mrr from {table}")[0]["mrr"]
    batches = engine._connection.cursor().sql(f"select mrr from {table}").to_arrow_reader(100)
    total = pc.sum(batches.read_next_batch()["mrr"]).as_py()
    publish_as(six_fold_edition(tmp_path / "second.duckdb"), file)
    newer = published.edition()
    assert newer.run_id == "the second edition"
    assert newer.engine.rows(f"select sum(mrr) as mrr from {table}")[0]["mrr"] == 2 * expected
    total += sum(pc.sum(batch["mrr"]).as_py() for batch in batches)
    assert total == expected


def test_a_publication_that_is_half_done_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The definitions are new already, the file follows at once; nobody is refused between."""
    first = copy_of_published(tmp_path / "first.duckdb")
    second = six_fold_edition(tmp_path / "second.duckdb")
    file = copy_of_published(tmp_path / "published.duckdb")
    put(manifest_of(second), manifest_of(file))
    open_both = published_file._edition_of
    finishing = threading.Timer(0.2, put, (second, file))

    def open_and_then_finish(file: Path, definitions: Path) -> Edition:
        try:
            return open_both(file, definitions)
        except UserError:
            finishing.start()
            raise

    monkeypatch.setattr(published_file, "_edition_of", open_and_then_finish)
    published = Published(file)
    assert published.edition().run_id == "the second edition"
    finishing.join()

    put(manifest_of(first), manifest_of(file))
    assert published.edition().run_id == "the second edition"
    put(first, file)
    assert published.edition().run_id != "the second edition"


# --- Whatever else may come ---------------------------------------------------------------------


CHECKS = [
    schemathesis.checks.not_a_server_error,
    described.status_code_conformance,
    described.content_type_conformance,
    described.response_schema_conformance,
    described.response_headers_conformance,
]


@pytest.fixture(scope="module")
def api(client: TestClient, engine: MetricsEngine) -> Any:
    """The API as it describes itself, with names that exist, so that more gets past the door."""
    description = json.loads(json.dumps(client.app.openapi()))  # type: ignore[attr-defined]
    schemas = description["components"]["schemas"]
    names = {"type": "string", "enum": [MONTH, SEGMENT, "account__cohort_month__year", "account"]}
    metrics = {"type": "string", "enum": ["mrr", "cumulative_new_mrr", "quick_ratio", "nrr"]}
    schemas["Question"]["properties"]["metrics"]["items"] = metrics
    schemas["Question"]["properties"]["group_by"]["items"] = names
    schemas["Question"]["properties"]["order_by"]["items"] = names
    schemas["Condition"]["properties"]["dimension"] = names
    schema = schemathesis.openapi.from_dict(description)
    schema.app = client.app
    return schema


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(
    ("path", "method", "examples"),
    [
        ("/metrics", "GET", 5),
        ("/metrics/{name}", "GET", 20),
        ("/query", "POST", 40),
    ],
)
def test_no_request_breaks_the_server(
    api: Any, path: str, method: str, examples: int, mode: GenerationMode
) -> None:
    """Requests as described and otherwise get what is described, and never a 500."""

    @given(api[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    def each_is_answered(case: schemathesis.Case) -> None:
        case.validate_response(case.call(headers=bearer(ANALYST)), checks=CHECKS)

    each_is_answered()


def test_the_page_on_the_api_needs_nothing_else(client: TestClient) -> None:
    """It names every path, every link in it leads somewhere, and it loads nothing."""
    page = client.get("/docs", headers={"Authorization": ""})
    assert page.status_code == 200
    assert "default-src 'none'" in page.text
    description = client.get("/openapi.json").json()
    assert set(description["paths"]) == {"/status", "/metrics", "/metrics/{name}", "/query"}
    for path in description["paths"]:
        assert f" {path}</code>" in page.text
    links = set(re.findall(r'href="([^"]+)"', page.text))
    assert links <= {"openapi.json", *(f"#{name}" for name in re.findall(r'id="(\w+)"', page.text))}
    assert "#Question" in links
    assert not re.findall(r"<script|<link|<img|src=|url\(", page.text)


def test_anybody_may_ask_whether_it_answers(client: TestClient, engine: MetricsEngine) -> None:
    status = client.get("/status", headers={"Authorization": ""})
    run = engine.rows("select * from bellwether.metadata.fct_runs order by started_at")[-1]
    assert status.json() == {"as_of": run["as_of_date"].isoformat(), "run_id": run["run_id"]}


def test_the_exposure_names_every_metric_that_is_served() -> None:
    manifest = json.loads(Places.of().manifest.read_text())
    exposure = manifest["exposures"]["exposure.bellwether.metrics_served"]
    named = {node.rpartition(".")[2] for node in exposure["depends_on"]["nodes"]}
    assert named == {
        metric["name"]
        for metric in manifest["metrics"].values()
        if not metric["type_params"]["is_private"]
    }


def test_the_example_of_a_question_is_answered(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for question in schemas["Question"]["examples"]:
        answer = client.post("/query", json=question)
        assert answer.status_code == 200
        assert len(answer.json()["rows"]) == 12  # six months of two segments
