"""The command that posts a period's digest to a channel, once."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.delivery import DeliveryError, Receiver, UnclearError
from scripts.digest import slack, teams
from scripts.digest.content import Digest, digest_of
from scripts.ledger import Ledger
from scripts.pack.period import Period, month, week_ending
from scripts.project import PUBLISHED_FILE, UsageError, sibling

if TYPE_CHECKING:
    from requests import Response


@dataclass(frozen=True)
class Channel:
    """Where a digest can be posted, and how it takes it."""

    variable: str
    message: Callable[[Digest], dict[str, Any]]
    was_posted: Callable[[str], bool]


CHANNELS = {
    "slack": Channel("BELLWETHER_SLACK_WEBHOOK", slack.message, slack.was_posted),
    "teams": Channel("BELLWETHER_TEAMS_WEBHOOK", teams.message, teams.was_posted),
}


def post(
    message: dict[str, Any],
    channel: str,
    period: Period,
    posted: Path,
    receiver: Receiver,
    again: bool = False,
) -> bool:
    """Post a period's message unless the file `posted` says that it is there; gives if it was sent.

    The file is written before and after. A try whose end nobody knows is not repeated, because
    chat webhooks post what comes twice twice: it raises an UnclearError, then and each time after,
    until `again` is given.
    """
    ledger = Ledger(posted, ["digest", "posts", "state"])
    name = f"{channel}|{period.grain}|{period.name}"
    with ledger.locked():
        before = ledger.rows().get(name, {"posts": "0", "state": "failed"})
        if before["state"] == "posted" and not again:
            return False
        if before["state"] == "begun" and not again:
            raise UnclearError(
                f"An earlier try may have posted the digest of {period.label} to {channel}. Look "
                "there: if it is missing, post it with --again."
            )
        is_new = before["state"] != "failed"
        posts = int(before["posts"]) + is_new
        row = {"digest": name, "posts": str(posts), "state": "begun"}
        ledger.note([row])
        try:
            receiver.send(
                json.dumps(message, ensure_ascii=False).encode(),
                f"bellwether|{name}|{posts}",
                lambda answer: _require_posted(CHANNELS[channel], answer),
            )
        except DeliveryError as error:
            if error.is_undone:
                ledger.note([row | {"state": "failed"}])
            raise
        ledger.note([row | {"state": "posted"}])
    return True


def command(
    to: Annotated[str, typer.Option(help=f"One of {', '.join(CHANNELS)}.")],
    week: Annotated[str, typer.Option(help="The week's Sunday, yyyy-mm-dd.")] = "",
    month_name: Annotated[str, typer.Option("--month", help="The month, yyyy-mm.")] = "",
    dry_run: Annotated[bool, typer.Option(help="Print the message; post nothing.")] = False,
    again: Annotated[bool, typer.Option(help="Post it though it was posted before.")] = False,
    published_file: Annotated[
        Path, typer.Option(help="The published file to read.")
    ] = PUBLISHED_FILE,
) -> None:
    """Post what a week or month brought to a channel, each period once.

    It has the pack's numbers and commentary, as edited if the pack was made.

    BELLWETHER_SLACK_WEBHOOK or BELLWETHER_TEAMS_WEBHOOK holds the address.
    Example: python -m scripts digest --month 2026-06 --to slack --dry-run
    """
    from scripts.metrics_engine import MetricsEngine
    from scripts.pack.commentary import sentences
    from scripts.pack.drafts import with_edits
    from scripts.pack.facts import packs_folder, period_facts

    if to not in CHANNELS:
        raise UsageError(f"--to: there is no channel {to!r}; there are {', '.join(CHANNELS)}.")
    if bool(week) == bool(month_name):
        raise UsageError("Say which period: --week 2026-06-28 or --month 2026-06.")
    period = week_ending(week) if week else month(month_name)
    channel = CHANNELS[to]
    receiver = None if dry_run else Receiver(channel.variable, deduplicates=False)
    engine = MetricsEngine(published_file)
    try:
        facts = period_facts(engine, published_file, period)
    finally:
        engine.close()
    pack = packs_folder(published_file) / period.name
    commentary = with_edits(sentences(facts), pack / "commentary.md")
    message = channel.message(digest_of(facts, commentary))
    if receiver is None:
        print(json.dumps(message, indent=2, ensure_ascii=False))
        return
    posted = sibling(published_file, "digests.csv")
    if post(message, to, period, posted, receiver, again):
        print(f"Posted the digest of {period.label} to {to}.")
    else:
        print(f"The digest of {period.label} was posted to {to} before; --again posts it anew.")


def _require_posted(channel: Channel, answer: "Response") -> None:
    if not channel.was_posted(answer.text):
        raise ValueError
