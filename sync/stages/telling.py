"""Tell a system whom it must not contact: flags on its records, confirmed by being read back.

    look     blocked records that do not show it yet; what the mirror shows already costs no call
    note     their entries are on their way, before anything leaves
    write    flags only, whatever else was changed since
    read     the records once more: only what they show now counts
    settle   history, mirror and receipts in one transaction; the rest is tried again later

A kill between any two of them loses nothing: what is not noted as told is looked at again, and a
flag that stands already is not written twice. No limit, plan or person holds any of it back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final

from connectors.protocol import (
    Applied,
    Blocks,
    Clearing,
    Conflict,
    Connector,
    Moved,
    Outcome,
    Pushes,
    Reads,
    Rejected,
    Remembers,
    Stream,
)
from rules.changes import Finding, RecordChange, Severity
from rules.errors import RingrenError, RunStopped, SystemStopped, TryAgain
from rules.flags import LIFTED, RULE, SET_AT, Flag, Wanted, wanted
from rules.records import Record, Ref, Value
from rules.spans import COPENHAGEN
from rules.suppression import SINGLE_CHANNELS, Channel
from state import (
    departures,
    findings,
    history,
    mirror,
    outbox,
    proposals,
    reach,
    redirects,
    telling,
)
from state.cursors import Lease
from state.screen import Screen
from state.telling import Untold
from sync.app import App
from sync.logs import logger
from sync.stages.settle import Settling
from sync.stages.told import Told

TRIES: Final = 3
"""Writes of one record in one pass; after that it waits."""
SLICE: Final = 5000
"""Rows of a list that are written at a time, where each write replaces the list."""
TAKEN_OFF: Final = "taken_off"
LOG = logger(__name__)


@dataclass(frozen=True, slots=True)
class Lane:
    """A stream, and our lease on it where it is being read in this pass."""

    stream: Stream
    lease: Lease | None = None


@dataclass(slots=True)
class _Page:
    """The records of one page, sorted by what has to be done about them."""

    now: datetime
    shown: list[Untold] = field(default_factory=list)
    todo: list[Untold] = field(default_factory=list)
    unable: list[Untold] = field(default_factory=list)
    cleared: list[Untold] = field(default_factory=list)
    """Of `todo` those that had the flag before."""
    tired: list[Untold] = field(default_factory=list)
    """Cleared so often today that our list alone holds them."""
    lacking: dict[frozenset[Channel], list[Untold]] = field(default_factory=dict)


class Telling:
    """Tells one system."""

    def __init__(self, app: App, name: str, connector: Connector, run: int) -> None:
        self.app, self.name, self.connector, self.run_no = app, name, connector, run
        self.done = Told()
        self.moved: dict[str, Lease] = {}
        """By stream: our lease, with the cursor after what we wrote."""
        self._off: set[int] = set()
        """Whose flag was gone before it could be read back, by rid."""
        self.causes: dict[str, int] = {}
        """Flags that were put back, by what had taken them off."""

    # --- the streams ---

    def stream(self, lane: Lane) -> None:
        """All of a stream's records that are due. Errors of the system are raised in the end."""
        flags = self._flags(lane.stream)
        settling = Settling(self.app, lane.lease, self.run_no) if lane.lease else None
        after, size = (-1, 0), lane.stream.can.batch_size or SLICE
        while True:
            with self.app.store.reading() as tx:
                rows = telling.untold(tx, self.name, lane.stream.name, after, size)
            if not rows:
                return
            self.app.go_on()
            after = (rows[-1].record.place or 0, rows[-1].rid)
            page = self._sorted([one for one in rows if not self._waits(lane, one)], flags)
            self._begin(page)
            self._tell(lane, settling, flags, page)

    def _flags(self, stream: Stream) -> Sequence[Flag]:
        return self.connector.flags(stream) if isinstance(self.connector, Blocks) else ()

    def _waits(self, lane: Lane, one: Untold) -> bool:
        """Whose flag another program takes off at once is told behind a reading only: changed just
        before each, he would never be shown as he is."""
        if one.why == TAKEN_OFF and not lane.lease:
            return True
        return one.due_at is not None and one.due_at > self.app.clock()

    def _sorted(self, rows: Sequence[Untold], flags: Sequence[Flag]) -> _Page:
        page = _Page(self.app.clock())
        today = self.app.today.isoformat()
        with self.app.store.reading() as tx:
            before = telling.were_set_by_us(tx, [one.rid for one in rows], RULE, LIFTED)
        for one in rows:
            found = wanted(one.record.values, one.channels, flags)
            if found.lacking:
                page.lacking.setdefault(found.lacking, []).append(one)
            if found.lacking == one.channels:
                page.unable.append(one)
            elif not found.changes:
                page.shown.append(one)
            elif one.rid in before and self._is_tired(one, today):
                page.tired.append(one)
            else:
                page.todo.append(one)
                if one.rid in before:
                    page.cleared.append(one)
        return page

    def _is_tired(self, one: Untold, today: str) -> bool:
        most = self.app.settings.suppression.put_back_a_day
        return one.day == today and one.put_back >= most

    def _begin(self, page: _Page) -> None:
        """Noted before anything leaves. What is shown already is done with."""
        done = [*page.shown, *page.unable]
        with self.app.store.transaction(urgent=True) as tx:
            telling.begin(tx, self.name, _events(page.shown))
            telling.begin(tx, self.name, _events(page.todo), anew=True)
            for channels, rows in page.lacking.items():
                telling.lacks(tx, self.name, _events(rows), _lacks(channels))
            telling.tell(tx, [one.rid for one in done])
            telling.forget_tries(tx, [one.rid for one in done])
            telling.hold_until(tx, page.tired, "cleared_again", _tomorrow(page.now))
        self.done.shown += len(page.shown)
        self.done.lacking += len(page.unable)

    # --- the writes ---

    def _tell(
        self, lane: Lane, settling: Settling | None, flags: Sequence[Flag], page: _Page
    ) -> None:
        if page.tired:
            self._say(lane, page.tired, "flag_cleared_again", Severity.ERROR)
        left = page.todo
        cleared = {one.rid for one in page.cleared}
        for attempt in range(TRIES):
            if not left:
                return
            try:
                left = self._once(lane, settling, flags, left, cleared)
            except (TryAgain, SystemStopped, RunStopped) as error:
                self._hold_up(left, error)
                raise
            del attempt
        self._hold_up(left, None)

    def _hold_up(self, rows: Sequence[Untold], error: RingrenError | None) -> None:
        why = error.message if error else "not_read_back"
        after = error.after_seconds if isinstance(error, TryAgain) else None
        off = [one for one in rows if not error and one.rid in self._off]
        with self.app.store.transaction(urgent=True) as tx:
            now = self.app.clock()
            telling.hold_up(tx, off, TAKEN_OFF, now)
            telling.hold_up(tx, [one for one in rows if one not in off], why, now, after)

    def _once(
        self,
        lane: Lane,
        settling: Settling | None,
        flags: Sequence[Flag],
        rows: Sequence[Untold],
        cleared: set[int],
    ) -> list[Untold]:
        """Write these and read them back; gives those that are not told yet."""
        assert isinstance(self.connector, Blocks)  # noqa: S101 - it has flags
        if settling:
            settling.hold()
        here = self._fresh(lane, rows)
        due, already, gone = _due(rows, here, flags)
        causes = self._causes(lane, [one for one, _ in due if one.rid in cleared], flags)
        batch = [
            RecordChange(one.record.ref, one.record.version, found.changes, one.record.place)
            for one, found in due
        ]
        if batch:
            self._note_write(lane, batch, due)
        token = settling.lease.token if settling else None
        moved: list[Moved] = []
        outcomes: dict[str, Outcome] = {}
        if batch:
            try:
                for said in self.connector.block(lane.stream, token, batch):
                    if isinstance(said, Moved):
                        moved.append(said)
                    else:
                        outcomes[said.ref.id] = said
            except (TryAgain, SystemStopped, RunStopped):
                self._note_stayed(lane, due, outcomes)
                raise
        shown, bare = self._read_back(lane, due, outcomes, flags)
        self._settle(lane, due, outcomes, shown, [*already, *gone], causes)
        self._note_bare(bare, here)
        if settling:
            for one in moved:
                settling.move(one.token)
                self.moved[lane.stream.name] = settling.lease
        self.done.shown += len(already)
        self.done.gone += len(gone)
        over = shown.keys() | {one.rid for one in (*already, *gone)} | self._refused(outcomes, due)
        return [one for one in rows if one.rid not in over]

    def _note_write(
        self, lane: Lane, batch: Sequence[RecordChange], due: Sequence[tuple[Untold, Wanted]]
    ) -> None:
        """Were we to die behind it, our own write would look like a no that the record says.

        In a list whose rows are known by their content it would look like a row that went and
        another that came, so there the outbox knows of it too.
        """
        rows = []
        if lane.stream.can.atomic_batch and isinstance(self.connector, Pushes):
            for change, (one, _) in zip(batch, due, strict=True):
                expected = self.connector.expected_version(lane.stream, one.record, change)
                text = proposals.changes_text(change.changes)
                where = (self.name, lane.stream.name, one.record.place, one.record.version)
                rows.append((one.rid, self.run_no, None, None, *where, expected, text, "sent"))
        with self.app.store.transaction(urgent=True) as tx:
            fields = {one.rid: [c.field for c in found.changes] for one, found in due}
            departures.leave(tx, fields, self.app.clock(), self.app.time_there(self.name))
            outbox.queue(tx, rows)

    def _note_stayed(
        self, lane: Lane, due: Sequence[tuple[Untold, Wanted]], outcomes: Mapping[str, Outcome]
    ) -> None:
        """Who was not written to when it broke off may say no himself, at once: that is his word."""
        if lane.stream.can.atomic_batch:
            return
        stayed = {
            one.rid: [c.field for c in found.changes]
            for one, found in due
            if one.record.ref.id not in outcomes
        }
        with self.app.store.transaction(urgent=True) as tx:
            departures.stayed(tx, stayed)

    def _causes(
        self, lane: Lane, rows: Sequence[Untold], flags: Sequence[Flag]
    ) -> dict[int, Clearing]:
        """Who or what cleared these, asked before our own write hides it.

        A merge we know of ourselves: the record took another one in since its flag was set.
        """
        if not rows:
            return {}
        refs = [one.record.ref for one in rows]
        said: Mapping[Ref, Clearing] = {}
        if isinstance(self.connector, Remembers):
            said = self.connector.cleared(lane.stream, refs, [one.field for one in flags])
        with self.app.store.reading() as tx:
            merged = redirects.taken_in(tx, refs)
        found = {}
        for one in rows:
            known = said.get(one.record.ref, Clearing())
            how = merged.get(one.record.ref, "") if not known.how else known.how
            found[one.rid] = Clearing(how, known.who)
        return found

    def _fresh(self, lane: Lane, rows: Sequence[Untold]) -> Mapping[Ref, Record] | None:
        """The records as they stand now; None where a write finds out by itself what has changed."""
        if lane.stream.can.atomic_batch or not isinstance(self.connector, Reads):
            return None
        refs = [one.record.ref for one in rows]
        return {one.ref: one for one in self.connector.read(lane.stream, refs)}

    def _read_back(
        self,
        lane: Lane,
        due: Sequence[tuple[Untold, Wanted]],
        outcomes: Mapping[str, Outcome],
        flags: Sequence[Flag],
    ) -> tuple[dict[int, Record | None], dict[int, Record]]:
        """Those that show it now by rid, as they are, whatever was answered; and those that do not.

        A row without an id cannot be asked for: there the list as a whole was read back.
        """
        named = [one for one, _ in due if not one.by_content]
        shown: dict[int, Record | None] = {
            one.rid: None
            for one, _ in due
            if one.by_content and isinstance(outcomes.get(one.record.ref.id), Applied)
        }
        bare: dict[int, Record] = {}
        if not named or not isinstance(self.connector, Reads):
            return shown, bare
        refs = [one.record.ref for one in named]
        here = {one.ref: one for one in self.connector.read(lane.stream, refs)}
        for one in named:
            if record := here.get(one.record.ref):
                lacks = wanted(record.values, one.channels, flags).changes
                (bare if lacks else shown)[one.rid] = record
        return shown, bare

    def _note_bare(self, bare: Mapping[int, Record], before: Mapping[Ref, Record] | None) -> None:
        """A flag that is taken off as soon as it is set leaves a record as it was, in another version:
        with the old one every correction would look late, for as long as somebody takes it off."""
        moved = {
            rid: one
            for rid, one in bare.items()
            if before and (was := before.get(one.ref)) and was.version != one.version
        }
        self._off |= moved.keys()
        with self.app.store.transaction(urgent=True) as tx:
            known, now = mirror.held(tx, list(moved)), self.app.clock()
            fresh = [
                (one.version, mirror.cells_text(row.values), row.place, now, None, rid)
                for rid, one in moved.items()
                if _holds(one, (row := known[rid].record).values)
            ]
            mirror.set_written(tx, fresh)
        self.done.taken_off += len(fresh)

    def _refused(
        self, outcomes: Mapping[str, Outcome], due: Sequence[tuple[Untold, Wanted]]
    ) -> set[int]:
        return {one.rid for one, _ in due if isinstance(outcomes.get(one.record.ref.id), Rejected)}

    def _settle(
        self,
        lane: Lane,
        due: Sequence[tuple[Untold, Wanted]],
        outcomes: Mapping[str, Outcome],
        shown: Mapping[int, Record | None],
        others: Sequence[Untold],
        causes: Mapping[int, Clearing],
    ) -> None:
        now, today = self.app.clock(), self.app.today.isoformat()
        told = [(one, found) for one, found in due if one.rid in shown]
        refused = [
            (one, outcome)
            for one, _ in due
            if one.rid not in shown
            and isinstance(outcome := outcomes.get(one.record.ref.id), Rejected)
        ]
        back = [one for one, _ in told if one.rid in causes]
        rids = [one.rid for one, _ in told] + [one.rid for one in others]
        judged = [_judged(one, outcome.code, outcome.details) for one, outcome in refused]
        judged += [
            _put_back(one, causes[one.rid])
            if one.rid in causes
            else findings.Judged(one.rid, one.record.place, ())
            for one, _ in told
        ]
        with self.app.store.transaction(urgent=True) as tx:
            held = mirror.held(tx, [one.rid for one, _ in told])
            written = [
                self._written(one, found, outcomes, shown[one.rid], held[one.rid], now)
                for one, found in told
            ]
            history.add(tx, [row for row, _ in written])
            mirror.set_written(tx, [row for _, row in written])
            if lane.stream.can.atomic_batch:
                outbox.drop_of(tx, [one.rid for one, _ in due], self.run_no)
            telling.tell(tx, rids)
            telling.forget_tries(tx, rids)
            departures.arrived(tx, [one.rid for one, _ in told])
            departures.stayed(tx, _unwritten(due, outcomes, shown))
            telling.set_again(tx, back, today)
            telling.hold_up(tx, [one for one, _ in refused], "refused", now)
            where = (self.name, lane.stream.name)
            findings.replace(tx, *where, "tell", judged, now, fresh=False)
            findings.close_code(tx, [one.rid for one in back], "opt_out_cleared", now)
        self.done.written += len(told)
        self.done.put_back += len(back)
        for one in back:
            cause = causes[one.rid].how or "unknown"
            self.causes[cause] = self.causes.get(cause, 0) + 1
        self.done.refused += len(refused)

    def _written(
        self,
        one: Untold,
        found: Wanted,
        outcomes: Mapping[str, Outcome],
        seen: Record | None,
        row: mirror.Held,
        now: datetime,
    ) -> tuple[tuple[Any, ...], tuple[str, str, int | None, datetime, None, int]]:
        """A line for the history, and the mirror's row with the flags in it.

        The version is the new one only where nothing else was changed: else the next pull has to
        show what others did. A lost answer leaves it to what was read back: with the version from
        before our write, a flag that somebody takes off again would look like no change at all.
        """
        outcome, base = outcomes.get(one.record.ref.id), one.record.version
        new = outcome.version if isinstance(outcome, Applied) else base
        version = new if row.record.version == base else row.record.version
        place = (outcome.place if isinstance(outcome, Applied) else None) or row.record.place
        cells = {**row.record.values, **{c.field: c.new for c in found.changes}}
        if seen is not None and all(seen.values.get(name) == text for name, text in cells.items()):
            version = seen.version
        noted = {SET_AT: self.app.time_there(self.name).isoformat()}
        changes = [c._replace(details={**c.details, **noted}) for c in found.changes]
        text = proposals.changes_text(changes)
        where = (one.record.ref.system, row.stream)
        line = (self.run_no, one.rid, *where, base, version, text, self.app.actor, now, None)
        return line, (version, mirror.cells_text(cells), place, now, None, one.rid)

    def _say(self, lane: Lane, rows: Sequence[Untold], code: str, how_bad: Severity) -> None:
        judged = [_judged(one, code, {}, how_bad) for one in rows]
        with self.app.store.transaction(urgent=True) as tx:
            where = (self.name, lane.stream.name)
            findings.replace(tx, *where, "tell", judged, self.app.clock(), fresh=False)

    # --- the deliveries ---

    def end(self, *, all_decided: bool, by_entry: bool) -> Told:
        """What is on its way and waits for no record any more is confirmed.

        `all_decided`: every record was decided with all that the ledger holds, so that what no
        record was to be told of is settled. `by_entry`: there is a list of numbers or addresses too.
        """
        now = self.app.clock()
        with self.app.store.transaction(urgent=True) as tx:
            telling.pass_over(tx, self.name)
        self._postpone(now)
        with self.app.store.transaction(urgent=True) as tx:
            self.done.confirmed += telling.confirm(tx, self.name, now, by_entry=by_entry)
            if all_decided and not mirror.count_dirty(tx, self.name) and not reach.pending(tx):
                self.done.settled += telling.settle(tx, self.name, now, by_entry=by_entry)
            self.done.open = telling.open_ones(tx, self.name)
        LOG.info("told", system=self.name, written=self.done.written, open=self.done.open)
        return self.done

    def _postpone(self, now: datetime) -> None:
        """Entries that reach a record which is not told are not confirmed, whatever the others show."""
        after, self.done.waiting = 0, 0
        while True:
            with self.app.store.transaction(urgent=True) as tx:
                rows = telling.left(tx, self.name, after)
                by_due: dict[tuple[datetime, str], set[str]] = {}
                for row in rows:
                    why = (row.due_at or now, row.why or "not_reached")
                    by_due.setdefault(why, set()).update(row.events)
                for (due, why_not), events in by_due.items():
                    telling.postpone(tx, self.name, events, due, why_not)
            if not rows:
                return
            after = rows[-1].rid
            self.done.waiting += len(rows)


