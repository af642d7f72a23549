"""Processes of ours that a test can kill, stop and race: real ones, forked from a warm server."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

from promises.lists import Lists
from promises.points import Points, be_killed

from connectors.files import Files
from sync.app import App
from sync.cli import main

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["promises.children", "sync.report.build", "phonenumbers", "promises.warmed"]
)


def act(lists: Lists, command: str, *arguments: Any, deadly: int = 0, log: str = "") -> None:
    """One command over the lists, in this process; dies at point `deadly`, logs the points it met."""
    points = Points(deadly, be_killed)
    if log:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        points.listeners.append(lambda name: _note(descriptor, name))
    points.watch_all()

    def arm(app: App) -> None:
        files = app.systems["files"]
        if isinstance(files, Files):
            files._fault = points.visit

    lists.systems = arm
    getattr(lists, command)(*arguments)


def _note(descriptor: int, name: str) -> None:
    os.write(descriptor, f"{name}\n".encode())


def child(does: Callable[..., None], *arguments: Any, **named: Any) -> ForkServerProcess:
    """A process that does this; started."""
    process = _SERVER.Process(target=does, args=arguments, kwargs=named)
    process.start()
    return process


def fate(does: Callable[..., None], *arguments: Any, **named: Any) -> int:
    """What a process ends with: its exit code, or the number of the signal that killed it, negated."""
    process = child(does, *arguments, **named)
    process.join()
    code = process.exitcode
    process.close()
    assert code is not None
    return code


def command(folder: Path, env: Mapping[str, str], *arguments: str) -> Done:
    """What a command of the program says in a process of its own, as a user would start it."""
    out, err = folder / "stdout", folder / "stderr"
    code = fate(_as_program, arguments, dict(env), str(out), str(err))
    return Done(code, out.read_text("utf-8"), err.read_text("utf-8"))


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def _as_program(arguments: Sequence[str], env: Mapping[str, str], out: str, err: str) -> None:
    for stream, path in ((sys.stdout, out), (sys.stderr, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream.fileno())
    os.environ.clear()
    os.environ.update(env)
    tempfile.tempdir = None
    sys.argv = ["sync", *arguments]
    main()


@contextmanager
def children(*processes: ForkServerProcess) -> Iterator[None]:
    """Makes sure that none of them outlives the test."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def points_of(log: Path) -> list[str]:
    """The points that a process met, in order."""
    return log.read_text().splitlines() if log.exists() else []


def wait_for(holds: Callable[[], bool], most: timedelta = timedelta(seconds=60)) -> None:
    """Until something holds; fails when it never does. No test measures by it."""
    until = time.monotonic() + most.total_seconds()
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)
