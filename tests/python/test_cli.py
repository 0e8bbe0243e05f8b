"""What a person types: mistakes end in one sentence, make's commands do what they say."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import cli
from scripts.build import check_not_locked
from scripts.project import ROOT


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["scripts", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--raw-dir", "{folder}"], "RAW_DIR needs AS_OF"),
        (["--raw-dir", "{folder}/nonesuch", "--as-of", "2026-06-30"], "there is no folder"),
        (["--as-of", "30.06.2026"], "'30.06.2026' is not a date; write it as yyyy-mm-dd"),
        (["--as-of", "2026-02-30"], "'2026-02-30' is not a date"),
        (["--as-of", "20260630"], "'20260630' is not a date"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    filled_in = [argument.format(folder=tmp_path) for argument in arguments]
    assert run(monkeypatch, "build", *filled_in) == 1
    told = capsys.readouterr()
    assert sentence in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""


def test_every_command_has_help_with_an_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (
        "build",
        "audit",
        "publish",
        "docs",
        "bench",
        "check-definitions",
        "approve-metric",
        "metrics-diff",
        "pr-summary",
    ):
        assert run(monkeypatch, command, "--help") == 0
        assert f"Example: python -m scripts {command}" in capsys.readouterr().out


def test_a_free_work_file_passes(tmp_path: Path) -> None:
    check_not_locked(tmp_path / "not_there_yet.duckdb")


def make(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [shutil.which("make"), *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_lists_its_commands() -> None:
    told = make("help").stdout
    for command in ("build", "test", "lint", "docs", "audit", "bench", "clean", "help"):
        assert f"make {command} " in told
    assert make().stdout == told


def test_make_passes_what_is_asked_of_build() -> None:
    shown = make("-n", "build", "RAW_DIR=my files", "AS_OF=2026-01-31", "PUBLISH_TO=a.duckdb")
    assert '--raw-dir "my files"' in shown.stdout
    assert '--as-of "2026-01-31"' in shown.stdout
    assert '--publish-to "a.duckdb"' in shown.stdout
    assert "--raw-dir" not in make("-n", "build").stdout


def test_another_python_is_refused_plainly(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    for name in ("python3", "python3.11"):
        other = tmp_path / "bin" / name
        other.parent.mkdir(exist_ok=True)
        other.write_text("#!/bin/sh\nexit 1\n")  # what a Python of another version answers
        other.chmod(0o755)
    refused = make("build", folder=tmp_path, PATH=f"{tmp_path}/bin:/usr/bin:/bin")
    assert refused.returncode == 2
    assert refused.stderr.startswith("Bellwether needs Python 3.11")
    assert not (tmp_path / ".venv").exists()
