"""A digest as a message of Slack's Block Kit.

Limits, by Slack's reference of blocks: 50 blocks a message, 150 characters a header, 3000 the text
of a section, 10 fields a section, 2000 characters a field.
"""

from collections.abc import Iterator
from typing import Any

from scripts.digest.content import Digest, Section, clipped

HEADER, TEXT, FIELD, FIELDS = 150, 3000, 2000, 10
ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}  # so that no name links or calls anybody


def message(digest: Digest) -> dict[str, Any]:
    """The message that is posted; its `text` is what notifications show."""
    fields = [_text(f"*{_escaped(each.label)}*\n{each.text}", FIELD) for each in digest.numbers]
    return {
        "text": _escaped(digest.title),
        "blocks": [
            {
                "type": "header",
                "text": {"type": "plain_text", "text": clipped(digest.title, HEADER)},
            },
            {"type": "context", "elements": [_text(_escaped(digest.subtitle), TEXT)]},
            *(
                {"type": "section", "fields": fields[start : start + FIELDS]}
                for start in range(0, len(fields), FIELDS)
            ),
            {"type": "divider"},
            *(
                {"type": "section", "text": _text(text, TEXT)}
                for section in digest.sections
                for text in _texts(section)
            ),
        ],
    }


def was_posted(body: str) -> bool:
    """Whether a webhook's answer of 2xx says that the message is there."""
    return body.strip() == "ok"


def _texts(section: Section) -> Iterator[str]:
    """A section's lines in as few texts as hold them."""
    text = f"*{_escaped(section.title)}*"
    for line in section.shown():
        added = f"\n• {_escaped(line)}"
        if len(text) + len(added) > TEXT:
            yield text
            text = ""
        text += added
    yield text


def _text(text: str, most: int) -> dict[str, str]:
    return {"type": "mrkdwn", "text": clipped(text, most)}


def _escaped(text: str) -> str:
    return "".join(ESCAPED.get(character, character) for character in text)
