"""Tell a system whom it must not contact: flags on its records, confirmed by being read back.

    look     blocked records that do not show it yet; what the mirror shows already costs no call
    note     their entries are on their way, before anything leaves
    write    flags only, whatever else was changed since (`flagging`, up to settling)
    read     the records once more: only what they show now counts
    settle   history, mirror and receipts in one transaction; the rest is tried again later

A kill between any two of them loses nothing: what is not noted as told is looked at again, and a
flag that stands already is not written twice. No limit, plan or person holds any of it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

from connectors.protocol import Blocks, Connector, Stream
from rules.changes import Severity
from rules.errors import RingrenError, RunStopped, SystemStopped, TryAgain
from rules.flags import LIFTED, RULE, Flag, wanted
from rules.spans import COPENHAGEN
from rules.suppression import SINGLE_CHANNELS, Channel
from state import findings, mirror, reach, telling
from state.screen import Screen
from state.telling import Untold
from sync.app import App
from sync.logs import logger
from sync.stages.flagging import Flagging, Lane, finding_on
from sync.stages.settle import Settling
from sync.stages.told import Told

TRIES: Final = 3
"""Writes of one record in one pass; after that it waits."""
SLICE: Final = 5000
"""Rows of a list that are written at a time, where each write replaces the list."""
TAKEN_OFF: Final = "taken_off"
LOG = logger(__name__)


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
        self.flagging = Flagging(app, name, connector, run, self.done)

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
                left = self.flagging.write(lane, settling, flags, left, cleared)
            except (TryAgain, SystemStopped, RunStopped) as error:
                self._hold_up(left, error)
                raise
            del attempt
        self._hold_up(left, None)

    def _hold_up(self, rows: Sequence[Untold], error: RingrenError | None) -> None:
        why = error.message if error else "not_read_back"
        after = error.after_seconds if isinstance(error, TryAgain) else None
        off = [one for one in rows if not error and one.rid in self.flagging.off]
        with self.app.store.transaction(urgent=True) as tx:
            now = self.app.clock()
            telling.hold_up(tx, off, TAKEN_OFF, now)
            telling.hold_up(tx, [one for one in rows if one not in off], why, now, after)

    def _say(self, lane: Lane, rows: Sequence[Untold], code: str, how_bad: Severity) -> None:
        judged = [finding_on(one, code, {}, how_bad) for one in rows]
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


def _events(rows: Iterable[Untold]) -> set[str]:
    return {event for one in rows for event in one.events}


def _lacks(channels: frozenset[Channel]) -> str:
    return "lacks " + ",".join(one for one in SINGLE_CHANNELS if one in channels)


def _tomorrow(now: datetime) -> datetime:
    day = now.astimezone(COPENHAGEN).date() + timedelta(days=1)
    return datetime.combine(day, time(), COPENHAGEN)
