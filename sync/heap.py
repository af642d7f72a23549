"""The memory of a pass: many values that live for one batch, and no cycles among them."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import itertools
import threading
from collections.abc import Iterator
from typing import Final

_ROOMY: Final = (500_000, 20, 50)
"""More values than any batch holds at a time."""
_TIDIED_EVERY: Final = 16
_turns: Final = itertools.count()
_YOUNG, _OLD = 1, 2
"""Generations."""
_ALL_EVERY: Final = 16
"""Passes after which all is looked at: a tenth of a second, and a megabyte a pass until then."""
_ended: Final = itertools.count(1)


def make_roomy() -> None:
    """Have Python look for cyclic garbage less often.

    With the usual thresholds a pass spends a quarter of its time on looking, and finds nothing:
    a batch is some hundred thousand values, all of them freed by counting references.
    """
    gc.set_threshold(*_ROOMY)


def tidy() -> None:
    """Between two batches: now and then what is young and in cycles goes, some milliseconds' work.

    A pass makes little of it, but statements are among it with all that was bound to them: in a night
    in which sources are asked, a megabyte for each ten thousand companies.
    """
    if _inside and next(_turns) % _TIDIED_EVERY == 0:
        gc.collect(0)


@contextlib.contextmanager
def roomy() -> Iterator[None]:
    """The same for as long as a pass lasts; of several at once, until the last of them ends."""
    _enter()
    try:
        yield
    finally:
        _leave()


_inside: list[tuple[int, int, int]] = []
"""The thresholds that each pass found."""
_lock = threading.Lock()


def _enter() -> None:
    with _lock:
        _inside.append(gc.get_threshold())
        make_roomy()


def _leave() -> None:
    """The first one found the usual thresholds; they come back when nobody is left.

    What a pass leaves in cycles goes with it or soon after. Python itself would not look: a daemon
    rests between two passes, and whatever outlived the last look counts as old.
    """
    with _lock:
        first = _inside.pop(0)
        if not _inside:
            gc.set_threshold(*first)
        else:
            _inside[0] = first
        gc.collect(_OLD if next(_ended) % _ALL_EVERY == 0 else _YOUNG)
        if not _inside:
            _give_back()


def _give_back() -> None:
    """What the pass has freed goes back to the machine, where the C library would keep it for later:
    a daemon rests most of the time."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
