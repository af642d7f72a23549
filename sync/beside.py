"""Work of the database's that nobody has to wait for while there is other work to do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@contextlib.contextmanager
def beside(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> Iterator[Future[T]]:
    """`work` in a thread of its own, done when the block is left; what it raises is raised there.

    The database counts and sorts without holding up Python: with two processors both get on.
    Only one of the two may write, because how long the other would wait is not known.
    """
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work, *args, **named)
        yield done
        done.result()
