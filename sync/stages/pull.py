"""Pull: each page of a stream into the mirror, in one transaction with everything that it means.

A page's transaction holds the mirror rows, the opt-outs seen (ledger), the findings about rows
that could not be read, and the cursor. So a kill between two pages loses nothing, and a kill
inside one leaves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from connectors.protocol import Page, Pulls, Reads, Rereads, Stream, Token
from rules.changes import Finding, Severity
from rules.checks.record import columns
from rules.errors import InvariantBroken, RunStopped, StartOver
from rules.fields.field import PARTIES
from rules.limits import shrank
from rules.records import Kind, Ref
from state import coverage, cursors, findings, merging, mirror, sightings, tallies, unmatched
from state.cursors import Lease
from state.store import Tx
from sync.app import App
from sync.stages import intake, merges
from sync.stages.lagging import caught_up
from sync.stages.watch import Watch

MOST_RESTARTS = 3


@dataclass(slots=True)
class Pulled:
    """What one pull did. The lease stays with the pass until its end."""

    stream: Stream
    lease: Lease
    read: int = 0
    born: int = 0
    moved: int = 0
    known: int = 0
    """Shown, and as we knew it."""
    again: int = 0
    """Met once more in the overlap of two readings, and left out by the connector."""
    gone: int = 0
    broken: int = 0
    statements: int = 0
    complete: bool = False
    last_seen: datetime | None = None
    """The end of the last complete reading: up to then a flag was as we knew it."""
    begun: tuple[Token | None, bool] = (None, False)
    """The cursor to go back to when this reading cannot be believed, and whether a complete one
    ended there."""
    goes_on: bool = False
    """It goes on where an earlier reading was stopped, or began anew: changes are asked for after it."""
    of: tuple[int, int] | None = None
    """How far it has come, in whatever the connector counts: done, of how many."""

    @property
    def expected(self) -> int:
        """How many new records it will have shown in the end, as far as can be told now."""
        done, whole = self.of or (0, 0)
        return round(self.born * whole / done) if done else self.born

    def compared_to(self, records: int, now: datetime) -> None:
        """So many live records there are, as was compared just now."""
        self.lease = replace(self.lease, records=records, listed_at=now)

    @property
    def is_quiet(self) -> bool:
        """Whether the pull found nothing new."""
        return not (self.born or self.moved or self.gone)


def begin(app: App, connector: Pulls, stream: Stream, lease: Lease) -> Pulled:
    """Make ready to read a stream from where its cursor stands."""
    fresh = _with_fields(app, connector, lease, stream)
    pulled = Pulled(stream, fresh, last_seen=lease.compared_at)
    pulled.goes_on = fresh.token is not None and not fresh.complete
    pulled.begun = (
        anew(connector, stream, fresh) if pulled.goes_on else fresh.token,
        fresh.complete,
    )
    _note_columns(app, pulled.lease, stream)
    return pulled


def read(
    app: App,
    connector: Pulls,
    pulled: Pulled,
    sample: int | None,
    watch: Watch,
) -> Iterator[None]:
    """Read the stream to its end, or `sample` records of it; gives way after each page.

    `watch` holds the calls on each page against the list, and tells who must hear of it.
    """
    for _ in range(MOST_RESTARTS):
        try:
            yield from _pages(app, connector, pulled, sample, watch)
            if pulled.goes_on and pulled.complete:
                # What was read before somebody stopped us may have changed since.
                pulled.lease = replace(pulled.lease, pass_no=pulled.lease.pass_no + 1)
                pulled.begun = (pulled.lease.token, True)
                yield from _pages(app, connector, pulled, sample, watch)
        except StartOver:
            _start_over(app, connector, pulled)
        else:
            return
    where = pulled.lease
    raise StartOver("error.keeps_changing", system=where.system, stream=where.stream)


def read_back(
    app: App, connector: Reads, pulled: Pulled, watch: Watch, refs: Sequence[Ref]
) -> None:
    """Bring the mirror of single records up to date, past what the system's feed shows by now."""
    records = list(connector.read(pulled.stream, refs))
    with app.store.transaction() as tx:
        lease, now = pulled.lease, app.clock()
        merged = merging.merge(tx, lease, records, now, app.settings.region, app.keys)
        intake.take(tx, app, lease.system, pulled.stream, merged, now, pulled.last_seen)
        watch.take(tx, pulled.stream, merged, now)
        sightings.forget_sightings(tx, lease)
        number = lease.records + len(merged.born) + merged.revived
        cursors.advance(tx, lease, now, records=number)
        pulled.lease = replace(lease, records=number)


