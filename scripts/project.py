"""Where things are, and how a mistake of the user's is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CATALOG = "bellwether"  # compiled SQL is fully qualified with it
PUBLISHED_FILE = ROOT / "published" / f"{CATALOG}.duckdb"


class UserError(Exception):
    """A mistake the user can mend: one plain sentence that says what, where and what to do."""

    exit_code = 1


class UsageError(UserError):
    """What was asked for doesn't exist or can't be said so: a misspelt name, a bad option."""

    exit_code = 2


@dataclass(frozen=True)
class Places:
    """The files of one build. Builds with different published files share none of them."""

    published_file: Path
    work_file: Path
    target: Path
    logs: Path

    @classmethod
    def of(cls, published_file: Path = PUBLISHED_FILE) -> "Places":
        """The places of the build that publishes to `published_file`; the demo's by default."""
        published_file = published_file.resolve()
        if published_file == PUBLISHED_FILE:
            return cls(
                published_file, ROOT / "work" / f"{CATALOG}.duckdb", ROOT / "target", ROOT / "logs"
            )
        work = published_file.parent / f"{published_file.stem}.work"
        return cls(published_file, work / f"{CATALOG}.duckdb", work / "target", work / "logs")

    @property
    def manifest(self) -> Path:
        return self.target / "manifest.json"

    @property
    def run_results(self) -> Path:
        return self.target / "run_results.json"

    @property
    def semantic_manifest(self) -> Path:
        return self.target / "semantic_manifest.json"

    @property
    def osi_document(self) -> Path:
        """The metrics in the open interchange format; dbt writes it beside its manifests."""
        return self.target / "osi_document.json"


def sibling(published_file: Path, suffix: str) -> Path:
    """The file that goes with a published file: bellwether.duckdb → bellwether.docs.html."""
    return published_file.with_suffix(f".{suffix}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """ " Did you mean …?" with the known names most like `name`; nothing if none is."""
    known = list(known)
    close = get_close_matches(name, known, n=3, cutoff=0.6)
    # A name without its entity, "segment" for "account__segment", is the likeliest slip.
    close += [k for k in known if k.endswith(f"__{name}") and k not in close]
    return f" Did you mean {' or '.join(close)}?" if close else ""
