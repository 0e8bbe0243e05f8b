"""Commands of Python that need not import the slow libraries first.

Importing dbt, MetricFlow and Great Expectations takes longer than a build of a few models. So one
process imports them for all tests, once (warm_libraries.py), and each command is a fork of it.
"""

import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path
from socketserver import ForkingMixIn, StreamRequestHandler, UnixStreamServer
from subprocess import CompletedProcess

MOST_SECONDS = 1_200  # a command that waits in vain fails, and the tests go on
ADDRESS = "BELLWETHER_WARM_PYTHON"  # the variable that names the process's socket


def run_python(
    arguments: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None
) -> CompletedProcess[str]:
    """What `python <arguments>`, begun with -m or -c, gives in a folder: status and all it says."""
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("stdout", "stderr")]
        environment = dict(os.environ if env is None else env)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(os.environ[ADDRESS])
            asked = [list(arguments), str(cwd), environment, [str(path) for path in said]]
            connection.sendall(json.dumps(asked).encode() + b"\n")
            status = int(connection.makefile().readline())
        texts = [path.read_text(encoding="utf-8") for path in said]
    return CompletedProcess(list(arguments), status, *texts)


def begin() -> None:
    """Start the process that is forked, which ends with this one; it imports when first asked."""
    folder = tempfile.mkdtemp()
    os.environ[ADDRESS] = str(Path(folder, "socket"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.environ[ADDRESS])
        listening.listen()
        subprocess.Popen(
            [sys.executable, __file__, folder, str(listening.fileno()), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            pass_fds=[listening.fileno()],
        )


class _Server(ForkingMixIn, UnixStreamServer):
    def __init__(self, folder: str, listening: int, parent: int) -> None:
        super().__init__(folder, _Command, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=listening)
        self.parent = parent

    def process_request(self, *request: object) -> None:
        import warm_libraries  # noqa: F401

        super().process_request(*request)

    def service_actions(self) -> None:
        super().service_actions()
        if os.getppid() != self.parent:
            sys.exit()


class _Command(StreamRequestHandler):
    def handle(self) -> None:
        process = get_context("fork").Process(target=_run, args=json.loads(self.rfile.readline()))
        process.start()
        process.join(MOST_SECONDS)
        process.kill()  # unless it is done
        process.join()
        self.wfile.write(f"{process.exitcode}\n".encode())


def _run(arguments: list[str], cwd: str, env: dict[str, str], said: list[str]) -> None:
    """In the fork: nothing of the project is imported yet, so that `cwd` says whose it is."""
    for stream, path in zip((1, 2), said, strict=True):
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY), stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path.insert(0, cwd)
    option, program, *rest = arguments
    sys.argv = [option, *rest]
    if option == "-m":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        exec(program, {"__name__": "__main__"})


if __name__ == "__main__":
    folder, *numbers = sys.argv[1:]
    try:
        _Server(folder, *map(int, numbers)).serve_forever()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
