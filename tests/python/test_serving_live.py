"""The servers as processes of their own: many clients, a file that is replaced, an assistant."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
from mcp import Client, StdioServerParameters, stdio_client
from served import (
    ANALYST,
    BI,
    copy_of_published,
    manifest_of,
    publish_as,
    six_fold_edition,
    write_tokens,
)

from scripts.metrics_engine import MetricsEngine
from scripts.project import PUBLISHED_FILE, ROOT
from scripts.serving.load import QUESTIONS, Address, ask, running_server

MONTH = "metric_time__month"
MRR = {"metrics": ["mrr"], "start": "2026-06-01", "end": "2026-06-30"}


@pytest.fixture(scope="module")
def engine() -> Iterator[MetricsEngine]:
    """What the servers' answers are compared with."""
    engine = MetricsEngine(PUBLISHED_FILE)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def editions(folder: Path) -> tuple[Path, Path]:
    """The published file and another build of it."""
    return copy_of_published(folder / "first.duckdb"), six_fold_edition(folder / "second.duckdb")


@pytest.fixture(scope="module")
def server(folder: Path, editions: tuple[Path, Path]) -> Iterator[Address]:
    """A server on a file of its own; each test leaves the first edition in place."""
    publish_as(editions[0], folder / "published.duckdb")
    tokens = write_tokens(
        folder / "tokens.csv",
        (ANALYST, "An analyst", "analyst", "9999-12-31"),
        (BI, "A BI tool", "bi_reader", "9999-12-31"),
    )
    with running_server(folder / "published.duckdb", tokens) as address:
        yield address


def post(server: Address, question: dict[str, Any]) -> requests.Response:
    url = f"http://{server.host}:{server.port}/query"
    headers = {"Authorization": f"Bearer {ANALYST}"}
    return requests.post(url, json=question, headers=headers, timeout=60)


def test_fifty_clients_get_the_engines_answers(server: Address, engine: MetricsEngine) -> None:
    def expected(question: dict[str, Any]) -> list[Any]:
        where = [
            f"{each['dimension']} in ({', '.join(map(repr, each['values']))})"
            for each in question.get("where", [])
        ]
        period = [question.get(name) for name in ("start", "end")]
        rows = engine.query(
            question["metrics"],
            question.get("group_by", []),
            [*where, *([f"{MONTH} = '{period[0]}'"] if period[0] else [])],
            limit=question.get("limit"),
        ).to_pylist()
        return [[row[name] for name in question["metrics"]] for row in rows]

    answers = {str(question): expected(question) for question in QUESTIONS}
    assert all(answers.values())

    def wrong(question: dict[str, Any], answer: dict[str, Any]) -> str | None:
        found = [[row[name] for name in question["metrics"]] for row in answer["rows"]]
        right = answers[str(question)]
        is_same = len(found) == len(right) and all(
            (a is None) is (b is None) and (a is None or float(a) == b)
            for x, y in zip(right, found, strict=True)
            for a, b in zip(x, y, strict=True)
        )
        return None if is_same else f"another answer to {question}"

    post(server, MRR)  # opens the file
    ends_at = time.monotonic() + 2
    measured = ask(server, ANALYST, 50, lambda: time.monotonic() > ends_at, wrong)
    assert measured.errors == []
    assert len(measured.seconds) >= 50


def test_no_request_fails_while_the_file_is_replaced(
    server: Address, folder: Path, editions: tuple[Path, Path]
) -> None:
    """Each answer is of one edition as a whole, and after a replacement of the newer one."""
    first, second = editions
    before = post(server, MRR).json()
    (mrr,) = (row["mrr"] for row in before["rows"])
    whole = {(before["run_id"], mrr), ("the second edition", round(6 * mrr, 2))}
    seen = set()

    def wrong(_: dict[str, Any], answer: dict[str, Any]) -> str | None:
        found = (answer["run_id"], answer["rows"][0]["mrr"])
        seen.add(answer["run_id"])
        return None if found in whole else f"half of each edition: {found}"

    is_over = threading.Event()
    results = []
    clients = threading.Thread(
        target=lambda: results.append(ask(server, ANALYST, 8, is_over.is_set, wrong, [MRR]))
    )
    clients.start()
    try:
        for edition, pause in [(second, 1.0), (first, 0.0), (second, 0.1), (first, 1.0)]:
            publish_as(edition, folder / "published.duckdb")
            time.sleep(pause)
            if pause == 1.0:
                answer = post(server, MRR).json()
                assert (answer["run_id"] == "the second edition") is (edition == second)
    finally:
        is_over.set()
        clients.join()
    assert results[0].errors == []
    assert seen == {before["run_id"], "the second edition"}
    assert post(server, MRR).json() == before
    assert deleted_files_open(server) == []


def deleted_files_open(server: Address) -> list[str]:
    """The replaced files that nobody reads any more, but that are still open."""
    files = Path(f"/proc/{server.process.pid}/fd")
    names = [str(file.readlink()) for file in files.iterdir() if file.is_symlink()]
    return [name for name in names if "published.duckdb" in name and "(deleted)" in name]


