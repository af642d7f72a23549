"""Annual accounts as they are published: a company's revenue, where it states it, and gross profit.

Free of charge. Most Danish companies state gross profit only (ÅRL § 32); that is a figure of its own
here. A report is downloaded once: what was read of it is kept under its address, and asked for again
only when the next one is due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

import orjson

from connectors.rights import Right
from connectors.sources.accounts.client import Index, Report, newest
from connectors.sources.accounts.xbrl import Unreadable, figures
from connectors.sources.distribution import Incomplete
from connectors.sources.means import Means
from connectors.sources.source import (
    INCOMPLETE,
    Asking,
    Found,
    NotFound,
    Profile,
    Reply,
    Unknown,
)
from rules.enrichment.record import CompanyRecord
from rules.errors import TryAgain
from rules.keys import Key, KeyKind
from rules.spans import COPENHAGEN

YEARS: Final = timedelta(days=3 * 365)
"""Publications that are older say nothing of today."""
NEXT: Final = timedelta(days=335)
"""Eleven months after the end of a year the next report is not there yet, and from then on it may be."""
AGAIN: Final = timedelta(days=14)
"""So often it is looked for from then on."""
NOBODY: Final = timedelta(days=90)
"""Who publishes nothing is looked for again after this: sole traders and most partnerships."""
UNREAD: Final = timedelta(days=30)
MOST_BROKEN: Final = 3
"""So many documents one after the other that cannot be had: then it is the host."""
_SKIP: Final = "unreadable"


class Accounts:
    """The published accounts as a source. `group`: figures of the group are taken where a company
    states none of its own; `batch`: numbers in one search."""

    def __init__(
        self, name: str, index: Index, means: Means, *, group: bool = False, batch: int = 200
    ) -> None:
        self.name, self._index, self._means, self._group = name, index, means, group
        self.profile = Profile(
            asking={KeyKind.CVR: Asking(batch=batch, life=NOBODY, calls=1, page=1)},
            fields=frozenset({"revenue", "gross_profit"}),
            licence="source.accounts.licence",
            seconds=0.7,
        )

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """One reply for each key: a search for all of them, and a document for each new report."""
        now = self._index.now()
        since = (now - YEARS).astimezone(COPENHAGEN).date()
        try:
            reports = self._index.reports([key.value for key in keys], since)
        except Incomplete:
            yield from (Unknown(key, INCOMPLETE) for key in keys)
            return
        of: dict[str, list[Report]] = {}
        for one in reports:
            of.setdefault(one.number, []).append(one)
        before = self._means.known(self.name, keys)
        broken = 0
        for key in keys:
            last = newest(of.get(key.value, ()))
            if last is None:
                yield NotFound(key)
                continue
            try:
                yield self._told(key, last, before.get(key, ()), now)
                broken = 0
            except TryAgain:
                # One document that cannot be had keeps nobody else waiting.
                broken += 1
                yield Unknown(key, INCOMPLETE)
                if broken == MOST_BROKEN:
                    raise

    def credit(self) -> int | None:
        """Nothing is bought."""
        return None

    def check(self) -> Iterator[Right]:
        """Whether the index answers."""
        self._index.reports(["10000009"], self._index.now().date())
        yield Right(self.name, True, "source.accounts.right.index")

    # --- inside ---

    def _told(
        self, key: Key, last: Report, before: Sequence[CompanyRecord], now: datetime
    ) -> Reply:
        known = next((one for one in before if one.stamp == last.url), None)
        if known is not None:
            return _found(key, replace(known, read_at=now), last, now)
        record = CompanyRecord(cvr=key.value, source=self.name, read_at=now, stamp=last.url)
        if not last.url:
            return _found(key, record, last, now)
        try:
            document = self._index.document(last.url)
            said = figures(document, key.value, last.ends, group=self._group)
        except Unreadable:
            return Unknown(key, _SKIP, UNREAD)
        record = replace(record, revenue=said.revenue, gross_profit=said.gross_profit)
        return _found(key, record, last, now)


def _found(key: Key, record: CompanyRecord, last: Report, now: datetime) -> Found:
    raw = orjson.dumps({"report": last.url, "ends": last.ends, "published": last.published})
    return Found(key, (record,), raw, life=_life(last.ends, now))


def _life(ends: date, now: datetime) -> timedelta:
    due = datetime(ends.year, ends.month, ends.day, tzinfo=COPENHAGEN) + NEXT
    return max(due - now, AGAIN)