def emptied(app: App, stream: Stream, lease: Lease) -> Pulled:
    """A stream that is gone: its records are buried, once a person has said that this is right."""
    if "shrink" not in app.allow:
        where = {"system": lease.system, "stream": lease.stream}
        raise RunStopped("error.shrank", **where, before=lease.records, now=0)
    with app.store.transaction() as tx:
        fresh, now = replace(_next_pass(tx, lease), records=0), app.clock()
        buried = len(sightings.bury(tx, fresh, now))
        findings.close_stream(tx, lease.system, lease.stream, now)
        cursors.advance(tx, fresh, now, token=None, complete=False, records=0)
    return Pulled(stream, fresh, gone=buried)


def _with_fields(app: App, connector: Pulls, lease: Lease, stream: Stream) -> Lease:
    """Note which fields are mapped, their units, and which nobody can write; others than last time
    mean: decide all again.

    Other fields are read again as well.
    """
    mapped = {c.canonical: c for c in stream.columns if c.canonical}
    fields = tuple(sorted(mapped))
    units = {name: mapped[name].unit for name in fields if mapped[name].unit}
    closed = tuple(name for name in fields if not mapped[name].writable)
    keyed = _keyed(app, stream)
    known = (lease.fields, lease.units, lease.closed, lease.keyed)
    if (fields, units, closed, keyed) == known:
        return lease
    with app.store.transaction() as tx:
        fresh = replace(lease, fields=fields, units=units, closed=closed, keyed=keyed)
        if lease.token is not None and (fields, keyed) != (lease.fields, lease.keyed):
            fresh = _next_pass(tx, fresh, anew(connector, stream, lease))
            mirror.outdate(tx, lease)
        if lease.token is not None and fields != lease.fields:
            coverage.forget(tx, lease.system, lease.stream)
            tallies.forget(tx, lease.system, lease.stream)
        said = {"fields": list(fields), "units": units, "closed": list(closed)}
        where = {"token": fresh.token, "complete": fresh.complete, "keyed": list(keyed) or None}
        cursors.advance(tx, fresh, app.clock(), **said, **where)
    return fresh


def _keyed(app: App, stream: Stream) -> tuple[str, ...]:
    """The columns that are read as match keys only, and what they are hashed with."""
    names = sorted(column.name for column in stream.columns if column.key)
    return (*names, app.keys.fingerprint) if names else ()


def _start_over(app: App, connector: Pulls, pulled: Pulled) -> None:
    """All is read once more, and behind it what has changed since the old cursor."""
    pulled.goes_on, pulled.complete = pulled.lease.token is not None, False
    token = anew(connector, pulled.stream, pulled.lease)
    pulled.begun = (token, False)
    with app.store.transaction() as tx:
        pulled.lease = _next_pass(tx, pulled.lease, token)
        cursors.advance(tx, pulled.lease, app.clock(), token=token, complete=False)


def anew(connector: object, stream: Stream, lease: Lease) -> Token | None:
    """From the beginning, with what the connector must not forget of where it stood: since when
    it has to be asked who said no for a while. Whoever drops a cursor puts this in its place."""
    if lease.token is None or not isinstance(connector, Rereads):
        return None
    return connector.anew(stream, lease.token)


def _next_pass(tx: Tx, lease: Lease, token: Token | None = None) -> Lease:
    sightings.forget_sightings(tx, lease)
    return replace(lease, pass_no=lease.pass_no + 1, token=token, complete=False)


def _pages(
    app: App, connector: Pulls, pulled: Pulled, sample: int | None, watch: Watch
) -> Iterator[None]:
    app.progress.start("progress.pull", None, f"unit.{pulled.stream.can.counts}")
    started = app.clock()
    for shown in connector.pull(pulled.stream, pulled.lease.token):
        page = caught_up(app, connector, pulled.stream, shown)
        stop = _in_turn(app, pulled.stream, partial(_take_page, app, pulled, page, started, watch))
        watch.tell()
        if stop:
            # After the commit: what the page said about opt-outs holds, whatever the rest is worth.
            raise stop
        if page.of:
            pulled.of = page.of
            app.progress.advance(*page.of)
        yield
        app.go_on()
        if sample is not None and pulled.read >= sample:
            break
    app.progress.end()


def _in_turn(
    app: App, stream: Stream, take: Callable[[Tx], RunStopped | None]
) -> RunStopped | None:
    """An opt-out at the desk goes first. Calls are told of as they are judged, and so only once."""
    if stream.kind is not Kind.CALL:
        return app.store.politely(take)
    with app.store.transaction() as tx:
        return take(tx)


