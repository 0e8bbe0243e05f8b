"""dbt in this process: one start-up for all commands, its chatter in a log file."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from scripts.project import ROOT, Places, UserError

SUCCEEDED = ("success", "pass", "warn", "no-op")
WORK_FILE_VARIABLE = "BELLWETHER_WORK_FILE"  # of profiles.yml


@dataclass
class Dbt:
    """Runs dbt commands for one build's places, with one set of vars."""

    places: Places
    variables: dict[str, str] = field(default_factory=dict)
    target: str = "duckdb"  # of profiles.yml
    warnings: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # what macros log for whoever builds
    manifest: Any = None  # what was parsed, by the first command that is run

    def __post_init__(self) -> None:
        self.places.work_file.parent.mkdir(parents=True, exist_ok=True)

    @classmethod
    def of_last_build(cls, places: Places) -> "Dbt":
        """With the vars that the places' last build had, unless something in it failed."""
        if not places.run_results.exists():
            raise UserError(f"There is no build of {places.published_file} yet. Build first.")
        last = json.loads(places.run_results.read_text(encoding="utf-8"))
        if any(result["status"] not in SUCCEEDED for result in last["results"]):
            raise UserError(f"The last build of {places.published_file} failed. Build again first.")
        return cls(places, last["args"]["vars"])

    def run(self, command: Sequence[str]) -> Any:
        """Run one dbt command and give its result; what failed is raised as a UserError.

        The project is parsed once. What a command compiles stays in the manifest for the next.
        """
        if self.manifest is None:
            self.parse()
        return self._invoke(command)

    def parse(self) -> None:
        """Read the project anew."""
        self.manifest = self._invoke(["parse"])

    def _invoke(self, command: Sequence[str]) -> Any:
        from dbt.cli.main import dbtRunner

        with self._work_file_named():
            response = dbtRunner(self.manifest, callbacks=[self._note]).invoke(
                [
                    *command,
                    *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
                    *("--target", self.target),
                    *("--target-path", str(self.places.target)),
                    *("--log-path", str(self.places.logs)),
                    *("--log-level", "none", "--log-level-file", "info"),
                    *("--vars", json.dumps(self.variables)),
                ]
            )
        if response.exception is not None:
            raise UserError(f"dbt {command[0]} stopped. {response.exception}\n{self._where()}")
        if not response.success:
            remarks = "".join(f"  {remark}\n" for remark in self.remarks)
            raise UserError(
                f"dbt {command[0]} failed.\n{remarks}{failures(response.result)}{self._where()}"
            )
        return response.result

    def release(self) -> None:
        """Close the work file, which dbt-duckdb keeps open as long as the process lives."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        DuckDBConnectionManager.close_all_connections()

    @contextmanager
    def _work_file_named(self) -> Iterator[None]:
        """With the work file where profiles.yml looks for it, and what runs later must not."""
        before = os.environ.get(WORK_FILE_VARIABLE)
        os.environ[WORK_FILE_VARIABLE] = str(self.places.work_file)
        try:
            yield
        finally:
            if before is None:
                del os.environ[WORK_FILE_VARIABLE]
            else:
                os.environ[WORK_FILE_VARIABLE] = before

    def _note(self, event: Any) -> None:
        if event.info.level == "warn":
            self.warnings.append(event.info.msg)
        elif event.info.name == "JinjaLogInfo":
            self.remarks.append(event.info.msg)

    def _where(self) -> str:
        return f"The whole log is {self.places.logs / 'dbt.log'}."


def failures(result: Any) -> str:
    """What failed, one paragraph each: kind and name, what it is for, dbt's own words."""
    paragraphs = []
    for node_result in result.results:
        if node_result.status not in (*SUCCEEDED, "skipped"):
            node = node_result.node
            paragraphs.append(
                f"  {node.resource_type} {node.name} ({node.original_file_path})\n"
                + "".join(f"    {line}\n" for line in (node.description or "").splitlines())
                + "".join(f"    {line}\n" for line in (node_result.message or "").splitlines())
            )
    return "".join(paragraphs)
