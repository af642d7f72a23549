"""Reading calls and contacts: what is new since the last time, and what may have changed behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple

from connectors.aircall.client import PER_PAGE, WALL, Api
from connectors.aircall.marks import Mark, Seen
from connectors.aircall.shapes import CALLS, CONTACTS, Shape
from connectors.protocol import Page
from rules.errors import SystemStopped
from rules.records import Record

Row = Mapping[str, Any]
SIX_MONTHS: Final = int(timedelta(days=182).total_seconds())
"""How far back calls are shown."""
HOUR, DAY, WEEK = 3600, 86_400, 7 * 86_400
LONGEST: Final = 4 * HOUR
"""A call that has not ended after so long never will."""
STAMPS: Final = {CALLS: "started_at", CONTACTS: "updated_at"}
OVERLAPS: Final = {CALLS: 15 * 60, CONTACTS: 60}
"""Seconds that a row may take to appear."""
_LOOSE: Final = {CALLS: 60, CONTACTS: 0}
"""Calls are ordered by when they were made, which we do not see: about when they began."""


class Step(NamedTuple):
    """One page of a reading, and the mark behind it."""

    news: Sequence[Record]
    mark: Mark
    known: int
    last: bool


@dataclass(slots=True)
class Pulling:
    """One pull of one stream."""

    api: Api
    shape: Shape

    def pages(self, mark: Mark | None) -> Iterator[Page]:
        """From a mark to the end."""
        if self.shape.name == CALLS:
            yield from self._calls(mark)
        elif mark is None or mark.whole:
            yield from self._all_contacts(mark or Mark(whole=True))
        else:
            yield from self._changed_contacts(mark)

    def _calls(self, mark: Mark | None) -> Iterator[Page]:
        """New ones. Tags and comments come later and leave no stamp: so the last day is read once
        more every hour, and the last week every day."""
        for step in self._through(self._beginning(mark)):
            mark = _ended(step.mark) if step.last else step.mark
            yield _page(step, mark, complete=step.last)

    def _beginning(self, mark: Mark | None) -> Mark:
        now = int(self.api.clock().timestamp())
        if mark is None:
            return Mark(low=now - SIX_MONTHS, day=now, week=now, tags=self.shape.tags)
        if not mark.done:
            return mark
        lows, day, week = [mark.newest - OVERLAPS[CALLS]], mark.day, mark.week
        if mark.open > now - LONGEST:
            lows.append(mark.open)
        # A sweep in times to come was made under a clock that was fast.
        if not 0 <= now - day < HOUR:
            lows.append(now - DAY)
            day = now
        if not 0 <= now - week < DAY:
            lows.append(now - WEEK)
            week = now
        low = max(min(lows), now - SIX_MONTHS)
        return replace(mark, done=False, low=low, page=1, open=0, day=day, week=week)

    def _changed_contacts(self, mark: Mark) -> Iterator[Page]:
        """Nothing tells of contacts that are gone: when there are not as many as there should be,
        all are read anew."""
        if mark.done:
            low = max(0, mark.newest - OVERLAPS[CONTACTS])
            mark = replace(mark, done=False, low=low, page=1)
        for step in self._through(mark):
            if not step.last:
                yield _page(step, step.mark)
            elif self.total() == step.mark.total:
                yield _page(step, _ended(step.mark), complete=True)
            else:
                yield _page(step, Mark(whole=True))
                yield from self._all_contacts(Mark(whole=True))

    def _all_contacts(self, mark: Mark) -> Iterator[Page]:
        for step in self._through(mark):
            if step.last:
                ended = replace(_ended(step.mark), total=self.total())
                yield _page(step, ended, complete=True, full=True)
            else:
                yield _page(step, step.mark)

    def total(self) -> int:
        """How many contacts there are, as far as the vendor says: one call."""
        body = self.api.get("/v1/contacts", page=1, per_page=1) or {}
        return int((body.get("meta") or {}).get("total") or 0)

    def rows(self) -> Iterator[Record]:
        """Every record there is, to be compared."""
        for step in self._through(Mark()):
            yield from step.news

    def _through(self, mark: Mark) -> Iterator[Step]:
        """All pages from a mark on."""
        name = self.shape.name
        more, known = True, 0
        while more:
            rows, more = self._asked(mark)
            self._is_in_order(rows, mark)
            found = [(self.shape.record(row), int(row.get(STAMPS[name]) or 0)) for row in rows]
            seen = [Seen(record.ref.id, record.version, stamp) for record, stamp in found]
            pairs = zip(found, seen, strict=True)
            news = [record for (record, _), one in pairs if not mark.knows(one)]
            beyond = mark.page * PER_PAGE >= WALL and bool(rows)
            mark = _with_open(mark.behind(seen, OVERLAPS[name]), rows)
            mark = self._onward(mark, seen, beyond=beyond)
            more = more or beyond
            known += len(seen) - len(news)
            # A page of which all is known is worth no transaction.
            if news or not more:
                yield Step(news, mark, known, not more)
                known = 0

    def _asked(self, mark: Mark) -> tuple[Sequence[Row], bool]:
        name = self.shape.name
        query: dict[str, Any] = {"order": "asc", "page": mark.page, "per_page": PER_PAGE}
        if mark.low:
            query["from"] = mark.low
        query |= {"fetch_contact": "true"} if name == CALLS else {"order_by": "updated_at"}
        body = self.api.get(f"/v1/{name}", **query) or {}
        return body.get(name) or (), bool((body.get("meta") or {}).get("next_page_link"))

    def _is_in_order(self, rows: Sequence[Row], mark: Mark) -> None:
        """That `from` and `order` are about the same stamp is believed by all and written nowhere:
        where it is not so, rows would be missed, and the stream is not used."""
        name = self.shape.name
        stamps = [mark.low, *(int(row.get(STAMPS[name]) or 0) for row in rows)]
        if any(later < earlier - _LOOSE[name] for earlier, later in pairwise(stamps)):
            raise SystemStopped("aircall.order", system=self.shape.system, stream=name)

    def _onward(self, mark: Mark, rows: Sequence[Seen], *, beyond: bool) -> Mark:
        """To the next page; where paging ends, to a first one from the last second on."""
        if not beyond:
            return replace(mark, page=mark.page + 1)
        if rows[-1].stamp <= mark.low:
            raise SystemStopped("aircall.one_second", system=self.shape.system)
        return replace(mark, low=rows[-1].stamp, page=1)


def _with_open(mark: Mark, rows: Sequence[Row]) -> Mark:
    """Calls under way are read until they have ended. Contacts have no status."""
    begun = [int(row.get("started_at") or 0) for row in rows if row.get("status", "done") != "done"]
    return replace(mark, open=min([*([mark.open] if mark.open else []), *begun], default=0))


def _ended(mark: Mark) -> Mark:
    return replace(mark, done=True, page=1, low=0, whole=False)


def _page(step: Step, mark: Mark, *, complete: bool = False, full: bool = False) -> Page:
    return Page(step.news, mark.token, complete=complete, full=full, calls_used=1, again=step.known)
