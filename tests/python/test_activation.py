"""What is pushed arrives, all of it and once, through faults and crashes; files say the same."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from failing_server import FailingServer, Fault, Received, Store, failing_server
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts import ledger
from scripts.activation import push as pushing
from scripts.activation import streams
from scripts.activation.command import push_command, write_files
from scripts.activation.push import Book, Pushed, push
from scripts.activation.streams import CTAS, HEALTH, SEGMENTS, Fields, Record, Stream
from scripts.delivery import BusyError, Receiver, RefusedError
from scripts.personal_data import tags
from scripts.project import ROOT, Places, UsageError, UserError

BANDS = Stream("bands", "marts.bands", "account_id")
FIELDS = Fields("Account", {"account_id": "Account_Key__c", "band": "Health_Band__c"})


def bands(*names: str) -> list[Record]:
    """Accounts a1, a2 … and their bands."""
    return [{"account_id": f"a{i}", "band": name} for i, name in enumerate(names, start=1)]


FIVE = bands("red", "green", "green", "yellow", "red")


@pytest.fixture
def store() -> Store:
    return Store("account_id")


@pytest.fixture
def server(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingServer]:
    with failing_server(store.act) as server:
        monkeypatch.setenv("BELLWETHER_CRM_URL", server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield server


@pytest.fixture
def receiver(server: FailingServer) -> Receiver:
    return Receiver("BELLWETHER_CRM_URL", sleep=lambda seconds: None)


def push_bands(folder: Path, receiver: Receiver, records: list[Record], **options: Any) -> Pushed:
    return push(Book(BANDS, folder), records, FIELDS, receiver, batch_size=2, **options)


def bodies(server: FailingServer) -> list[list[str]]:
    """The accounts of each request."""
    return [
        [record["account_id"] for record in json.loads(request.body)["records"]]
        for request in server.received
    ]


# --- Once, and again when something changed ------------------------------------------------


def test_records_go_out_in_batches_and_once(
    tmp_path: Path, server: FailingServer, receiver: Receiver, store: Store
) -> None:
    assert push_bands(tmp_path, receiver, FIVE).accepted == ["a1", "a2", "a3", "a4", "a5"]
    assert bodies(server) == [["a1", "a2"], ["a3", "a4"], ["a5"]]
    assert len({request.key for request in server.received}) == 3
    assert json.loads(server.received[0].body) == {
        "stream": "bands",
        "key": "account_id",
        "records": [
            {"account_id": "a1", "band": "red"},
            {"account_id": "a2", "band": "green"},
        ],
    }
    assert push_bands(tmp_path, receiver, FIVE).accepted == []
    assert len(server.received) == 3


def test_what_changed_is_sent_again_also_back_to_what_it_was(
    tmp_path: Path, receiver: Receiver, store: Store
) -> None:
    push_bands(tmp_path, receiver, bands("red", "green"))
    assert push_bands(tmp_path, receiver, bands("red", "yellow")).accepted == ["a2"]
    assert push_bands(tmp_path, receiver, bands("red", "green")).accepted == ["a2"]
    assert store.records["a2"]["band"] == "green"
    assert store.times == {"a1": 1, "a2": 3}


# --- Partial failure ----------------------------------------------------------------------


def test_one_bad_record_holds_up_no_other_and_is_kept_with_its_reason(
    tmp_path: Path, server: FailingServer, receiver: Receiver, store: Store
) -> None:
    store.refused["a3"] = "no such account"
    pushed = push_bands(tmp_path, receiver, FIVE)
    assert (pushed.accepted, pushed.refused) == (["a1", "a2", "a4", "a5"], ["a3"])
    (letter,) = [
        json.loads(line)
        for line in (tmp_path / "bands.dead_letters.jsonl").read_text().splitlines()
    ]
    assert letter["error"] == "no such account"
    assert letter["record"] == {"account_id": "a3", "band": "green"}

    # It isn't tried again as it is …
    sent = len(server.received)
    assert push_bands(tmp_path, receiver, FIVE) == Pushed()
    assert len(server.received) == sent
    # … but when asked for,
    assert push_bands(tmp_path, receiver, FIVE, retry_dead_letters=True).refused == ["a3"]
    # … or when it changed; once accepted it is dead no more.
    store.refused.clear()
    changed = [*FIVE[:2], {"account_id": "a3", "band": "red"}, *FIVE[3:]]
    assert push_bands(tmp_path, receiver, changed).accepted == ["a3"]
    assert not (tmp_path / "bands.dead_letters.jsonl").exists()
    assert push_bands(tmp_path, receiver, changed) == Pushed()


def test_an_answer_that_leaves_out_a_record_is_no_answer(
    tmp_path: Path, server: FailingServer, receiver: Receiver, store: Store
) -> None:
    yes = {"identifier": "a1", "success": True}
    answers = [
        {"records": [yes]},
        {"records": [yes, yes]},
        {"records": [yes, {"identifier": "a2", "success": "no"}]},
        [],
    ]
    server.faults = [Fault(200, json.dumps(answer).encode(), is_done=True) for answer in answers]
    assert len(push_bands(tmp_path, receiver, FIVE).accepted) == 5
    assert len(server.received) == 4 + 3
    assert set(store.times.values()) == {1}


def test_204_takes_all(tmp_path: Path, server: FailingServer, receiver: Receiver) -> None:
    server.faults = [Fault(204)] * 3
    assert len(push_bands(tmp_path, receiver, FIVE).accepted) == 5


# --- Crashes ------------------------------------------------------------------------------


def test_a_receiver_that_stays_down_is_told_and_the_push_goes_on_later(
    tmp_path: Path, server: FailingServer, receiver: Receiver, store: Store
) -> None:
    server.faults = [None, *[Fault(500)] * 6]
    with pytest.raises(BusyError, match="answered 500"):
        push_bands(tmp_path, receiver, FIVE)
    assert set(store.records) == {"a1", "a2"}
    assert not (tmp_path / "bands.in_flight.json").exists()  # nothing of it was done
    assert push_bands(tmp_path, receiver, FIVE).accepted == ["a3", "a4", "a5"]
    assert store.times == dict.fromkeys(["a1", "a2", "a3", "a4", "a5"], 1)


def test_what_may_have_been_done_is_kept_though_the_last_try_was_not(
    tmp_path: Path, server: FailingServer, receiver: Receiver, store: Store
) -> None:
    server.faults = [Fault(is_done=True), *[Fault(500)] * 5]
    with pytest.raises(BusyError):
        push_bands(tmp_path, receiver, FIVE)
    server.faults = [Fault(500)] * 6
    with pytest.raises(BusyError):
        push_bands(tmp_path, receiver, FIVE)
    assert (tmp_path / "bands.in_flight.json").exists()
    push_bands(tmp_path, receiver, FIVE)
    assert set(store.times.values()) == {1}


def test_what_was_in_flight_goes_first_to_the_letter_though_the_data_moved_on(
    tmp_path: Path, server: FailingServer, receiver: Receiver, store: Store
) -> None:
    server.faults = [Fault(is_done=True)] * 6
    with pytest.raises(UserError, match="broke off"):
        push_bands(tmp_path, receiver, FIVE)
    moved_on = [{"account_id": "a0", "band": "new"}, *bands("yellow", "green")]
    push_bands(tmp_path, receiver, moved_on)
    first, again = server.received[0], server.received[6]
    assert (again.body, again.key) == (first.body, first.key)
    assert bodies(server)[7:] == [["a0", "a1"]]
    assert store.times == {"a1": 2, "a2": 1, "a0": 1}
    assert store.records["a1"]["band"] == "yellow"


def test_a_batch_refused_as_a_whole_is_sent_anew_unless_it_may_have_been_done(
    tmp_path: Path, server: FailingServer, receiver: Receiver, store: Store
) -> None:
    server.faults = [Fault(401, b"expired")]
    with pytest.raises(RefusedError, match="401: expired"):
        push_bands(tmp_path, receiver, FIVE[:2])
    assert not (tmp_path / "bands.in_flight.json").exists()

    server.faults = [Fault(is_done=True), Fault(401)]
    with pytest.raises(RefusedError, match="may have been done"):
        push_bands(tmp_path, receiver, FIVE[:2])
    server.faults = [Fault(401)]
    with pytest.raises(RefusedError, match="may have been done"):
        push_bands(tmp_path, receiver, FIVE[:2])
    assert push_bands(tmp_path, receiver, FIVE[:2]).accepted == ["a1", "a2"]
    assert len({request.key for request in server.received[1:]}) == 1
    assert store.times == {"a1": 1, "a2": 1}


class CrashError(BaseException):
    """Ends the process there and then, as far as the code under test can tell."""


def test_a_crash_before_or_after_any_write_loses_nothing_and_doubles_nothing(
    tmp_path: Path, server: FailingServer, receiver: Receiver, store: Store, monkeypatch
) -> None:
    """Dies at the first write, then at the second … until a push gets through without dying."""
    real = ledger.put_text
    steps = 0
    for is_written in (False, True):
        for fatal in range(1, 100):
            store.records.clear()
            store.times.clear()
            store.refused = {"a2": "no such account"}
            folder = tmp_path / f"{is_written}{fatal}"
            writes = 0

            def dying(text: str, path: Path, fatal=fatal, is_written=is_written) -> None:
                nonlocal writes
                writes += 1
                if writes != fatal or is_written:
                    real(text, path)
                if writes == fatal:
                    raise CrashError

            monkeypatch.setattr(ledger, "put_text", dying)
            monkeypatch.setattr(pushing, "put_text", dying)
            try:
                push_bands(folder, receiver, FIVE)
            except CrashError:
                died = True
                steps += 1
            else:
                died = False
            monkeypatch.setattr(ledger, "put_text", real)
            monkeypatch.setattr(pushing, "put_text", real)
            push_bands(folder, receiver, FIVE)
            assert store.times == dict.fromkeys(["a1", "a3", "a4", "a5"], 1)
            assert list(Book(BANDS, folder).dead_letters()) == ["a2"]
            assert not (folder / "bands.in_flight.json").exists()
            if not died:
                break
    assert steps >= 2 * 9  # of three batches each: written down, ledger, dead letters


FAULTS = st.sampled_from(
    [
        None,
        Fault(500),
        Fault(503, headers={"Retry-After": "9999"}),
        Fault(429, headers={"Retry-After": "1"}),
        Fault(),
        Fault(is_done=True),
        Fault(504, is_done=True),
        Fault(200, b"<html>", is_done=True),
        Fault(401),
    ]
)


@settings(max_examples=40, deadline=None)
@given(
    faults=st.lists(FAULTS, max_size=25),
    contents=st.lists(st.lists(st.sampled_from("ryg"), max_size=5), min_size=1, max_size=3),
)
def test_whatever_goes_wrong_the_receiver_ends_up_with_the_last_of_each_record(
    faults: list[Fault | None], contents: list[list[str]], tmp_path_factory
) -> None:
    store, folder = Store("account_id"), tmp_path_factory.mktemp("push")
    with failing_server(store.act) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BELLWETHER_CRM_URL", server.url)
        patch.setenv("NO_PROXY", "127.0.0.1")
        receiver = Receiver("BELLWETHER_CRM_URL", sleep=lambda seconds: None)
        server.faults = list(faults)
        for names in contents:
            while True:
                try:
                    push_bands(folder, receiver, bands(*names))
                    break
                except UserError:
                    continue
    last: dict[str, Record] = {}
    versions: dict[str, list[Record]] = {}
    for names in contents:
        for record in bands(*names):
            if last.get(record["account_id"]) != record:
                versions.setdefault(record["account_id"], []).append(record)
            last[record["account_id"]] = record
    assert store.records == last
    assert store.times == {key: len(found) for key, found in versions.items()}


def test_two_pushes_at_once_are_one(tmp_path: Path, receiver: Receiver) -> None:
    book = Book(BANDS, tmp_path)
    with book.ledger.locked(), pytest.raises(UserError, match="Another process is pushing"):
        push_bands(tmp_path, receiver, FIVE)
    assert len(push_bands(tmp_path, receiver, FIVE).accepted) == 5


@pytest.mark.parametrize("name", ["bands.in_flight.json", "bands.dead_letters.jsonl"])
def test_a_spoilt_record_of_what_was_sent_is_told_and_kept(
    name: str, tmp_path: Path, server: FailingServer, receiver: Receiver
) -> None:
    for spoilt in ("", '{"idempotency_key": "x"', '{"idempotency_key": "x"}', "[]"):
        (tmp_path / name).write_text(spoilt)
        with pytest.raises(UserError, match=rf"{name} can't be read"):
            push_bands(tmp_path, receiver, FIVE)
        assert (tmp_path / name).read_text() == spoilt
    assert server.received == []


@pytest.mark.parametrize("row", ["a1", "a1,0123,x"])
def test_a_spoilt_ledger_is_told_and_kept(
    row: str, tmp_path: Path, server: FailingServer, receiver: Receiver
) -> None:
    ledger_file = tmp_path / "bands.pushed.csv"
    ledger_file.write_text(f"account_id,fingerprint\n{row}\n")
    with pytest.raises(UserError, match="row 1 has not as many values"):
        push_bands(tmp_path, receiver, FIVE)
    assert ledger_file.read_text().endswith(f"{row}\n")
    assert server.received == []


# --- Salesforce ----------------------------------------------------------------------------


def upserted(request: Received) -> tuple[int, bytes]:
    """sObject Collections' answer; a green account is locked, one without a band is refused."""
    said: list[dict[str, Any]] = []
    for record in json.loads(request.body)["records"]:
        if record["Health_Band__c"] == "green":
            error = {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "locked", "fields": []}
        elif record["Health_Band__c"] is None:
            error = {"statusCode": "REQUIRED_FIELD_MISSING", "message": "Band", "fields": []}
        else:
            said.append({"id": "001xx", "success": True, "errors": [], "created": True})
            continue
        said.append({"success": False, "errors": [error]})
    return 200, json.dumps(said).encode()


