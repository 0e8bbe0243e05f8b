"""Commands of Python that need not import the slow libraries first.

Importing dbt, MetricFlow and Great Expectations takes longer than a build of a few models. So one
process imports them, once (warm_libraries.py), and each command is a fork of it.
"""

import os
import runpy
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import forkserver, get_context
from pathlib import Path
from subprocess import CompletedProcess

import pytest

MOST_SECONDS = 1_200  # a command that waits in vain fails, and the tests go on


def run_python(
    arguments: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None
) -> CompletedProcess[str]:
    """What `python <arguments>`, begun with -m or -c, gives in a folder: status and all it says."""
    _begin()
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("stdout", "stderr")]
        environment = dict(os.environ if env is None else env)
        process = get_context("forkserver").Process(
            target=_run, args=(list(arguments), cwd, environment, said)
        )
        process.start()
        process.join(MOST_SECONDS)
        process.kill()  # unless it is done
        process.join()
        texts = [path.read_text(encoding="utf-8") for path in said]
    return CompletedProcess(list(arguments), process.exitcode, *texts)


@cache
def _begin() -> None:
    """Start the process that is forked; it ends with this one."""
    get_context("forkserver").set_forkserver_preload(["warm_libraries"])
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(Path(__file__).parent))
        forkserver.ensure_running()


def _run(arguments: list[str], cwd: Path, env: dict[str, str], said: list[Path]) -> None:
    """In the fork: nothing of the project is imported yet, so that `cwd` says whose it is."""
    for stream, path in zip((1, 2), said, strict=True):
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY), stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path.insert(0, str(cwd))
    option, program, *rest = arguments
    sys.argv = [option, *rest]
    if option == "-m":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        exec(program, {"__name__": "__main__"})
