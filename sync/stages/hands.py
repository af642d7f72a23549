"""Hands: batches to the rules, in this process or, when there is much to do, in several.

Rules are pure, so who runs them makes no difference; the order of the outcomes is that of the
batches, and only a few batches are under way at a time, so that memory stays bounded.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from sync.heap import make_roomy
from sync.stages.judging import Brief, Judgement, Pasts, Row, judge

B = TypeVar("B")
Task = tuple[B, Sequence[Row], Pasts]
"""A batch, and what is to be judged of it."""

Plain = tuple[Any, ...]
"""A `Judgement` on its way: a plain tuple is pickled twice as fast as a named one."""

WORTH_IT: Final = 20_000
"""Records from which on starting processes pays: each takes half a second to begin."""

MOST_PROCESSES: Final = 4
LOWER: Final = 10
"""So much lower is their priority: whoever records an opt-out, and we who hold the lock that it waits
for, come before them."""


class Hands:
    """A context manager around the processes, if any."""

    def __init__(self, brief: Brief, records: int) -> None:
        self._brief = brief
        processes = min(os.cpu_count() or 1, MOST_PROCESSES)
        self._ahead = processes + 1
        self._pool: ProcessPoolExecutor | None = None
        if records >= WORTH_IT and processes > 1:
            # Not forked: this process has open databases and perhaps threads.
            start = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(processes, start, _begin)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def judged(self, tasks: Iterable[Task[B]]) -> Iterator[tuple[B, list[Judgement]]]:
        """Each batch with its judgements."""
        if self._pool is None:
            for batch, rows, pasts in tasks:
                yield batch, judge(self._brief, rows, pasts)
            return
        under_way: deque[tuple[B, Future[list[Plain]]]] = deque()
        # With each batch, and not when a process starts: that would keep us waiting until it has
        # imported all that a brief is made of, and the next process would start only then.
        packed = pickle.dumps(self._brief)
        for batch, rows, pasts in tasks:
            under_way.append((batch, self._pool.submit(_judge, packed, rows, pasts)))
            if len(under_way) >= self._ahead:
                yield _ended(*under_way.popleft())
        while under_way:
            yield _ended(*under_way.popleft())


def _ended(batch: B, future: Future[list[Plain]]) -> tuple[B, list[Judgement]]:
    return batch, [Judgement._make(one) for one in future.result()]


def _begin() -> None:
    """In each process, once. The terminal's Ctrl-C is not for us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(AttributeError):  # Windows
        os.nice(LOWER)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    make_roomy()


def _end_with_parent() -> None:
    """Whoever waits for work holds both ends of its pipe: of a parent that was killed it would never
    hear."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@lru_cache(maxsize=1)
def _brief(packed: bytes) -> Brief:
    brief: Brief = pickle.loads(packed)  # noqa: S301 - from the process that started this one
    return brief


def _judge(packed: bytes, rows: Sequence[Row], pasts: Pasts) -> list[Plain]:
    return [tuple(one) for one in judge(_brief(packed), rows, pasts)]
