"""A digest says what the facts say, keeps the channels' limits, and is posted once or told."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml
from failing_server import FailingServer, Fault, Received, failing_server

from scripts.delivery import BusyError, Receiver, RefusedError, UnclearError
from scripts.digest import slack, teams
from scripts.digest.command import command, post
from scripts.digest.content import Digest, Number, Section, digest_of
from scripts.metrics_engine import MetricsEngine
from scripts.pack.commentary import Certainty, Sentence, sentences
from scripts.pack.document import Remark
from scripts.pack.drafts import Commentary, with_edits
from scripts.pack.facts import Headline, PeriodFacts, Quality, asked_metrics, period_facts
from scripts.pack.period import Period, month, week_ending
from scripts.project import ROOT, Places, UsageError, UserError

JUNE = month("2026-06")


# --- What is told ---------------------------------------------------------------------------


def headline(**values: Any) -> Headline:
    """MRR of June, $102,400 after $100,000; its target is missed."""
    return Headline(
        **{
            "metric": "mrr",
            "label": "MRR",
            "unit": "usd",
            "direction": "higher",
            "target": Decimal(110_000),
            "owner": "Finance",
            "source_systems": ("billing",),
            "grain": "month",
            "period": JUNE,
            "value": Decimal(102_400),
            "previous": Decimal(100_000),
            "change": Fraction(2_400),
            "series": (),
            "segments": (),
            "accounts": (),
            "base": None,
        }
        | values
    )


def facts(**values: Any) -> PeriodFacts:
    run = {"tests_passed": 920, "tests_warned": 1, "rules_held": 165, "rules_warned": 2}
    given = {
        "period": JUNE,
        "as_of": date(2026, 6, 30),
        "run_id": "r1",
        "headlines": [headline()],
        "monthly": [],
        "bridge": {},
        "risks": [],
        "wins": [],
        "anomalies": [],
        "restatements": [],
        "actions": [],
        "quality": Quality(run, [], [], []),
        "is_latest": True,
        "account_names": {},
    }
    return PeriodFacts(**given | values)


def section(digest: Digest, title: str) -> list[str]:
    (found,) = [each.lines for each in digest.sections if each.title == title]
    return found


DRAFT = Commentary("draft", [Remark("MRR rose.", "Sure. From mrr.")], "")


def test_a_number_is_told_with_its_change_direction_and_target() -> None:
    rate = headline(
        label="Churn",
        unit="ratio",
        direction="lower",
        target=None,
        value=0.0125,
        previous=0.01,
        change=Fraction(1, 400),
    )
    unknown = headline(label="NPS", value=None, previous=None, change=None)
    first = headline(label="First", previous=None, change=None)
    at_target = headline(label="Fine", target=Decimal(102_400), direction="neutral")
    completeness = headline(label="Completeness", target=None, change=None, period=month("2026-05"))
    told = digest_of(
        facts(
            headlines=[headline(), rate, unknown, first, at_target],
            quality=Quality({}, [], [], [completeness]),
        ),
        DRAFT,
    )
    assert told.title == "Customer success, June 2026"
    assert told.numbers == [
        Number("MRR", "$102.4k (+$2.4k, better; misses its target $110.0k)"),
        Number("Churn", "1.3 % (+0.3 pp, worse)"),
        Number("First", "$102.4k (misses its target $110.0k)"),
        Number("Fine", "$102.4k (+$2.4k)"),
        Number("Completeness, May 2026", "$102.4k"),
    ]


def test_the_words_are_the_packs_as_they_were_edited(tmp_path: Path) -> None:
    """The first draft is changed, the second deleted; a sentence of one's own stands at the end."""
    drafts = [
        Sentence("a", "MRR rose.", Certainty.SURE, "", ("mrr",)),
        Sentence("b", "Nobody left.", Certainty.UNSURE, "few", ("mrr",)),
        Sentence("c", "Tickets fell.", Certainty.FAIRLY_SURE, "few", ("tickets_opened",)),
    ]
    file = tmp_path / "commentary.md"
    text = with_edits(drafts, file).text
    text = text.replace("MRR rose.", "MRR rose, by one customer.").replace("Nobody left.\n", "")
    file.write_text(f"{text.replace('Status: draft', 'Status: read by Ada')}\nWell done.\n")
    told = digest_of(facts(), with_edits(drafts, file))
    assert section(told, "Commentary (read by Ada)") == [
        "MRR rose, by one customer. [Edited by a person. The draft: sure. From mrr.]",
        "Tickets fell. [Fairly sure: few. From tickets_opened.]",
        "Well done. [Added by a person.]",
    ]


