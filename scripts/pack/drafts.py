"""Keeps what a person wrote into a commentary when it is drafted anew.

The commentary is a Markdown file. Above each draft stands a line that names it and holds a
fingerprint of its words; words that don't match it are a person's, and stay.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from scripts.pack.commentary import Sentence
from scripts.pack.document import Remark
from scripts.project import UserError

DRAFT = "draft"
HEAD = """# Commentary

Status: {status}

> Drafted by rules from the numbers; yours to edit. Words that you change stay as you left them when
> the pack is built again. To leave a sentence out, delete its words and keep the line above it;
> delete that line too to have it drafted anew. What you write below the last line is added. When
> you have been through it, say so in the status.
"""
STATUS = re.compile(r"^Status:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
MARK = re.compile(r"<!-- (?P<key>[\w-]+) (?P<print>[0-9a-f]{8})(?: .*)? -->")
OWN = "<!-- your own words -->"


@dataclass(frozen=True)
class Kept:
    """A block of the file as it was found."""

    fingerprint: str
    text: str

    @property
    def is_edited(self) -> bool:
        return fingerprint(self.text) != self.fingerprint


@dataclass(frozen=True)
class Commentary:
    """The commentary as it stands: what is shown, its status, and the file's new text."""

    status: str
    remarks: list[Remark]
    text: str


def fingerprint(text: str) -> str:
    """Eight letters that tell one text from another; line breaks and blanks don't count."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:8]


def with_edits(drafts: list[Sentence], file: Path) -> Commentary:
    """The drafts, with what a person made of those in `file`, if there is one.

    Raises a UserError if a line above a draft was spoilt, for then it isn't known what it was.
    """
    found = file.read_text(encoding="utf-8") if file.exists() else ""
    status = found_status[1] if (found_status := STATUS.search(found)) else DRAFT
    kept, own = _blocks(found, file)
    remarks, blocks = [], []
    for draft in drafts:
        block = kept.pop(draft.key, None)
        if block is None or not block.is_edited:
            remarks.append(Remark(draft.text, draft.basis))
            blocks.append(_block(draft.key, fingerprint(draft.text), draft.basis, draft.text))
            continue
        is_old = block.fingerprint != fingerprint(draft.text)
        if block.text:
            remarks.append(_edited(block.text, draft.basis, draft.text if is_old else ""))
        blocks.append(_block(draft.key, block.fingerprint, draft.basis, block.text))
    for key, block in kept.items():
        if block.is_edited:  # of what would not be drafted any more
            blocks.append(_block(key, block.fingerprint, "", block.text))
            if block.text:
                remarks.append(_edited(block.text, "the numbers no longer give rise to it.", ""))
    if own:
        remarks.append(Remark(own, "Added by a person."))
    text = "\n".join([HEAD.format(status=status), *blocks, OWN, *([own] if own else []), ""])
    return Commentary(status, remarks, text)


def _edited(text: str, basis: str, newer_draft: str) -> Remark:
    return Remark(
        text, f"Edited by a person. The draft: {basis[0].lower()}{basis[1:]}", newer_draft
    )


def _block(key: str, print_: str, basis: str, text: str) -> str:
    # Two hyphens would end the comment.
    note = f" {basis.replace('--', '- -')}" if basis else ""
    return f"<!-- {key} {print_}{note} -->\n{text}\n"


def _blocks(found: str, file: Path) -> tuple[dict[str, Kept], str]:
    """The blocks by their key, and the words of the reader's own below them."""
    blocks: dict[str, Kept] = {}
    if not found:
        return blocks, ""
    before, _, own = found.partition(OWN)
    if OWN not in found:
        raise UserError(
            f"{file} lacks the line {OWN!r}, below which your own words stand. Put it back at the "
            "end, or delete the file to have it drafted anew."
        )
    key, mark, lines = "", "", []
    above: list[str] = []
    for number, line in enumerate(before.splitlines(), 1):
        matched = MARK.fullmatch(line.strip())
        if matched and matched["key"] in {*blocks, key}:
            raise UserError(f"{file}, line {number}: {matched['key']} is there twice. Delete one.")
        if matched:
            if key:
                blocks[key] = Kept(mark, "\n".join(lines).strip())
            key, mark, lines = matched["key"], matched["print"], []
        elif line.lstrip().startswith("<!--"):
            raise UserError(
                f"{file}, line {number}: this line above a draft is spoilt, so what a person wrote "
                "can't be told from the draft. Put it back, or delete it with the words below it."
            )
        elif key:
            lines.append(line)
        elif line not in HEAD.splitlines() and not STATUS.match(line):
            above.append(line)
    if key:
        blocks[key] = Kept(mark, "\n".join(lines).strip())
    return blocks, "\n".join([*above, own.strip()]).strip()