def test_salesforce_takes_an_upsert_by_external_id(
    tmp_path: Path, server: FailingServer, receiver: Receiver
) -> None:
    server.act = upserted
    records = [*bands("red", "green"), {"account_id": "a3", "band": None}]
    book = Book(BANDS, tmp_path)
    pushed = push(book, records, FIELDS, receiver, shape="salesforce")
    (request,) = server.received
    assert request.method == "PATCH"
    assert request.path.removeprefix("/hook/s3cret") == (
        "/services/data/v62.0/composite/sobjects/Account/Account_Key__c"
    )
    assert json.loads(request.body) == {
        "allOrNone": False,
        "records": [
            {"attributes": {"type": "Account"}, "Account_Key__c": "a1", "Health_Band__c": "red"},
            {"attributes": {"type": "Account"}, "Account_Key__c": "a2", "Health_Band__c": "green"},
            {"attributes": {"type": "Account"}, "Account_Key__c": "a3", "Health_Band__c": None},
        ],
    }
    assert (pushed.accepted, pushed.refused) == (["a1"], ["a2", "a3"])
    letters = book.dead_letters()
    assert letters["a2"]["error"] == "UNABLE_TO_LOCK_ROW: locked"
    assert letters["a3"]["error"] == "REQUIRED_FIELD_MISSING: Band"
    # A lock passes, a missing field doesn't.
    assert book.pending(records) == records[1:2]


