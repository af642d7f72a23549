"""Cursors: where a reading of calls or contacts stands, and what its next one will meet again. Pure.

Both are read by a rising stamp and page by page; at row 10,000, where paging ends, the reading goes
on from the last row's stamp. Stamps are whole seconds, so that each reading begins a while before
the last one ended, and what it meets once more unchanged is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, Self

from connectors.protocol import Token

FORM: Final = 1
MOST_KEPT: Final = 2000
"""Rows remembered for the overlap; of more than these some are shown again, which does no harm."""
_SHOWN: Final = 8


class Seen(NamedTuple):
    """A row as it was shown."""

    ident: str
    version: str
    stamp: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a reading stands.

    `low`, `page`: the request to make next. `newest` is the highest stamp seen, `seen` the rows
    near it. `open` is when the oldest call began that has not ended; `day` and `week` are the last
    times at which so long was read once more. `total` counts the contacts there are, `whole`: this
    reading is of all of them. `tags` stands for the tags that were taken for a no.
    """

    done: bool = False
    low: int = 0
    page: int = 1
    newest: int = 0
    open: int = 0
    day: int = 0
    week: int = 0
    total: int = 0
    whole: bool = False
    tags: str = ""
    seen: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def token(self) -> dict[str, Any]:
        """As JSON."""
        seen = {ident: list(one) for ident, one in self.seen.items()}
        return {"form": FORM, **{name: getattr(self, name) for name in _NAMES}, "seen": seen}

    @classmethod
    def of(cls, token: Token | None) -> Self | None:
        """From JSON; None for what is not ours."""
        if not token or token.get("form") != FORM:
            return None
        try:
            seen = {ident: (int(at), str(how)) for ident, (at, how) in token["seen"].items()}
            return cls(**{name: token[name] for name in _NAMES}, seen=seen)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def knows(self, one: Seen) -> bool:
        """Whether the row was shown as it is now."""
        return self.seen.get(one.ident, (0, ""))[1] == one.version[:_SHOWN]

    def behind(self, rows: Iterable[Seen], overlap: int) -> Self:
        """After these rows. Remembered are those that the next reading meets again."""
        seen = dict(self.seen)
        newest = self.newest
        for one in rows:
            seen.pop(one.ident, None)
            seen[one.ident] = (one.stamp, one.version[:_SHOWN])
            newest = max(newest, one.stamp)
        near = [(ident, one) for ident, one in seen.items() if one[0] >= newest - overlap]
        return replace(self, newest=newest, seen=dict(near[-MOST_KEPT:]))


_NAMES: Final = tuple(name for name in Mark.__dataclass_fields__ if name != "seen")
