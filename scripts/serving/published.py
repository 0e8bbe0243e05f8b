"""The published file as it is now: what is served changes when it is replaced, and only then."""

import json
import threading
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from scripts.definitions import fingerprints
from scripts.metrics_engine import MetricsEngine
from scripts.project import CATALOG, UserError, sibling

Mark = tuple[int, int, int]  # of a file: another one has another

HALF_REPLACED_SECONDS = 1.0
DEFINITIONS_BUILT = f"""
    select metric_name, definition_fingerprint
    from {CATALOG}.metadata.fct_metric_fingerprints
"""
LAST_RUN = f"""
    select run_id, as_of_date
    from {CATALOG}.metadata.fct_runs
    order by started_at desc
    limit 1
"""


class NotServableError(UserError):
    """The published file is missing, or can't be answered from."""


@dataclass(frozen=True)
class Edition:
    """A published file, opened: its metrics, the build it is from and the day it is as of."""

    engine: MetricsEngine
    run_id: str
    as_of: date


class Published:
    """Gives the newest edition of a published file to any number of threads.

    Publishing puts the definitions in place first and the file last, in one step. So a new file is
    the sign to open both anew; until then the edition in hand answers. Whoever still reads the old
    edition goes on doing so, since an open file stays what it was; it closes with its last reader.
    """

    def __init__(self, published_file: Path) -> None:
        self.file = published_file
        self._definitions = sibling(published_file, "semantic_manifest.json")
        self._opening = threading.Lock()
        self._opened: tuple[Mark, Edition] | None = None
        self._refused: tuple[tuple[Mark | None, Mark | None], str] | None = None

    def edition(self) -> Edition:
        """The edition that is published at this moment; the first caller after a change opens it.

        Raises a NotServableError when there is no file or its definitions are not of its build.
        """
        edition = self._edition_in_hand()
        if edition:
            return edition
        with self._opening:
            while not (edition := self._edition_in_hand()):
                self._open()
            return edition

    def _edition_in_hand(self) -> Edition | None:
        opened = self._opened
        return opened[1] if opened and opened[0] == _mark(self.file) else None

    def _open(self) -> None:
        """Open what is published, unless it is replaced meanwhile; refuse what was refused."""
        before = mark, _ = _mark(self.file), _mark(self._definitions)
        if not self._refused or self._refused[0] != before:
            self._opened = self._refused = None
            try:
                edition = _edition_of(self.file, self._definitions)
            except UserError as error:
                edition, why = None, str(error)
            # What was read while it was replaced may be half old, half new. What doesn't fit may
            # be half replaced: then the other half follows at once.
            if self._is_replaced(before, 0 if edition else HALF_REPLACED_SECONDS):
                return
            if edition and mark:
                self._opened = (mark, edition)
                return
            self._refused = (before, why)
        raise NotServableError(self._refused[1])

    def _is_replaced(self, before: tuple[Mark | None, Mark | None], seconds: float) -> bool:
        """Whether either file is another one than before, or is so within some seconds."""
        given_up_at = time.monotonic() + seconds
        while before == (_mark(self.file), _mark(self._definitions)):
            if time.monotonic() >= given_up_at:
                return False
            time.sleep(0.05)
        return True


def _edition_of(file: Path, definitions: Path) -> Edition:
    other_version = UserError(
        f"{file} and its definitions ({definitions.name}) are not of one build of this version of "
        "Bellwether: run `make build`."
    )
    try:
        engine = MetricsEngine(file, definitions)
    except UserError:
        raise
    except Exception:  # whatever a manifest of another version makes MetricFlow's parser say
        raise other_version from None
    try:
        built = engine.rows(DEFINITIONS_BUILT)
        (run,) = engine.rows(LAST_RUN)
    except (UserError, ValueError):
        raise other_version from None
    defined = fingerprints(json.loads(definitions.read_text(encoding="utf-8")))
    if {row["metric_name"]: row["definition_fingerprint"] for row in built} != {
        name: defined[name] for name in engine.metrics
    }:
        raise other_version
    return Edition(engine, run["run_id"], run["as_of_date"])


def _mark(file: Path) -> Mark | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