def test_a_field_of_another_object_names_it_by_its_key() -> None:
    fields = Fields(
        "CS_Action__c", {"action_key": "Action_Key__c", "account_id": "Account__r.Account_Key__c"}
    )
    request = pushing.SHAPES["salesforce"].request(
        CTAS, fields, [{"action_key": "drop|a1|1", "account_id": "a1"}]
    )
    assert json.loads(request.body)["records"] == [
        {
            "attributes": {"type": "CS_Action__c"},
            "Action_Key__c": "drop|a1|1",
            "Account__r": {"Account_Key__c": "a1"},
        }
    ]


# --- The streams ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file with what activation reads of the last build."""
    path = tmp_path_factory.mktemp("published") / "bellwether.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"attach '{Places.of().work_file}' as built (read_only)")
        connection.execute("create schema marts; create schema metadata")
        for stream in (CTAS, HEALTH, SEGMENTS):
            connection.execute(f"create table {stream.table} as from built.{stream.table}")
        connection.execute("create table metadata.fct_runs as from built.metadata.fct_runs")
    return path


def counted(warehouse: duckdb.DuckDBPyConnection, sql: str) -> int:
    return warehouse.execute(sql).fetchone()[0]


def test_files_have_the_marts_rows(
    published: Path, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    written = {path.name for path in write_files(published, tmp_path)}
    assert written == {
        f"{stream}.{suffix}"
        for stream in ("ctas", "health", "segments")
        for suffix in ("csv", "jsonl", "bulk.csv", "bulk_job.json")
    }
    health = [json.loads(line) for line in (tmp_path / "health.jsonl").read_text().splitlines()]
    in_mart = dict(
        warehouse.execute(
            "select account_id, score from marts.fct_health_scores "
            "where is_champion and observation_date = date '2026-06-30' and period_type = 'as_of'"
        ).fetchall()
    )
    assert len(health) == len(in_mart) > 100
    for record in health:
        score = in_mart[record["account_id"]]
        assert record["score"] == (None if score is None else pytest.approx(float(score), abs=0))
    for stream, table in (("ctas", CTAS.table), ("segments", SEGMENTS.table)):
        with (tmp_path / f"{stream}.csv").open(newline="") as file:
            assert len(list(csv.DictReader(file))) == counted(
                warehouse, f"select count(*) from {table}"
            )


def test_a_bulk_file_sets_to_null_what_is_null(published: Path, tmp_path: Path) -> None:
    write_files(published, tmp_path)
    with (tmp_path / "segments.csv").open(newline="") as file:
        plain = list(csv.DictReader(file))
    with (tmp_path / "segments.bulk.csv").open(newline="") as file:
        bulk = list(csv.DictReader(file))
    assert json.loads((tmp_path / "segments.bulk_job.json").read_text()) == {
        "object": "Account",
        "externalIdFieldName": "Account_Key__c",
        "operation": "upsert",
        "contentType": "CSV",
        "lineEnding": "LF",
    }
    assert b"\r" not in (tmp_path / "segments.bulk.csv").read_bytes()
    renewals = [
        (a["next_renewal_date"], b["Next_Renewal_Date__c"])
        for a, b in zip(plain, bulk, strict=True)
    ]
    assert {b if b == "#N/A" else "day" for _, b in renewals} == {"#N/A", "day"}
    assert all(b == (a or "#N/A") for a, b in renewals)
    assert [row["Account_Key__c"] for row in bulk] == [row["account_id"] for row in plain]


def test_the_reference_list_names_each_field_once_and_the_key_of_each_stream() -> None:
    with streams.FIELDS_FILE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for stream in (CTAS, HEALTH, SEGMENTS):
        mine = [row for row in rows if row["stream"] == stream.name]
        assert len({row["field_name"] for row in mine}) == len(mine)
        assert len({row["object_name"] for row in mine}) == 1
        assert stream.key in streams.fields_of(stream, date(2026, 6, 30)).names
    with pytest.raises(UserError, match="no row for action_key of ctas in force on 2023-12-31"):
        streams.fields_of(CTAS, date(2023, 12, 31))


def test_the_exposure_names_what_is_handed_over() -> None:
    exposures = yaml.safe_load((ROOT / "models" / "exposures.yml").read_text())["exposures"]
    (activation,) = [exposure for exposure in exposures if exposure["name"] == "activation"]
    tables = [stream.table.removeprefix("marts.") for stream in streams.STREAMS.values()]
    assert activation["depends_on"] == [f"ref('{table}')" for table in tables]


def test_nothing_personal_is_handed_over() -> None:
    personal = tags(json.loads(Places.of().manifest.read_text()))
    for stream in (CTAS, HEALTH, SEGMENTS):
        for column in streams.fields_of(stream, date(2026, 6, 30)).names:
            assert f"{stream.table}.{column}" not in personal


def test_calls_to_action_are_noted_where_the_next_build_reads_them(
    published: Path, server: FailingServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.act = Store("action_key").act
    pushes = tmp_path / "success" / "cta_pushes.csv"
    push_command("ctas", pushes=pushes, published_file=published)
    with pushes.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["action_key", "rule_key", "account_id", "pushed_at"]
    assert {row["pushed_at"] for row in rows} == {"2026-06-30T00:00:00Z"}
    sent = [r for request in server.received for r in json.loads(request.body)["records"]]
    assert [row["action_key"] for row in rows] == [record["action_key"] for record in sent]
    assert len(sent) > 20
    push_command("ctas", pushes=pushes, published_file=published)
    assert capsys.readouterr().out.endswith(f"0 of {len(sent)} records of ctas pushed to crm.\n")
    assert len(server.received) == 1


# --- A process that is killed ----------------------------------------------------------------


@pytest.mark.parametrize("is_done", [False, True])
def test_a_killed_process_loses_nothing_and_doubles_nothing(
    is_done: bool, published: Path, server: FailingServer, tmp_path: Path, monkeypatch
) -> None:
    """Killed while its third request is being answered, before or after it was done."""
    store = Store("account_id")
    server.act = store.act
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "bellwether.duckdb").symlink_to(published)
    command = [sys.executable, "-m", "scripts", "activate", "push", "health", "--batch-size", "20"]
    command += ["--published-file", str(folder / "bellwether.duckdb")]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ)
    kill = Fault(is_done=is_done, then=lambda: process.send_signal(signal.SIGKILL))
    server.faults = [None, None, kill]
    assert process.wait(60) == -signal.SIGKILL
    assert len(store.times) == (60 if is_done else 40)

    push_command("health", batch_size=20, published_file=folder / "bellwether.duckdb")
    assert len(store.times) > 100
    assert set(store.times.values()) == {1}
    assert server.received[3].key == server.received[2].key
    assert server.received[3].body == server.received[2].body
    assert len(server.received) == 1 + -(-len(store.times) // 20)


# --- What is asked for wrongly ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"stream": "helth"}, "There is no stream 'helth'; there are ctas, health, segments"),
        ({"stream": "health", "shape": "xml"}, "There is no shape 'xml'"),
        ({"stream": "health", "receiver": "../crm"}, "must be lower-case letters"),
        ({"stream": "ctas"}, "ctas need it"),
        ({"stream": "health", "pushes": Path("x.csv")}, "--pushes goes with ctas"),
        ({"stream": "health", "shape": "salesforce", "batch_size": 201}, "at most 200 records"),
        ({"stream": "health", "receiver": "nobody"}, "BELLWETHER_NOBODY_URL must hold"),
    ],
)
def test_a_wrong_question_is_told_and_sends_nothing(
    options: dict[str, Any], told: str, published: Path, server: FailingServer
) -> None:
    with pytest.raises(UsageError, match=told):
        push_command(published_file=published, **options)
    assert server.received == []


