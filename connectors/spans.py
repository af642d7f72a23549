"""Where whoever traces is told what begins and ends: runs, their stages, calls to systems.

Nobody is, unless sync/service/tracing.py was asked to: then, and only then, is looked at what it is about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Value = str | int | bool
Note = Callable[[str, Value], object]
"""Adds one more fact to what is under way."""
About = Callable[[], Mapping[str, Value]]
Teller = Callable[[str, About], AbstractContextManager[Note]]

HIDDEN: Final = "{}"
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z_.-]{0,40}|v?\d{1,3}(?:\.\d{1,3})?")
"""Words of an interface, and versions; all else of a path is somebody's."""


class _Told:
    teller: Teller | None = None


def tell(teller: Teller | None) -> None:
    """Tell this one from now on; None for nobody."""
    _Told.teller = teller


def span(name: str, about: About = dict) -> AbstractContextManager[Note]:
    """Something that begins and ends with a block. No fact in `about` may be about a person."""
    teller = _Told.teller
    return _NOBODY if teller is None else teller(name, about)


def traced(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function whose every call is something that begins and ends."""

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def called(*args: P.args, **how: P.kwargs) -> R:
            with span(name):
                return function(*args, **how)

        return called

    return wrap


def template(path: str) -> str:
    """A path as it may be told: `/crm/v3/objects/contacts/51` is `/crm/v3/objects/contacts/{}`."""
    return "/".join(
        part if not part or _PLAIN.fullmatch(part) else HIDDEN for part in path.split("/")
    )


_NOBODY: Final = nullcontext(lambda _name, _value: None)