def refresh(app: App, screen: Screen) -> None:
    """Note whom the newest opt-outs reach among the records that are known."""
    while True:
        with app.store.transaction() as tx:
            if not telling.refresh(tx, app.keys, screen, app.settings.region, app.clock()):
                return


def _unwritten(
    due: Sequence[tuple[Untold, Wanted]],
    outcomes: Mapping[str, Outcome],
    shown: Collection[int],
) -> dict[int, list[str]]:
    """Flags that surely did not get there: who says no himself from now on is heard."""
    return {
        one.rid: [change.field for change in found.changes]
        for one, found in due
        if one.rid not in shown and isinstance(outcomes.get(one.record.ref.id), Conflict | Rejected)
    }


def _due(
    rows: Sequence[Untold], here: Mapping[Ref, Record] | None, flags: Sequence[Flag]
) -> tuple[list[tuple[Untold, Wanted]], list[Untold], list[Untold]]:
    """What is to be set on which record, who shows it already, and who is gone."""
    due: list[tuple[Untold, Wanted]] = []
    already: list[Untold] = []
    gone: list[Untold] = []
    for one in rows:
        record = one.record if here is None else here.get(one.record.ref)
        if record is None:
            gone.append(one)
            continue
        found = wanted(record.values, one.channels, flags)
        if found.changes:
            due.append((one, found))
        else:
            already.append(one)
    return due, already, gone


def _holds(record: Record, values: Mapping[str, Value]) -> bool:
    return all(record.values.get(name) == text for name, text in values.items())


def _events(rows: Iterable[Untold]) -> set[str]:
    return {event for one in rows for event in one.events}


def _lacks(channels: frozenset[Channel]) -> str:
    return "lacks " + ",".join(one for one in SINGLE_CHANNELS if one in channels)


def _judged(
    one: Untold, code: str, details: Mapping[str, str], how_bad: Severity = Severity.ERROR
) -> findings.Judged:
    return findings.Judged(one.rid, one.record.place, (Finding(code, how_bad, None, details),))


def _put_back(one: Untold, cause: Clearing) -> findings.Judged:
    """A finding of its own for each cause, with the name that the system gives."""
    code = f"flag_cleared_{cause.how}" if cause.how else "flag_put_back"
    return _judged(one, code, {"who": cause.who or "?"}, Severity.WARNING)


def _tomorrow(now: datetime) -> datetime:
    day = now.astimezone(COPENHAGEN).date() + timedelta(days=1)
    return datetime.combine(day, time(), COPENHAGEN)
