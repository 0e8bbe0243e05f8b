"""A digest as an Adaptive Card, as a workflow or incoming webhook of Teams takes it.

Teams shows cards up to version 1.5 and takes messages up to 28 kB; this needs version 1.2.
"""

import json
from typing import Any

from scripts.digest.content import Digest, Section

LARGEST = 28 * 1024  # bytes of a message in UTF-8


def message(digest: Digest) -> dict[str, Any]:
    """The message that is posted, with as many lines a section as there is room for."""
    for fewer in range(max(section.most for section in digest.sections)):
        made = _message(digest, fewer)
        if len(json.dumps(made, ensure_ascii=False).encode()) <= LARGEST:
            break
    return made


def was_posted(body: str) -> bool:
    """Whether an answer of 2xx says that the message is there: a workflow says nothing."""
    return body.strip() in ("", "1")


def _message(digest: Digest, fewer: int) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "msteams": {"width": "Full"},
        "body": [
            {**_line(digest.title), "size": "Large", "weight": "Bolder"},
            {**_line(digest.subtitle), "isSubtle": True, "spacing": "None"},
            {
                "type": "FactSet",
                "facts": [{"title": each.label, "value": each.text} for each in digest.numbers],
            },
            *(_container(section, fewer) for section in digest.sections),
        ],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _container(section: Section, fewer: int) -> dict[str, Any]:
    return {
        "type": "Container",
        "separator": True,
        "items": [
            {**_line(section.title), "weight": "Bolder"},
            *(_run(f"• {line}") for line in section.shown(fewer)),
        ],
    }


def _line(text: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True}


def _run(text: str) -> dict[str, Any]:
    """A text without Markdown in it, so that no name becomes a link."""
    return {
        "type": "RichTextBlock",
        "spacing": "Small",
        "inlines": [{"type": "TextRun", "text": text}],
    }