def _take_page(
    app: App, pulled: Pulled, page: Page, started: datetime, watch: Watch, tx: Tx
) -> RunStopped | None:
    lease, now = pulled.lease, app.clock()
    merged = merging.merge(tx, lease, page.records, now, app.settings.region, app.keys)
    gone = sightings.bury_refs(tx, lease, _departed(page), now)
    statements = intake.take(tx, app, lease.system, pulled.stream, merged, now, pulled.last_seen)
    merges.take(tx, app, lease.system, page, merged, now)
    watch.take(tx, pulled.stream, merged, now)
    if app.matches and lease.kind in PARTIES:
        unmatched.mark(tx, merged.rids)
    if page.episodes:
        told = (lease.system, pulled.stream, page.episodes, now)
        statements += intake.take_episodes(tx, app, *told)
    _note_broken(tx, lease, page, now)
    records = lease.records + len(merged.born) + merged.revived - gone
    stop, after = None, replace(lease, token=page.next, complete=page.complete)
    if page.complete and page.full:
        findings.close_places(tx, lease.system, lease.stream, now, started)
        stop, buried = _end_reading(tx, app, lease, records)
        gone, records = gone + buried, records - buried
        _note_withdrawn(tx, lease, gone, now)
    if stop:
        token, complete = pulled.begun
        after = replace(lease, pass_no=lease.pass_no + 1, token=token, complete=complete)
    if page.complete:
        sightings.forget_sightings(tx, lease)
    compared = {"compared_at": now} if after.complete and not stop else {}
    if compared and (page.full or lease.pass_no == 1):
        # Everything that there is was shown: there is nothing to compare for a while.
        compared["listed_at"] = now
        after = replace(after, listed_at=now)
    cursors.advance(
        tx,
        after,
        now,
        token=after.token,
        complete=after.complete,
        records=records,
        moved_at=now,
        **compared,
    )
    pulled.lease = replace(after, records=records)
    pulled.complete = after.complete and not stop
    pulled.read += len(page.records)
    pulled.born += len(merged.born)
    pulled.moved += len(merged.moved)
    pulled.known += merged.unchanged
    pulled.again += page.again
    pulled.gone += gone
    pulled.broken += len(page.broken)
    pulled.statements += statements
    return stop


def _departed(page: Page) -> list[str]:
    """The ids of the deleted, and of those who went up in another record."""
    stones = (stone.ref.id for stone in page.tombstones)
    return list(dict.fromkeys((*stones, *(way.old.id for way in page.redirects))))


# What a header says that must not go unseen; the other remarks stand beside the mapping.
_SERIOUS = {"opt_out_twice": Severity.ERROR, "opt_out_unread": Severity.ERROR}
_HEADER_PLACE = 1


def _note_columns(app: App, lease: Lease, stream: Stream) -> None:
    """A column that says no and is not read is a finding, until it is read; so is one that lacks."""
    found = tuple(
        Finding(one.code, _SERIOUS[one.code], None, one.details)
        for one in stream.remarks
        if one.code in _SERIOUS
    )
    twice = (
        Finding("column_twice", Severity.NOTICE, one.details["field"], one.details)
        for one in stream.remarks
        if one.code == "field_twice"
    )
    lacking = columns(stream.kind, lease.fields, app.catalogue)
    judged = [
        findings.Judged(None, _HEADER_PLACE, found),
        findings.Judged(None, None, (*lacking, *{one.field: one for one in twice}.values())),
    ]
    with app.store.transaction() as tx:
        now = app.clock()
        findings.replace(tx, lease.system, lease.stream, "columns", judged, now, fresh=False)


def _note_broken(tx: Tx, lease: Lease, page: Page, now: datetime) -> None:
    judged = [findings.Judged(None, one.place, (one.finding,)) for one in page.broken]
    findings.replace(tx, lease.system, lease.stream, "pull", judged, now, fresh=False)


def _note_withdrawn(tx: Tx, lease: Lease, gone: int, now: datetime) -> None:
    """Rows that left an opt-out list: their blocks stand, and whoever took them out should know."""
    if lease.kind is not Kind.OPT_OUT:
        return
    told = Finding("opt_out_rows_gone", Severity.NOTICE, details={"count": str(gone)})
    judged = [findings.Judged(None, None, (told,) if gone else ())]
    findings.replace(tx, lease.system, lease.stream, "withdrawn", judged, now, fresh=False)


def _end_reading(tx: Tx, app: App, lease: Lease, records: int) -> tuple[RunStopped | None, int]:
    """Everything there is has been shown: bury the rest, unless the source looks broken.

    Then nothing is buried, and the stream will be read once more from where this reading began.
    """
    if lease.pass_no == 1:
        return None, 0
    seen = sightings.count_sightings(tx, lease)
    if seen > records:
        raise InvariantBroken(f"more records seen than there are in {lease.system}/{lease.stream}")
    if seen == records:
        return None, 0
    before = records - sightings.count_born(tx, lease)
    if "shrink" not in app.allow and shrank(before, seen, app.policy):
        where = {"system": lease.system, "stream": lease.stream}
        return RunStopped("error.shrank", **where, before=before, now=seen), 0
    return None, len(sightings.bury(tx, lease, app.clock()))
