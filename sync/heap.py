"""The memory of a pass: many values that live for one batch, and no cycles among them."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Final

_ROOMY: Final = (500_000, 20, 50)
"""More values than any batch holds at a time."""


def make_roomy() -> None:
    """Have Python look for cyclic garbage less often, and not in what was loaded at the start.

    With the usual thresholds a pass spends a quarter of its time on looking, and finds nothing:
    a batch is some hundred thousand values, all of them freed by counting references.
    """
    gc.freeze()
    gc.set_threshold(*_ROOMY)


@contextlib.contextmanager
def roomy() -> Iterator[None]:
    """The same for as long as a pass lasts."""
    usual = gc.get_threshold()
    make_roomy()
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
