"""Token files and editions of a published file, for the tests of the servers."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb

from scripts.definitions import fingerprints
from scripts.metrics import as_csv
from scripts.project import PUBLISHED_FILE, sibling
from scripts.publish import put
from scripts.serving.access import TOKEN_COLUMNS, hashed

BI, ANALYST = "token-of-a-bi-tool", "token-of-an-analyst"


def write_tokens(file: Path, *callers: tuple[str, str, str, str]) -> Path:
    """A token file of token, holder, role and last day."""
    lines = [[hashed(token), *others] for token, *others in callers]
    file.write_text(as_csv(TOKEN_COLUMNS, lines))
    return file


def manifest_of(published_file: Path) -> Path:
    return sibling(published_file, "semantic_manifest.json")


def copy_of_published(to: Path) -> Path:
    """The published file and its definitions under another name."""
    shutil.copyfile(PUBLISHED_FILE, to)
    shutil.copyfile(manifest_of(PUBLISHED_FILE), manifest_of(to))
    return to


def six_fold_edition(to: Path) -> Path:
    """Another build: MRR is three times what the table holds, and the table holds twice as much.

    So definitions of one edition on the file of another one give two or three times the MRR.
    """
    copy_of_published(to)
    manifest: dict[str, Any] = json.loads(manifest_of(to).read_text())
    (mrr,) = (metric for metric in manifest["metrics"] if metric["name"] == "mrr")
    mrr["type_params"]["expr"] = "mrr * 3"
    manifest_of(to).write_text(json.dumps(manifest))
    with duckdb.connect(str(to)) as connection:
        connection.execute("update marts.fct_account_months set mrr = mrr * 2")
        connection.execute("update metadata.fct_runs set run_id = 'the second edition'")
        connection.executemany(
            "update metadata.fct_metric_fingerprints set definition_fingerprint = ? "
            "where metric_name = ?",
            [(fingerprint, name) for name, fingerprint in fingerprints(manifest).items()],
        )
    return to


def publish_as(edition: Path, published_file: Path) -> None:
    """Put an edition in place as publishing does: the definitions, then the file, each at once."""
    put(manifest_of(edition), manifest_of(published_file))
    put(edition, published_file)