def test_a_file_that_is_missing_or_too_old_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run `make build` first"):
        write_files(tmp_path / "none.duckdb", tmp_path)
    old = tmp_path / "old.duckdb"
    with duckdb.connect(str(old)) as connection:
        connection.execute("create schema metadata")
        connection.execute(
            "create table metadata.fct_runs as "
            "select date '2026-06-30' as as_of_date, 1 as started_at"
        )
    with pytest.raises(UserError, match=r"old\.duckdb lacks what is to be handed over"):
        write_files(old, tmp_path / "files")
    assert not (tmp_path / "files").exists()
    with duckdb.connect(str(old)) as connection:
        connection.execute("delete from metadata.fct_runs")
    with pytest.raises(UserError, match="no record of a build"):
        write_files(old, tmp_path)
    broken = tmp_path / "broken.duckdb"
    broken.write_text("not a database")
    with pytest.raises(UserError, match="can't be read"):
        write_files(broken, tmp_path)


def test_a_dry_run_sends_nothing_and_leaves_nothing(
    published: Path, server: FailingServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "bellwether.duckdb").symlink_to(published)
    push_command("health", dry_run=True, published_file=folder / "bellwether.duckdb")
    assert "records of health would be sent" in capsys.readouterr().out
    assert server.received == []
    assert [path.name for path in folder.iterdir()] == ["bellwether.duckdb"]