def test_calls_to_action_and_issues_are_told_of_the_latest_period_only() -> None:
    action = {"due_date": date(2026, 7, 3), "priority": "high", "account_name": "Amber"}
    issue = {"severity": "warning", "in_words": "A raw row can't be used", "system": "ops"}
    issue |= {"owner": "Operations", "detail": "x"}
    known = {
        "quality": Quality({}, [], [issue, issue | {"detail": "y"}], []),
        "actions": [action | {"reason": "Health is red"}],
    }
    told = digest_of(facts(**known), DRAFT)
    assert section(told, "Proposed calls to action") == [
        "By 3 Jul 2026, high: Amber. Health is red"
    ]
    assert section(told, "Open data issues") == [
        "Warning: A raw row can't be used (ops, Operations)"
    ]
    earlier = digest_of(facts(is_latest=False, **known), DRAFT)
    assert [each.title for each in earlier.sections] == ["Commentary (draft)"]


@pytest.fixture(scope="module")
def june_facts(metrics_engine: MetricsEngine) -> PeriodFacts:
    """The facts of the demo's last month."""
    return period_facts(metrics_engine, Places.of().work_file, JUNE)


@pytest.fixture(scope="module")
def june(june_facts: PeriodFacts) -> Digest:
    """The digest of the demo's last month."""
    return digest_of(june_facts, with_edits(sentences(june_facts), Path("none")))


def test_the_demos_numbers_are_the_metric_queries(
    june: Digest, metrics_engine: MetricsEngine
) -> None:
    told = {number.label: number.text for number in june.numbers}
    rows = metrics_engine.query(
        ["mrr", "gross_revenue_retention", "tickets_opened"],
        ["metric_time__month"],
        start=date(2026, 5, 1),
        end=date(2026, 6, 30),
    ).to_pylist()
    may, june_row = rows
    labels = {name: metrics_engine.metrics[name].label for name in june_row if "__" not in name}
    assert told[labels["mrr"]].startswith(f"${june_row['mrr'] / 1000:.1f}k (")
    assert told[labels["gross_revenue_retention"]].startswith(
        f"{june_row['gross_revenue_retention'] * 100:.1f} % ("
    )
    opened = june_row["tickets_opened"] - may["tickets_opened"]
    assert told[labels["tickets_opened"]].startswith(f"{june_row['tickets_opened']} ({opened:+d},")


# --- The channels' limits -------------------------------------------------------------------


def slack_breaches(message: dict[str, Any]) -> list[str]:
    """What Slack would refuse, by its reference of blocks (docs.slack.dev/reference/block-kit)."""
    found = []
    if len(message["blocks"]) > 50:
        found.append("more than 50 blocks")
    for block in message["blocks"]:
        match block["type"]:
            case "header":
                if block["text"]["type"] != "plain_text" or not _fits(block["text"], 150):
                    found.append("header")
            case "section":
                if not _fits(block.get("text", {"text": "x"}), 3000):
                    found.append("section")
                fields = block.get("fields", [{"text": "x"}])
                if not 1 <= len(fields) <= 10 or not all(_fits(each, 2000) for each in fields):
                    found.append("fields")
            case "context":
                if not 1 <= len(block["elements"]) <= 10:
                    found.append("context")
                if not all(_fits(each, 3000) for each in block["elements"]):
                    found.append("context text")
            case "divider":
                pass
            case other:
                found.append(f"unknown block {other}")
    return found


def _fits(text: dict[str, str], most: int) -> bool:
    return 1 <= len(text["text"]) <= most


ELEMENTS = {  # of Adaptive Cards up to 1.2: required and allowed properties
    "TextBlock": ({"text"}, {"wrap", "size", "weight", "isSubtle", "spacing"}),
    "FactSet": ({"facts"}, set()),
    "Container": ({"items"}, {"separator"}),
    "RichTextBlock": ({"inlines"}, {"spacing"}),
    "TextRun": ({"text"}, set()),
}


def card_breaches(element: dict[str, Any]) -> list[str]:
    """What no version-1.2 card has, in an element and all within it (adaptivecards.io/explorer)."""
    required, allowed = ELEMENTS[element["type"]]
    names = set(element) - {"type"}
    wrong = (required - names) | (names - required - allowed)
    found = [f"{element['type']} {name}" for name in sorted(wrong)]
    for inner in [*element.get("items", []), *element.get("inlines", [])]:
        found += card_breaches(inner)
    for fact in element.get("facts", []):
        if set(fact) != {"title", "value"}:
            found.append("fact")
    return found


HUGE = Digest(
    title="t" * 500,
    subtitle="s" * 5000,
    numbers=[Number("l" * 500, "ü" * 50)] * 24,
    sections=[Section("& more", ["<!channel> & 漢字" * 400] * 400, most=25)] * 3,
)


