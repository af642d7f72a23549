"""Compare: what a system says there is, held against the mirror; what differs is mended here.

Counts first, one call. Where they differ, or a person asks, the ids themselves: page by page, noted as
sightings, so that memory holds a page and no more. Who is there and not known is fetched. Who is
known and not listed is asked for by his id before he is buried, because a list may have holes. A list
that has lost half of what we know is not believed: nothing is buried, and a finding says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, TypeVar

from connectors.protocol import Compares, Page, Reads, Token
from rules.changes import Finding, Severity
from rules.errors import RunStopped
from rules.fields.field import PARTIES
from rules.limits import shrank
from rules.records import Record, Ref
from state import cursors, findings, merging, mirror, sightings, unmatched
from state.cursors import Lease
from state.store import Tx
from sync.app import App
from sync.stages import intake, merges
from sync.stages.pull import Pulled, anew
from sync.stages.watch import Watch

PAGE: Final = 1000
ASKED: Final = 200
"""Records asked for by their ids at a time."""
FETCH_MOST: Final = 2000
"""More than these, and a fifth of all, are not fetched one by one: the next pass reads all anew."""

T = TypeVar("T")


@dataclass(slots=True)
class Compared:
    """What came of it. listed = known + fetched + vanished, and ours = known + buried + kept.

    `ours` is what the mirror held before, `theirs` what the system counted (None: it cannot).
    `listed` is None when equal counts were enough. `vanished` were listed, and not there any more
    when they were asked for; `kept` not listed, and there all the same. `anew`: so many are missing
    that the next pass reads everything.
    """

    ours: int
    theirs: int | None
    listed: int | None = None
    known: int = 0
    fetched: int = 0
    vanished: int = 0
    buried: int = 0
    kept: int = 0
    anew: bool = False

    @property
    def is_equal(self) -> bool:
        """Whether nothing had to be mended."""
        return not (self.fetched or self.buried or self.anew)


def is_due(lease: Lease, now: datetime, days: int) -> bool:
    """Whether the last comparison, or whole reading, is so long ago."""
    return lease.listed_at is None or now - lease.listed_at >= timedelta(days=days)


def compare(
    app: App, connector: Compares, pulled: Pulled, watch: Watch, *, whole: bool
) -> Compared:
    """Compare a stream that was pulled to its end just now; `whole`: the ids in any case."""
    stream, lease = pulled.stream, pulled.lease
    with app.store.reading() as tx:
        ours = mirror.count_live(tx, lease.system, lease.stream)
    done = Compared(ours, connector.count(stream))
    if _is_too_much(done):
        done.anew = True
    elif whole or done.theirs != ours:
        _Comparing(app, connector, pulled, done, watch).run()
    _note(app, pulled, done, anew(connector, stream, lease) if done.anew else None)
    return done


def _is_too_much(done: Compared) -> bool:
    missing = (done.theirs or 0) - done.ours
    return missing > max(FETCH_MOST, done.ours // 5)


class _Comparing:
    """The ids of one stream, listed and held against the mirror."""

    def __init__(
        self, app: App, connector: Compares, pulled: Pulled, done: Compared, watch: Watch
    ) -> None:
        self.app, self.connector, self.pulled, self.done = app, connector, pulled, done
        self.watch = watch
        self.lease = pulled.lease

    def run(self) -> None:
        """List, fetch what is missing, bury what is gone."""
        done, stream = self.done, self.pulled.stream
        done.listed = 0
        self.app.progress.start("progress.compare", done.theirs, "unit.records")
        with self.app.store.transaction() as tx:
            sightings.forget_sightings(tx, self.lease)
        for refs in _pages(self.connector.ids(stream), PAGE):
            self._listed(list(dict.fromkeys(refs)))
            self.app.progress.advance(done.listed, done.theirs or done.ours)
            self.app.go_on()
        self.app.progress.end()
        self._believe()
        self._ask_for_the_others()

    def _listed(self, refs: Sequence[Ref]) -> None:
        with self.app.store.transaction() as tx:
            new, unknown = sightings.sight(tx, self.lease, [ref.id for ref in refs])
            cursors.advance(tx, self.lease, self.app.clock())
        self.done.known += new
        self.done.listed = (self.done.listed or 0) + new + len(unknown)
        missing = set(unknown)
        found = self._fetch([ref for ref in refs if ref.id in missing])
        self.done.fetched += found
        self.done.vanished += len(unknown) - found

    def _believe(self) -> None:
        """`RunStopped` for a list that would bury half of what we know, or everything."""
        done, lease = self.done, self.lease
        there = done.known + done.fetched
        if "shrink" in self.app.allow or not shrank(done.ours, there, self.app.policy):
            return
        details = {"before": str(done.ours), "now": str(there)}
        told = Finding("list_shrank", Severity.ERROR, None, details)
        with self.app.store.transaction() as tx:
            sightings.forget_sightings(tx, lease)
            _find(tx, self.app, lease, (told,))
        where = {"system": lease.system, "stream": lease.stream}
        raise RunStopped("error.list_shrank", **where, before=done.ours, now=there)

    def _ask_for_the_others(self) -> None:
        """Who was not listed is buried when he is not there, and shown anew when he is."""
        after = 0
        while True:
            with self.app.store.reading() as tx:
                some = sightings.unseen_after(tx, self.lease, after, ASKED)
            if not some:
                break
            after = some[-1][0]
            refs = [Ref(self.lease.system, self.lease.kind, ident) for _, ident in some]
            self._fetch(refs)
            with self.app.store.transaction() as tx:
                gone = [ident for _, ident in sightings.unseen_among(tx, self.lease, some)]
                self.done.buried += sightings.bury_refs(tx, self.lease, gone, self.app.clock())
                cursors.advance(tx, self.lease, self.app.clock())
        self.done.kept = self.done.ours - self.done.known - self.done.buried

    def _fetch(self, refs: Sequence[Ref]) -> int:
        """Bring the mirror of these up to date, as a page of a pull would; how many there are."""
        assert isinstance(self.connector, Reads)  # noqa: S101 - who can be compared can be read
        found = 0
        for some in _pages(refs, ASKED):
            records = list(self.connector.read(self.pulled.stream, some))
            if records:
                with self.app.store.transaction() as tx:
                    self._take(tx, records)
                self.watch.tell()
            found += len(records)
        return found

    def _take(self, tx: Tx, records: Sequence[Record]) -> None:
        app, lease, now = self.app, self.lease, self.app.clock()
        merged = merging.merge(tx, lease, records, now, app.settings.region, app.keys)
        self.pulled.statements += intake.take(
            tx, app, lease.system, self.pulled.stream, merged, now, self.pulled.last_seen
        )
        self.watch.take(tx, self.pulled.stream, merged, now)
        merges.take(tx, app, lease.system, Page(records, {}, complete=False), merged, now)
        if app.matches and lease.kind in PARTIES:
            unmatched.mark(tx, merged.rids)
        cursors.advance(tx, lease, now)


def _note(app: App, pulled: Pulled, done: Compared, token: Token | None) -> None:
    """When it was compared, how many there are now, and what the feed had missed; `token` is where
    all is read once more."""
    lease, now = pulled.lease, app.clock()
    details = {"fetched": str(done.fetched), "buried": str(done.buried)}
    missed = () if done.is_equal else (Finding("feed_missed", Severity.NOTICE, None, details),)
    with app.store.transaction() as tx:
        sightings.forget_sightings(tx, lease)
        records = mirror.count_live(tx, lease.system, lease.stream)
        pulled.compared_to(records, now)
        again = {"token": token, "complete": False} if done.anew else {}
        cursors.advance(tx, lease, now, records=records, listed_at=now, **again)
        _find(tx, app, lease, missed)


def _find(tx: Tx, app: App, lease: Lease, found: tuple[Finding, ...]) -> None:
    judged = [findings.Judged(None, None, found)]
    findings.replace(tx, lease.system, lease.stream, "compare", judged, app.clock(), fresh=False)


def _pages(items: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(items)
    while page := list(islice(left, size)):
        yield page
