"""Reading an audience: by the time of the last change, oldest first, and then who was archived.

Pages by offset slip when somebody is changed meanwhile, because he goes to the end. So the time of
the last row is the cursor, a second back; only where a whole page has one time (an import) the
offset goes on, with rows that overlap. What is shown again is known by id, time and content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

from connectors.mailchimp.client import PAGE, Api
from connectors.mailchimp.members import GONE, seconds
from connectors.overlap import newest, noted
from connectors.protocol import Page
from rules.records import Record, Ref, Tombstone

FORM: Final = 1
OVERLAP_SECONDS: Final = 600
"""How late a change may become visible. Mailchimp promises nothing."""
AGAIN: Final = 100
"""Rows that pages by offset show twice."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a reading of an audience stands. Times are seconds since 1970, 0 for none.

    `members`: who changed after `since`, from row `offset` on; `archived`: who was put away after
    `low`; `done`: the end of a reading that saw changes up to `high`. `seen` is what was shown of
    the last minutes before `high`, by id.
    """

    at: Literal["members", "archived", "done"]
    since: int = 0
    low: int = 0
    offset: int = 0
    high: int = 0
    whole: bool = False
    shown: int = 0
    total: int = 0
    seen: Mapping[str, str] = field(default_factory=dict)

    @property
    def token(self) -> dict[str, Any]:
        """As JSON; what says nothing is left out."""
        parts = {name: getattr(self, name) for name in Mark.__slots__}
        return {"form": FORM, **{name: part for name, part in parts.items() if part}}

    def next(self) -> Mark:
        """The reading that follows a complete one."""
        low = max(0, self.high - OVERLAP_SECONDS)
        return Mark("members", since=low, low=low, high=self.high, seen=self.seen)

    def after(self, rows: Sequence[tuple[str, int, str]]) -> Mark:
        """With the rows of a page noted: (id, time, how it is remembered), and the next page's place."""
        seen = {**self.seen, **{ident: known for ident, _, known in rows}}
        times = [time for _, time, _ in rows]
        high = max([self.high, *times])
        step = times[-1] - 1
        went_on = step > self.since
        return replace(
            self,
            since=step if went_on else self.since,
            offset=0 if went_on else self.offset + PAGE - AGAIN,
            high=high,
            seen=newest(seen, high - OVERLAP_SECONDS),
        )


def mark_of(token: Mapping[str, Any] | None) -> Mark | None:
    """The mark of a token; None for none, and for one of another form."""
    if not token or token.get("form") != FORM:
        return None
    return Mark(**{name: part for name, part in token.items() if name in Mark.__slots__})


class Rows(Protocol):
    """What members become: records of whatever kind."""

    @property
    def audience(self) -> str: ...
    @property
    def asked(self) -> Sequence[str]: ...
    def ref(self, row: Mapping[str, Any]) -> Ref: ...
    def record(self, row: Mapping[str, Any]) -> Record: ...


class Pulling:
    """One reading of one audience; `only`: of those of its members who have this status."""

    def __init__(self, api: Api, shape: Rows, only: str = "") -> None:
        self._api, self._shape, self._only = api, shape, only
        self._calls = api.calls

    def pages(self, mark: Mark | None) -> Iterator[Page]:
        """From the mark to the end."""
        mark = mark or Mark("members", whole=True)
        if mark.at == "done":
            mark = mark.next()
        held: list[Record] = []
        again = 0
        if mark.at == "members":
            for records, repeated, following in self._members(mark):
                mark = following
                if mark.at == "members":
                    yield self._page(records, mark, again=repeated)
                else:
                    held, again = records, repeated
        yield from self._archived(mark, held, again)

    def records(self) -> Iterator[Record]:
        """Everybody who is there, once."""
        for records, _, _ in self._members(Mark("members", whole=True)):
            yield from records

    def _members(self, mark: Mark) -> Iterator[tuple[list[Record], int, Mark]]:
        """Pages of (news, how many were no news, the mark behind them)."""
        while True:
            rows, more, total = self._asked(mark, mark.since)
            told = [self._noted(row) for row in rows]
            news = [
                self._shape.record(row)
                for row, (ident, _, known) in zip(rows, told, strict=True)
                if mark.seen.get(ident) != known and row.get("status") != GONE
            ]
            shown = mark.shown + len(news)
            last = replace(mark.after(told) if rows else mark, shown=shown)
            mark = replace(last, total=mark.total or total, at="members" if more else "archived")
            yield news, len(rows) - len(news), mark
            if not more:
                return

    def _archived(self, mark: Mark, held: Sequence[Record], again: int) -> Iterator[Page]:
        """Who was put away since; a first reading has nobody whom it could miss."""
        stones: list[Tombstone] = []
        if not (mark.whole or self._only):
            mark = replace(mark, offset=0, since=mark.low)
            more = True
            while more:
                rows, more, _ = self._asked(mark, mark.since, GONE)
                told = [self._noted(row) for row in rows]
                stones += [
                    Tombstone(self._shape.ref(row), datetime.fromtimestamp(time, UTC))
                    for row, (ident, time, known) in zip(rows, told, strict=True)
                    if mark.seen.get(ident) != known
                ]
                mark = mark.after(told) if rows else mark
        there = {stone.ref for stone in stones}
        records = [one for one in held if one.ref not in there]
        end = Mark("done", high=mark.high, seen=mark.seen)
        yield self._page(
            records, end, complete=True, full=mark.whole, stones=stones, again=again, of=mark
        )

    def _asked(self, mark: Mark, since: int, status: str = "") -> tuple[list[Any], bool, int]:
        """(rows, whether there are more, how many there are)."""
        body = self._api.members(
            self._shape.audience,
            since=datetime.fromtimestamp(since, UTC).isoformat() if since else "",
            offset=mark.offset,
            fields=self._shape.asked,
            status=status or self._only,
        )
        rows, total = list(body["members"]), int(body["total_items"])
        return rows, len(rows) >= PAGE and mark.offset + len(rows) < total, total

    def _noted(self, row: Mapping[str, Any]) -> tuple[str, int, str]:
        time, ident = seconds(row["last_changed"]), str(row.get("contact_id") or row["id"])
        what = GONE if row.get("status") == GONE else self._shape.record(row).version[:8]
        return ident, time, noted(time, what)

    def _page(
        self,
        records: Sequence[Record],
        mark: Mark,
        *,
        complete: bool = False,
        full: bool = False,
        stones: Sequence[Tombstone] = (),
        again: int = 0,
        of: Mark | None = None,
    ) -> Page:
        used, self._calls = self._api.calls - self._calls, self._api.calls
        counted = of or mark
        return Page(
            records,
            mark.token,
            complete,
            full,
            tuple(stones),
            of=(counted.shown, max(counted.total, counted.shown)),
            calls_used=used,
            again=again,
        )
