"""Cursors: what has been shown, as far as the next pull may meet it again. Pure.

HubSpot's index shows changes late, so each window begins well before the last one ended, and what
it shows again is held against what was shown: by id, stamp and content. A stamp that is older than
the one we know is the index lagging behind, and no news.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple

FORM: Final = 1
OVERLAP_MS: Final = 10 * 60_000
"""How long the index may take to show a change. HubSpot promises nothing; seconds are usual."""
BIN_EVERY_MS: Final = 60 * 60_000
"""How often a bin of more than one page is read to its end: it has no order and no filter."""
MOST_KEPT: Final = 10_000
"""Records remembered for the overlap. After an import there are more: these are shown again."""

MOST_WRITTEN: Final = 2000
"""Own writes remembered; of more than these the next reading shows what it knows already."""


def shown_as(stamp: int, version: str) -> str:
    """How a record is remembered: when it was changed, and what it held."""
    return f"{stamp}/{version[:8]}{version[-4:]}"


def _unknown(shown: str) -> str:
    """The same, when what it holds is to be shown in any case."""
    return shown_as(int(shown.partition("/")[0]), "")


class Wrote(NamedTuple):
    """A write of ours: the record's stamp before it, and how it is remembered."""

    since: int
    shown: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a pull stands.

    `list` is the first reading, page by page (with `low`: another one, behind which changes are
    searched from there on); `search` what changed between `low` and `high`,
    by id; `bin` what was deleted; `done` the end of one of them. `high` is HubSpot's time at the
    beginning, `seen` the records of the overlap, `fresh` those of the window under way,
    `first` is the time of the very first reading,
    `gone` the tombstones shown, `bin_at` the time of the last whole reading of the bin; `whole`:
    it is read behind the list, and the end shows that everything was shown.
    """

    at: Literal["list", "search", "bin", "done"]
    high: int = 0
    low: int = 0
    first: int = 0
    after: str = ""
    shown: int = 0
    total: int = 0
    bin_at: int = 0
    whole: bool = False
    seen: Mapping[str, str] = field(default_factory=dict)
    fresh: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, int] = field(default_factory=dict)

    @property
    def token(self) -> dict[str, Any]:
        """As JSON; what says nothing is left out."""
        parts = {name: getattr(self, name) for name in _NAMES}
        return {"form": FORM, **{name: part for name, part in parts.items() if part}}

    def anew(self) -> Mark:
        """The mark of another first reading, which leads to the changes since this one's end."""
        low = self.low if self.at in {"list", "search", "bin"} and self.low else self.high
        return Mark("list", high=0, low=low, first=self.first or max(0, low - OVERLAP_MS))

    def next_window(self, now: int) -> Mark:
        """The window that follows a complete pull."""
        return Mark(
            "search",
            high=max(now, self.high),
            low=self.high - OVERLAP_MS,
            first=self.first,
            bin_at=self.bin_at,
            seen=self.seen,
            gone=self.gone,
        )

    def remember(self, ident: str, stamp: int, version: str) -> tuple[bool, str]:
        """(whether the record is news, how it is to be remembered)."""
        known, _, _ = self.seen.get(ident, "").partition("/")
        mark = shown_as(stamp, version)
        if self.gone.get(ident, -1) >= stamp:
            return False, ""
        if known and int(known) > stamp:
            return False, self.seen[ident]
        return self.seen.get(ident) != mark, mark

    def wrote(self, written: Mapping[str, Wrote]) -> Mark | None:
        """With our own writes as shown; None when there are too many to remember, or none.

        They are remembered as asked for: what HubSpot spells otherwise is news. So is whoever was
        changed before we wrote and was not shown since: he may hold what he held and have said no
        for a while.
        """
        if self.at != "done" or not written or len(self.seen) + len(written) > MOST_WRITTEN:
            return None
        ours = {
            ident: one.shown if self._was_shown(ident, one.since) else _unknown(one.shown)
            for ident, one in written.items()
        }
        return replace(self, seen={**self.seen, **ours})

    def _was_shown(self, ident: str, stamp: int) -> bool:
        """Whether a record was shown as it was changed then. Of older ones the overlap knows none."""
        known, _, _ = self.seen.get(ident, "").partition("/")
        return int(known) == stamp if known else stamp < self.high - OVERLAP_MS

    def settled(self) -> Mark:
        """The mark at the end: what the next window may meet again is kept, the rest forgotten."""
        high = min(self.high, self.low) if self.whole and self.low else self.high
        since = high - OVERLAP_MS
        kept = {
            ident: mark
            for ident, mark in {**self.seen, **self.fresh}.items()
            if mark and int(mark.partition("/")[0]) >= since
        }
        if len(kept) > MOST_KEPT:
            newest = sorted(kept, key=lambda one: (kept[one], one))[-MOST_KEPT:]
            kept = {ident: kept[ident] for ident in newest}
        oldest = min(since, self.bin_at - OVERLAP_MS)
        gone = {ident: at for ident, at in self.gone.items() if at >= oldest}
        return Mark(
            "done",
            high=high,
            first=self.first or self.high - OVERLAP_MS,
            bin_at=self.bin_at,
            seen=kept,
            gone=gone,
        )

    def bury(self, gone: Mapping[str, int]) -> Mark:
        """With tombstones shown: a record that comes back is news, whatever it holds."""
        alive = {ident: mark for ident, mark in self.seen.items() if ident not in gone}
        fresh = {ident: mark for ident, mark in self.fresh.items() if ident not in gone}
        return replace(self, seen=alive, fresh=fresh, gone={**self.gone, **gone})


_NAMES: Final = tuple(name for name in Mark.__slots__ if name != "form")


def mark_of(token: Mapping[str, Any] | None) -> Mark | None:
    """The mark of a token; None for none, and for one of another form."""
    if not token or token.get("form") != FORM:
        return None
    return Mark(**{name: part for name, part in token.items() if name in _NAMES})