def test_what_slack_gets_is_within_its_limits(june: Digest) -> None:
    for digest in (june, HUGE, digest_of(facts(headlines=[]), DRAFT)):
        assert slack_breaches(slack.message(digest)) == []
    broken = {"blocks": [{"type": "section", "text": {"text": ""}}, {"type": "table"}] * 26}
    assert set(slack_breaches(broken)) == {"more than 50 blocks", "section", "unknown block table"}


def test_what_teams_gets_is_within_its_limits(june: Digest) -> None:
    for digest in (june, HUGE, digest_of(facts(), DRAFT)):
        message = teams.message(digest)
        assert set(message) == {"type", "attachments"}
        (attachment,) = message["attachments"]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        card = attachment["content"]
        assert (card["type"], card["version"]) == ("AdaptiveCard", "1.2")
        assert [breach for element in card["body"] for breach in card_breaches(element)] == []
        assert len(json.dumps(message, ensure_ascii=False).encode()) <= 28 * 1024
    assert card_breaches({"type": "TextBlock", "colour": "red"}) == [
        "TextBlock colour",
        "TextBlock text",
    ]


def test_a_name_calls_nobody_and_links_nowhere() -> None:
    name = "<!channel> & [Click](https://example.com)"
    digest = digest_of(facts(), Commentary("draft", [Remark(name, "Sure.")], ""))
    assert "<" not in json.dumps(slack.message(digest))
    assert "&lt;!channel&gt; &amp; [Click]" in json.dumps(slack.message(digest))
    body = teams.message(digest)["attachments"][0]["content"]["body"]
    runs = [
        inline["text"]
        for element in body
        for item in element.get("items", [])
        for inline in item.get("inlines", [])
    ]
    assert any(name in text for text in runs)  # of a TextRun, which has no Markdown
    blocks = [e for e in body if e["type"] == "TextBlock"]
    assert name not in json.dumps(blocks)


def test_what_is_left_out_is_said() -> None:
    many = Section("Wins", [f"line {i}" for i in range(9)], most=7)
    assert many.shown()[-2:] == ["line 6", "… and 2 more in the pack"]
    assert many.shown(fewer=6) == ["line 0", "… and 8 more in the pack"]
    assert many.shown(fewer=9) == many.shown(fewer=6)
    assert Section("Wins", ["one"], most=1).shown() == ["one"]
    assert Section("Wins", [], most=7).shown() == ["None."]


