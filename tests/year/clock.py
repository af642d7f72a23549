"""The one clock of a simulated year: nothing in it waits, and nothing tells the time by itself.

clock()           the true time: what simulated systems go by
clock.ours()      our machine's time, which may be wrong (`ahead`)
clock.elapsed()   seconds that passed, whatever anybody sets: what pauses and limits count by
clock.pass_(n)    n seconds go by
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)


class Clock:
    """Stands still until somebody waits, asks over a line, or the driver goes on."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.ahead = timedelta()
        """How far our machine's time is from the true one."""
        self.slept = 0.0
        self._ticks = 0

    def __call__(self) -> datetime:
        return self.now

    def ours(self) -> datetime:
        """Each look is a little later than the one before."""
        self._ticks = (self._ticks + 1) % 1000
        return self.now + self.ahead + self._ticks * _TICK

    def elapsed(self) -> float:
        return (self.now - EPOCH).total_seconds()

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=max(seconds, 0))

    def pass_by(self, **how: float) -> None:
        self.pass_(timedelta(**how).total_seconds())

    def sleep(self, seconds: float) -> None:
        """What a program does that waits."""
        self.slept += seconds
        self.pass_(seconds)

    def until(self, ours: datetime) -> None:
        """Go on until our machine shows this time; what is past needs no waiting."""
        self.pass_((ours - self.ahead - self.now).total_seconds())


@contextmanager
def in_force(clock: Clock) -> Iterator[None]:
    """Until the block ends, whatever the program waits for or measures goes by this clock.

    Limiters, pauses and time-outs take `sleep` and `monotonic` as arguments, whose defaults are
    those of this machine: the defaults are what is exchanged.
    """
    instead: dict[Any, Any] = {time.sleep: clock.sleep, time.monotonic: clock.elapsed}
    with pytest.MonkeyPatch.context() as patch:
        for function in _functions("connectors"):
            if function.__defaults__:
                new = tuple(_exchanged(one, instead) for one in function.__defaults__)
                patch.setattr(function, "__defaults__", new)
            if function.__kwdefaults__:
                kept = {k: _exchanged(v, instead) for k, v in function.__kwdefaults__.items()}
                patch.setattr(function, "__kwdefaults__", kept)
        patch.setattr(time, "sleep", clock.sleep)
        patch.setattr(time, "monotonic", clock.elapsed)
        yield


def _exchanged(value: Any, instead: dict[Any, Any]) -> Any:
    return next((new for old, new in instead.items() if value is old), value)


def _functions(package: str) -> Iterator[Any]:
    """What makes an object of each class of a package, in all modules that are loaded."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package:
            for _, one in inspect.getmembers(module, inspect.isclass):
                if one.__module__ == name:
                    maker: Callable[..., Any] = one.__new__ if _is_row(one) else one.__init__
                    if inspect.isfunction(maker):
                        yield maker


def _is_row(one: type) -> bool:
    return issubclass(one, tuple)
