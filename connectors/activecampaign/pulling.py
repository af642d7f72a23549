"""Reading a list: who was changed since, by ascending id; and what that may not have shown.

That an unsubscribe moves a contact's time of change is what users tell, and no promise. So after
each reading the list is asked how many have unsubscribed; where that grew more than the reading
shows, and once a day in any case, all who have are read. Deletes have no feed: a list that holds
fewer than it should is read as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from connectors.activecampaign.client import PAGE, Api, total_of
from connectors.activecampaign.contacts import NO, OnList, Shape
from connectors.overlap import newest, noted
from connectors.protocol import Page
from rules.records import Record

FORM: Final = 1
OVERLAP: Final = timedelta(minutes=70)
"""How far back a reading begins. More than an hour: were the zone of a time that we ask by not
read, then the two hours of a change to winter time would still be in it."""
NOES_EVERY: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a reading of a list stands.

    `contacts`: who was changed after `since`, beyond the id `after` (`whole`: everybody);
    `noes`: all who have unsubscribed; `done`: the end. `high` is the time at its beginning, in the
    account's own zone. `seen` is what was shown of the last hour. Of the reading before: `noes` is
    how many had unsubscribed, `size` how many were known, `top` the highest number of their rows,
    `noes_at` when all noes were read, `first` the time of the very first reading. Of this one: `fresh_noes`, `fresh_rows` and `highest`.
    """

    at: Literal["contacts", "noes", "done"]
    since: str = ""
    high: str = ""
    after: int = 0
    whole: bool = False
    shown: int = 0
    total: int = 0
    noes: int = 0
    size: int = 0
    top: int = 0
    fresh_noes: int = 0
    fresh_rows: int = 0
    highest: int = 0
    noes_at: int = 0
    first: int = 0
    seen: Mapping[str, str] = field(default_factory=dict)

    @property
    def token(self) -> dict[str, Any]:
        """As JSON; what says nothing is left out."""
        parts = {name: getattr(self, name) for name in Mark.__slots__}
        return {"form": FORM, **{name: part for name, part in parts.items() if part}}

    def anew(self) -> Mark:
        """The mark of another first reading, which tells of noes since the very first one."""
        return Mark("contacts", whole=True, first=self.first or _seconds(self.high))

    def next(self) -> Mark:
        """The reading that follows a complete one."""
        since = (datetime.fromisoformat(self.high) - OVERLAP).isoformat() if self.high else ""
        return Mark(
            "contacts",
            since,
            self.high,
            whole=not since,
            noes=self.noes,
            size=self.size if since else 0,
            top=self.top if since else 0,
            noes_at=self.noes_at,
            first=self.first,
            seen=self.seen,
        )

    def ended(self, noes: int, noes_at: int) -> Mark:
        """The mark at the end. What the next reading may meet again is kept."""
        since = datetime.fromisoformat(self.high) - OVERLAP if self.high else None
        return Mark(
            "done",
            high=self.high,
            noes=noes,
            size=self.size + self.fresh_rows,
            top=max(self.top, self.highest),
            noes_at=noes_at,
            first=self.first or _seconds(self.high),
            seen=newest(self.seen, int(since.timestamp()) if since else 0),
        )


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp()) if time else 0


def mark_of(token: Mapping[str, Any] | None) -> Mark | None:
    """The mark of a token; None for none, and for one of another form."""
    if not token or token.get("form") != FORM:
        return None
    return Mark(**{name: part for name, part in token.items() if name in Mark.__slots__})


