"""Mailings and broadcasts that were sent, one record for each of their recipients: the log that a no
is held against. What a vendor calls them, and how he is asked, is said by its `Sender`.

They are read by the time they were sent, a week back: a long one is done only when its last message
has left, after shorter ones that began behind it. What each was read with is remembered; one that
tells something else by now, that it has more of them above all, is read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from connectors.protocol import Page
from rules.records import Record

FORM: Final = 1
BACK: Final = timedelta(days=7)
"""How long one may take until all of it has left."""


class Sending(NamedTuple):
    """One mailing. `told` changes when it is to be read again; its first part is when it was sent, in
    seconds since 1970. `said`: what the vendor says of it."""

    id: str
    told: tuple[int, ...]
    said: Mapping[str, Any]
    many: int
    """How many recipients it has, as far as that is known."""


class Sender(Protocol):
    """How an account is asked for what it sent."""

    @property
    def calls(self) -> int:
        """Calls that were made so far."""
        ...

    def sent(self, since: int) -> Iterator[Sending]:
        """Everything sent after that moment (seconds since 1970), the oldest first."""
        ...

    def recipients(self, one: Sending, offset: int) -> tuple[int, bool, list[Record]]:
        """Recipients from there on: how many rows were shown, whether there are more, the records."""
        ...


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the reading stands. Times are seconds since 1970.

    What was sent after `since` is asked for; `at` is the one that is being read, from recipient
    `offset` on. `seen`: id -> what it told when it was read.
    """

    since: int
    at: str = ""
    offset: int = 0
    seen: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def token(self) -> dict[str, Any]:
        """As JSON."""
        seen = {name: list(told) for name, told in self.seen.items()}
        return {
            "form": FORM, "since": self.since, "at": self.at, "offset": self.offset, "seen": seen,
        }  # fmt: skip

    def ended(self) -> Mark:
        """The mark of the next reading, from the newest one back."""
        newest = max((told[0] for told in self.seen.values()), default=0)
        since = max(self.since, newest - int(BACK.total_seconds()))
        seen = {name: told for name, told in self.seen.items() if told[0] >= since}
        return Mark(since, seen=seen)


def mark_of(token: Mapping[str, Any] | None) -> Mark | None:
    """The mark of a token; None for none, and for one of another form."""
    if not token or token.get("form") != FORM:
        return None
    return Mark(**{name: part for name, part in token.items() if name in Mark.__slots__})


class Sendings:
    """The log of one account. `days`: how far back the first reading goes."""

    def __init__(self, sender: Sender, days: int) -> None:
        self._sender, self._days = sender, days
        self._calls = sender.calls

    def pages(self, mark: Mark | None, now: datetime) -> Iterator[Page]:
        """From the mark to the newest."""
        mark = mark or Mark(int((now - timedelta(days=self._days)).timestamp()))
        held: Page | None = None
        shown = 0
        new = [
            one
            for one in self._sender.sent(mark.since)
            if tuple(mark.seen.get(one.id, ())) != one.told
        ]
        total = sum(one.many for one in new)
        for one in new:
            mark = mark if mark.at == one.id else replace(mark, at=one.id, offset=0)
            for records, following in self._recipients(one, mark):
                if held:
                    yield held
                mark, shown = following, shown + len(records)
                held = self._page(records, mark, (shown, max(shown, total)))
        last = held or self._page((), mark, (shown, shown))
        yield replace(last, next=mark.ended().token, complete=True)

    def _recipients(self, one: Sending, mark: Mark) -> Iterator[tuple[list[Record], Mark]]:
        """Pages of its recipients, each with the mark behind it."""
        more = True
        while more:
            rows, more, records = self._sender.recipients(one, mark.offset)
            if more:
                mark = replace(mark, offset=mark.offset + rows)
            else:
                mark = replace(mark, at="", offset=0, seen={**mark.seen, one.id: one.told})
            yield records, mark

    def _page(self, records: Sequence[Record], mark: Mark, of: tuple[int, int]) -> Page:
        used, self._calls = self._sender.calls - self._calls, self._sender.calls
        return Page(records, mark.token, complete=False, of=of, calls_used=used)