# --- Posting --------------------------------------------------------------------------------


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingServer]:
    """A channel that posts whatever comes, also what comes twice, as chat webhooks do."""
    posted: list[Received] = []

    def show(request: Received) -> tuple[int, bytes]:
        posted.append(request)
        server.done.clear()
        return 200, b"ok"

    with failing_server(show) as server:
        server.posted = posted
        monkeypatch.setenv("BELLWETHER_SLACK_WEBHOOK", server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield server


def post_june(
    tmp_path: Path, period: Period = JUNE, channel: str = "slack", **options: Any
) -> bool:
    receiver = Receiver("BELLWETHER_SLACK_WEBHOOK", deduplicates=False, sleep=lambda _: None)
    return post({"text": "x"}, channel, period, tmp_path / "digests.csv", receiver, **options)


def test_a_period_is_posted_once_to_each_channel(tmp_path: Path, server: FailingServer) -> None:
    assert post_june(tmp_path)
    assert not post_june(tmp_path)
    assert post_june(tmp_path, week_ending("2026-06-28"))
    assert post_june(tmp_path, month("2026-05"))
    assert not post_june(tmp_path)
    assert post_june(tmp_path, again=True)
    assert [request.key for request in server.posted] == [
        "bellwether|slack|month|2026-06|0",
        "bellwether|slack|week|2026-06-28|0",
        "bellwether|slack|month|2026-05|0",
        "bellwether|slack|month|2026-06|1",
    ]


def test_a_webhook_that_fails_for_sure_is_tried_again_now_and_later(
    tmp_path: Path, server: FailingServer
) -> None:
    server.faults = [Fault(500), Fault(429, headers={"Retry-After": "3"})]
    assert post_june(tmp_path)
    server.faults = [Fault(500)] * 6
    with pytest.raises(BusyError, match="answered 500"):
        post_june(tmp_path, month("2026-05"))
    server.faults = [Fault(404, b"channel_not_found")]
    with pytest.raises(RefusedError, match="404: channel_not_found"):
        post_june(tmp_path, month("2026-05"))
    assert post_june(tmp_path, month("2026-05"))
    assert len(server.posted) == 2
    assert {request.key for request in server.received[3:]} == {"bellwether|slack|month|2026-05|0"}


@pytest.mark.parametrize(
    "fault",
    [Fault(is_done=True), Fault(), Fault(504, is_done=True), Fault(200, b"<html>", is_done=True)],
    ids=str,
)
def test_a_try_whose_end_nobody_knows_is_told_and_not_repeated(
    fault: Fault, tmp_path: Path, server: FailingServer
) -> None:
    server.faults = [fault]
    with pytest.raises(UnclearError):
        post_june(tmp_path)
    with pytest.raises(UnclearError, match="may have posted the digest of June 2026 to slack"):
        post_june(tmp_path)
    assert len(server.received) == 1
    assert post_june(tmp_path, again=True)
    assert not post_june(tmp_path)


def test_teams_takes_a_workflows_silence_and_slack_wants_ok(
    tmp_path: Path, server: FailingServer
) -> None:
    server.faults = [Fault(202)]
    assert post_june(tmp_path, channel="teams")
    server.faults = [Fault(200, b"Webhook message delivery failed with error")]
    with pytest.raises(UnclearError, match="delivery failed with error"):
        post_june(tmp_path, channel="teams", again=True)
    server.faults = [Fault(202)]
    with pytest.raises(UnclearError, match="makes no sense"):
        post_june(tmp_path)


def test_a_killed_process_posts_nothing_twice(
    server: FailingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while the channel answers, the message being there."""
    program = "import test_digest, pathlib, sys; test_digest.post_june(pathlib.Path(sys.argv[1]))"
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "python")])
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], env=os.environ | {"PYTHONPATH": paths}
    )
    server.faults = [Fault(is_done=True, then=lambda: process.send_signal(signal.SIGKILL))]
    assert process.wait(60) == -signal.SIGKILL
    assert len(server.posted) == 1
    with pytest.raises(UnclearError, match="--again"):
        post_june(tmp_path)
    assert len(server.posted) == 1


# --- The command ----------------------------------------------------------------------------


@pytest.fixture
def published(june_facts: PeriodFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published file whose facts of June are known already."""
    file = tmp_path / "bellwether.duckdb"

    def known(_: Any, published_file: Path, period: Period) -> PeriodFacts:
        assert (published_file, period) == (file, JUNE)
        return june_facts

    monkeypatch.setattr("scripts.metrics_engine.MetricsEngine", MagicMock())
    monkeypatch.setattr("scripts.pack.facts.period_facts", known)
    return file


def test_the_command_posts_once_and_says_so(
    published: Path, june: Digest, server: FailingServer, capsys: pytest.CaptureFixture[str]
) -> None:
    command("teams", month_name="2026-06", dry_run=True, published_file=published)
    assert json.loads(capsys.readouterr().out) == teams.message(june)
    command("slack", month_name="2026-06", published_file=published)
    command("slack", month_name="2026-06", published_file=published)
    (request,) = server.received
    assert json.loads(request.body) == slack.message(june)
    assert capsys.readouterr().out.splitlines() == [
        "Posted the digest of June 2026 to slack.",
        "The digest of June 2026 was posted to slack before; --again posts it anew.",
    ]
    server.faults = [Fault(is_done=True)]
    with pytest.raises(UnclearError):
        command("slack", month_name="2026-06", again=True, published_file=published)
    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"to": "mail"}, "no channel 'mail'; there are slack, teams"),
        ({"to": "slack"}, "Say which period"),
        ({"to": "slack", "week": "2026-06-28", "month_name": "2026-06"}, "Say which period"),
        ({"to": "slack", "week": "2026-06-30"}, "is a Tuesday"),
        ({"to": "slack", "month_name": "June"}, "is not a month"),
        ({"to": "teams", "month_name": "2026-06"}, "BELLWETHER_TEAMS_WEBHOOK must hold"),
    ],
)
def test_a_wrong_question_is_told_and_posts_nothing(
    options: dict[str, Any], told: str, server: FailingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BELLWETHER_TEAMS_WEBHOOK", raising=False)
    with pytest.raises(UsageError, match=told):
        command(published_file=Places.of().work_file, **options)
    assert server.received == []


def test_a_missing_file_is_told(tmp_path: Path, server: FailingServer) -> None:
    with pytest.raises(UserError, match="run `make build` first"):
        command("slack", month_name="2026-06", published_file=tmp_path / "none.duckdb")


def test_the_exposure_lists_what_the_digest_asks_for() -> None:
    exposures = yaml.safe_load((ROOT / "models" / "exposures.yml").read_text())["exposures"]
    (digest,) = [exposure for exposure in exposures if exposure["name"] == "digest"]
    asked = asked_metrics("month") | asked_metrics("week")
    listed = [each for each in digest["depends_on"] if each.startswith("metric(")]
    assert sorted(listed) == sorted(f"metric('{name}')" for name in asked)
