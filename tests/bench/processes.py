"""A command run to its end, with what it used: wall and processor time, peak memory."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK_EVERY = 0.05


class Failed(Exception):
    """A command ended with a code that it should not end with."""


@dataclass(frozen=True, slots=True)
class Used:
    """`wall` and `cpu` in seconds (user and system, all processes together), memory in bytes.

    `largest` is the peak of the largest process as the kernel counted it; `together` the most
    that all processes held at one of many looks, pages that they share counted for each.
    """

    wall: float
    cpu: float
    largest: int
    together: int
    output: str


def used_by(command: Sequence[str | Path], *, cwd: Path, expected: Sequence[int] = (0,)) -> Used:
    """Run it. `Failed` when it ends with another code than `expected`."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)), cwd=cwd, env=environment(), stdout=out, stderr=errors
        )
        memory = Memory(process.pid)
        _, status, resources = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        memory.stop()
        out.seek(0)
        errors.seek(0)
        if process.returncode not in expected:
            shown = " ".join(map(str, command))
            raise Failed(f"{shown}: exit code {process.returncode}\n{errors.read()[-2000:]}")
        cpu = resources.ru_utime + resources.ru_stime
        return Used(wall, cpu, resources.ru_maxrss * 1024, memory.most, out.read())


def environment() -> dict[str, str]:
    """This one, without settings of Ringren that are not ours; compiled code is kept, as is usual."""
    left_out = {"PYTHONDONTWRITEBYTECODE"}
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("RINGREN_")}
    return {k: v for k, v in kept.items() if k not in left_out}


class Memory:
    """Looks again and again at how much a process and its children hold together."""

    def __init__(self, pid: int) -> None:
        self.most = 0
        self._root = psutil.Process(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The process has ended."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            self.most = max(self.most, self._held())

    def _held(self) -> int:
        held = 0
        try:
            for one in (self._root, *self._root.children(recursive=True)):
                held += one.memory_info().rss
        except psutil.Error:  # one of them has just ended
            return 0
        return held
