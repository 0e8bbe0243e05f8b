"""A digest as a message of Slack's Block Kit.

Limits, by Slack's reference of blocks: 50 blocks a message, 150 characters a header, 3000 the text
of a section, 10 fields a section, 2000 characters a field.
"""

from typing import Any

from scripts.digest.content import LINES, Digest, clipped

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
                {"type": "section", "text": _text("\n".join(lines), TEXT)}
                for section in digest.sections
                for lines in [
                    [
                        f"*{_escaped(section.title)}*",
                        *(f"• {_escaped(line)}" for line in section.shown(LINES)),
                    ]
                ]
            ),
        ],
    }


def was_posted(body: str) -> bool:
    """Whether a webhook's answer of 2xx says that the message is there."""
    return body.strip() == "ok"


def _text(text: str, most: int) -> dict[str, str]:
    return {"type": "mrkdwn", "text": clipped(text, most)}


def _escaped(text: str) -> str:
    return "".join(ESCAPED.get(character, character) for character in text)
