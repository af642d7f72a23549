"""Set flags on a batch of records, read them back, and keep what came of it.

Noted before anything leaves: were we to die behind it, our own write would look like a no that the
record says. What is told is what the record shows when it is read once more, whatever was answered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
from rules.errors import RunStopped, SystemStopped, TryAgain
from rules.flags import SET_AT, Flag, Wanted, wanted
from rules.records import Record, Ref, Value
from state import departures, findings, history, mirror, outbox, proposals, redirects, telling
from state.cursors import Lease
from state.telling import Untold
from sync.app import App
from sync.stages.settle import Settling
from sync.stages.told import Told


@dataclass(frozen=True, slots=True)
class Lane:
    """A stream, and our lease on it where it is being read in this pass."""

    stream: Stream
    lease: Lease | None = None


class Flagging:
    """Writes flags to one system; counts into `done`."""

    def __init__(self, app: App, name: str, connector: Connector, run: int, done: Told) -> None:
        self.app, self.name, self.connector, self.run_no, self.done = (
            app,
            name,
            connector,
            run,
            done,
        )
        self.moved: dict[str, Lease] = {}
        """By stream: our lease, with the cursor after what we wrote."""
        self.off: set[int] = set()
        """Whose flag was gone before it could be read back, by rid."""
        self.causes: dict[str, int] = {}
        """Flags that were put back, by what had taken them off."""

    def write(
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
        self.off |= moved.keys()
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
        judged = [finding_on(one, outcome.code, outcome.details) for one, outcome in refused]
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


def finding_on(
    one: Untold, code: str, details: Mapping[str, str], how_bad: Severity = Severity.ERROR
) -> findings.Judged:
    return findings.Judged(one.rid, one.record.place, (Finding(code, how_bad, None, details),))


def _put_back(one: Untold, cause: Clearing) -> findings.Judged:
    """A finding of its own for each cause, with the name that the system gives."""
    code = f"flag_cleared_{cause.how}" if cause.how else "flag_put_back"
    return finding_on(one, code, {"who": cause.who or "?"}, Severity.WARNING)