def garbled(file: Path) -> None:
    file.write_bytes(b"this is no database" * 500)


def without_definitions(file: Path) -> None:
    manifest_of(file).unlink()


def beside_newer_definitions(file: Path) -> None:
    """As a publication leaves it that was killed between its two steps."""
    text = manifest_of(file).read_text()
    manifest_of(file).write_text(text.replace('"expr": "mrr"', '"expr": "mrr + 0"'))


def beside_what_is_no_manifest(file: Path) -> None:
    manifest_of(file).write_text('{"metrics": []}')


def of_a_build_that_kept_no_records(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("drop table metadata.fct_metric_fingerprints")


OTHER_VERSION = "not of one build of this version of Bellwether: run `make build`"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (Path.unlink, "There is no file {file}: run `make build`"),
        (garbled, "{file} can't be read: IO Error"),
        (without_definitions, "The metric definitions of {file} are missing"),
        (beside_newer_definitions, OTHER_VERSION),
        (beside_what_is_no_manifest, OTHER_VERSION),
        (of_a_build_that_kept_no_records, OTHER_VERSION),
    ],
)
def test_a_file_that_cannot_answer_is_told(
    server: Address, folder: Path, editions: tuple[Path, Path], damage: Any, sentence: str
) -> None:
    published = folder / "published.duckdb"
    publish_as(editions[0], published)
    damage(published)
    for _ in range(2):
        answer = post(server, MRR)
        assert answer.status_code == 503
        assert sentence.format(file=published) in answer.json()["error"]
        assert answer.headers["Retry-After"] == "5"
        assert "Traceback" not in answer.text


def test_and_it_answers_again_once_there_is_one(
    server: Address, folder: Path, editions: tuple[Path, Path]
) -> None:
    (folder / "published.duckdb").unlink(missing_ok=True)
    assert post(server, MRR).status_code == 503
    publish_as(editions[0], folder / "published.duckdb")
    assert post(server, MRR).status_code == 200


# --- MCP over stdio -----------------------------------------------------------------------------


def asked(calls: list[tuple[str, dict[str, Any]]], *options: str) -> list[Any]:
    """What an assistant's tool calls give, from a server that it starts itself."""

    async def talk() -> list[Any]:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "scripts", "mcp", *options], cwd=ROOT
        )
        async with Client(stdio_client(command)) as client:
            tools = await client.list_tools()
            assert {tool.name for tool in tools.tools} == {
                "list_metrics",
                "describe_metric",
                "query_metrics",
            }
            assert all(tool.description for tool in tools.tools)
            answers = []
            for name, arguments in calls:
                result = await client.call_tool(name, arguments)
                answers.append((result.is_error, result.structured_content, result.content))
            return answers

    return asyncio.run(talk())


def test_an_assistant_lists_describes_and_queries(engine: MetricsEngine) -> None:
    question = {
        "metrics": ["mrr", "net_revenue_retention"],
        "group_by": [MONTH],
        "where": [{"dimension": "account__segment", "values": ["smb"]}],
        "start": "2026-01-01",
    }
    listed, described, queried, unknown, hidden, injected, malformed = asked(
        [
            ("list_metrics", {"search": "net revenue retention"}),
            ("describe_metric", {"name": "mrr"}),
            ("query_metrics", {"question": question}),
            ("query_metrics", {"question": {"metrics": ["mmr"]}}),
            ("query_metrics", {"question": {"metrics": ["data_completeness"]}}),
            ("query_metrics", {"question": {"metrics": ["mrr"], "group_by": ["1; drop table x"]}}),
            ("query_metrics", {"question": {"metrics": "mrr", "sql": "select 1"}}),
        ],
        "--published-file",
        str(PUBLISHED_FILE),
    )
    assert "net_revenue_retention" in {metric["name"] for metric in listed[1]["metrics"]}
    assert described[1]["formula"] == engine.metrics["mrr"].formula
    expected = engine.query(
        ["mrr", "net_revenue_retention"],
        [MONTH],
        ["account__segment = 'smb'", f"{MONTH} >= '2026-01-01'"],
    ).to_pylist()
    assert queried[1]["as_of"] == "2026-06-30"
    assert [
        (row[MONTH], row["mrr"], row["net_revenue_retention"]) for row in queried[1]["rows"]
    ] == [
        (row[MONTH].isoformat(), float(row["mrr"]), row["net_revenue_retention"])
        for row in expected
    ]
    assert len(expected) == 6
    assert unknown[1] == {
        "error": "There is no metric 'mmr'. Did you mean mrr? "
        "`python -m scripts metrics list` shows them all."
    }
    assert "The role bi_reader may not read the schema metadata" in hidden[1]["error"]
    assert injected[0]
    assert "should match pattern" in injected[2][0].text
    assert malformed[0]
    assert "sql" in malformed[2][0].text


def test_an_assistant_of_an_unknown_role_is_refused() -> None:
    """Before it starts, in a sentence on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts", "mcp", "--role", "analist"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Error: There is no role 'analist'")
    assert "Did you mean analyst?" in done.stderr
    assert done.stdout == ""