class Pulling:
    """One reading of one list."""

    def __init__(self, api: Api, shape: Shape) -> None:
        self._api, self._shape = api, shape
        self._calls = api.calls

    def pages(self, mark: Mark | None) -> Iterator[Page]:
        """From the mark to the end."""
        mark = mark or Mark("contacts", whole=True)
        if mark.at == "done":
            mark = mark.next()
        held: Page | None = None
        if mark.at == "contacts":
            for page, following in self._contacts(mark):
                if held:
                    yield held
                held, mark = page, following
        if self._has_lost(mark):
            # Somebody was deleted, of whom nothing tells: who is not shown now is gone.
            if held:
                yield held
            held = None
            for page, following in self._contacts(mark.anew()):
                if held:
                    yield held
                held, mark = page, following
        yield from self._noes(mark, held)

    def records(self) -> Iterator[Record]:
        """Everybody on the list, once."""
        for page, _ in self._contacts(Mark("contacts", whole=True)):
            yield from page.records

    def _contacts(self, mark: Mark) -> Iterator[tuple[Page, Mark]]:
        while True:
            body = self._api.contacts(self._shape.list, after=mark.after, since=mark.since)
            mark = mark if mark.after else self._dated(mark, body)
            contacts = body["contacts"]
            more = len(contacts) == PAGE
            found = list(self._shape.of(body))
            told = [self._shape.episode(one, mark.first) for one in found if mark.first]
            records, mark = self._news(found, mark)
            mark = replace(mark, after=int(contacts[-1]["id"]) if contacts else mark.after)
            mark = mark if more else replace(mark, at="noes", after=0)
            page = self._page(records, mark, again=len(contacts) - len(records))
            yield replace(page, episodes=[one for one in told if one]), mark
            if not more:
                return

    def _dated(self, mark: Mark, body: Mapping[str, Any]) -> Mark:
        """With the time of now in the zone in which the account writes its times."""
        zones = [datetime.fromisoformat(c["udate"]) for c in body["contacts"] if c.get("udate")]
        before = [datetime.fromisoformat(mark.high)] if mark.high else []
        zone = max([*zones, *before], default=None)
        high = self._api.now().astimezone(zone.tzinfo).isoformat() if zone else ""
        return replace(mark, high=high, total=total_of(body))

    def _news(self, found: Sequence[OnList], mark: Mark) -> tuple[list[Record], Mark]:
        """What was not shown before, and the mark with what was found."""
        seen, records, noes = dict(mark.seen), [], 0
        for one in found:
            record = self._shape.record(one)
            known = noted(one.changed, record.version[:8])
            if seen.get(one.id) != known:
                seen[one.id] = known
                records.append(record)
                noes += one.says_no
        numbers = [one.number for one in found]
        return records, replace(
            mark,
            seen=newest(seen, 0),
            shown=mark.shown + len(found),
            fresh_noes=mark.fresh_noes + noes,
            fresh_rows=mark.fresh_rows + sum(number > mark.top for number in numbers),
            highest=max([mark.highest, *numbers]),
        )

    def _has_lost(self, mark: Mark) -> bool:
        """Whether the list holds fewer than are known."""
        if mark.whole:
            return False
        return self._api.count(self._shape.list) < mark.size + mark.fresh_rows

    def _noes(self, mark: Mark, held: Page | None) -> Iterator[Page]:
        """The end of a reading; before it, where something may be hidden, all who say no."""
        now, noes = int(self._api.now().timestamp()), self._api.count(self._shape.list, NO)
        due = now - mark.noes_at >= NOES_EVERY
        if not mark.whole and (due or noes > mark.noes + mark.fresh_noes):
            for page in self._all_noes(mark):
                if held:
                    yield held
                held = page
        done = mark.ended(noes, now if mark.whole or due else mark.noes_at)
        page = held or self._page((), mark)
        yield replace(page, next=done.token, complete=True, full=mark.whole)

    def _all_noes(self, mark: Mark) -> Iterator[Page]:
        after, more = 0, True
        while more:
            body = self._api.contacts(self._shape.list, after=after, status=NO)
            contacts = body["contacts"]
            more, after = len(contacts) == PAGE, int(contacts[-1]["id"]) if contacts else after
            found = [self._shape.record(one) for one in self._shape.of(body)]
            yield self._page(found, mark)

    def _page(self, records: Sequence[Record], mark: Mark, *, again: int = 0) -> Page:
        used, self._calls = self._api.calls - self._calls, self._api.calls
        of = (mark.shown, max(mark.total, mark.shown))
        return Page(records, mark.token, complete=False, of=of, calls_used=used, again=again)
