"""`sync suppression verify`: our list held against what each system shows, both ways, and repaired.

First everything that is new goes in and out, as `deliver` does. Then

    ours -> theirs    every record that we block is read back, page by page, and has to show it
    theirs -> ours    every flag that a system shows has to stand in our list; one that does not is
                      heard now

What is missing is put back and told by cause. A side that is suddenly empty or halved stops the
comparison: then nothing is said to be well, and still nothing is ever taken off. What came of it is
kept as a statement with counts, which list release asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from connectors.barring import Barring, Bars, barring_of
from connectors.protocol import Blocks, Reads, Stream
from rules.barring import Bar
from rules.errors import Exit, RunStopped, SystemStopped, TryAgain
from rules.flags import LIFTED, RULE, is_shown, shown
from rules.opt_out_fields import intake
from rules.records import Record, Ref
from rules.suppression import Channel
from state import entering, ledger, mirror, proposals, telling, verifying
from state.telling import SHOWING
from state.verifying import Listed, Verdict
from sync.app import App
from sync.facts import Failure, StreamFacts
from sync.logs import logger
from sync.passes import Pass

PAGE: Final = 200
SCAN: Final = 2000
FEWEST: Final = 20
"""Below so many, half of it is no sign of anything."""
LOG = logger(__name__)


@dataclass(slots=True)
class Compared:
    """One system. `records`: blocked by us; `flagged`: shown as blocked there; `unlisted`: shown there
    and not in our list until now; `read`: what the answer rests on. `entries`: opt-outs whose numbers
    or addresses a list there has to hold; `shown` and `missing` count these as well."""

    verdict: Verdict = Verdict.GREEN
    why: str = ""
    read: str = "records"
    records: int = 0
    entries: int = 0
    shown: int = 0
    missing: int = 0
    gone: int = 0
    flagged: int = 0
    unlisted: int = 0
    repaired: int = 0
    open: int = 0
    causes: dict[str, int] = field(default_factory=dict)

    def counts(self) -> dict[str, Any]:
        """As the statement keeps it."""
        names = (
            "read",
            "records",
            "entries",
            "shown",
            "missing",
            "gone",
            "flagged",
            "unlisted",
            "repaired",
        )
        kept: dict[str, Any] = {name: getattr(self, name) for name in names}
        return {**kept, "open": self.open, "causes": self.causes, "why": self.why}


@dataclass(frozen=True, slots=True)
class Verification:
    """What a comparison of all systems came to."""

    at: datetime
    systems: Mapping[str, Compared]
    failures: tuple[Failure, ...]
    exit_code: Exit


def verify(app: App) -> Verification:
    """Compare, repair, and keep a statement for each system."""
    with Pass(app, "suppression verify") as one:
        one.pull()
        with app.store.reading() as tx:
            plan = proposals.next_plan(tx)
        _deliver(one, plan)
        found = {name: _System(app, one, name).compare() for name in one.facts.systems}
        _theirs(app, one, found)
        _deliver(one, plan)
        for name, compared in found.items():
            _conclude(app, one, name, compared)
        code = one.stop()
    at = app.clock()
    with app.store.transaction() as tx:
        for name, compared in found.items():
            verifying.note(tx, name, at, compared.verdict, compared.counts())
    return Verification(at, found, tuple(one.facts.failures), _exit(found, code))


def _deliver(one: Pass, plan: int) -> None:
    one.decide(plan)
    while one.tell():
        one.decide(plan)


def _exit(found: Mapping[str, Compared], code: Exit) -> Exit:
    verdicts = {one.verdict for one in found.values()}
    if Verdict.STOPPED in verdicts:
        return Exit.GUARD
    return Exit.FAILED if Verdict.OPEN in verdicts else code


class _System:
    """Our list against one system."""

    def __init__(self, app: App, one: Pass, name: str) -> None:
        self.app, self.name, self.connector = app, name, app.systems[name]
        self.parts = [part for part in one.facts.streams if part.system == name]
        self.closed = {stream for system, stream in one.closed if system == name}
        self.failed = any(one.system == name for one in one.facts.failures)
        with app.store.reading() as tx:
            self.before = verifying.last_told(tx, name)
            self.found = Compared(records=verifying.count_blocked(tx, name))

    def compare(self) -> Compared:
        """Read back what we block, unless one side cannot be what it was."""
        if self.failed or self.closed:
            return self._stopped("unreadable")
        if _halved(self.before.get("records", 0), self.found.records):
            return self._stopped("ours_halved")
        ours = 0
        if isinstance(self.connector, Blocks) and isinstance(self.connector, Reads):
            ours = self.found.records
            for part in self.parts:
                if part.stream.kind in SHOWING and part.pulled and not part.given_up:
                    self._stream(part)
        else:
            self.found.read = "list"
        try:
            if facts := barring_of(self.connector):
                self._list(facts)
        except (TryAgain, SystemStopped, RunStopped) as error:
            LOG.warning("not compared", system=self.name, why=error.message)
            return self._stopped("unreadable")
        if _halved(ours + self.found.entries - self.found.gone, self.found.shown):
            return self._stopped("theirs_halved")
        return self.found

    def _list(self, facts: Barring) -> None:
        """Every opt-out that a list there has confirmed: its numbers and addresses, asked for."""
        assert isinstance(self.connector, Bars)  # noqa: S101 - it has facts
        self.found.read, after = facts.reads, 0
        while True:
            now, size = self.app.clock(), facts.batch_size
            with self.app.store.sorting() as tx:
                page = entering.shown(tx, self.app.keys, self.name, facts.takes, after, now, size)
            if not page:
                return
            after = page[-1].seq
            wanted = list(dict.fromkeys(bar for one in page for bar in one.bars))
            here: set[Bar] = set()
            for at in range(0, len(wanted), size):
                here.update(self.connector.barred(wanted[at : at + size]))
            listed = [one for one in page if one.bars]
            missing = [one.delivery for one in listed if not here.issuperset(one.bars)]
            self.found.entries += len(listed)
            self.found.shown += len(listed) - len(missing)
            self.found.missing += len(missing)
            if missing:
                with self.app.store.transaction(urgent=True) as tx:
                    entering.reopen(tx, missing)

    def _stopped(self, why: str) -> Compared:
        self.found.verdict, self.found.why = Verdict.STOPPED, why
        return self.found

    def _stream(self, part: StreamFacts) -> None:
        """Page by page; a list that was read just now as a whole need not be read again."""
        after = 0
        while True:
            with self.app.store.sorting() as tx:
                page = verifying.told(tx, self.name, part.stream.name, after, PAGE)
            if not page:
                return
            after = page[-1].rid
            if part.stream.can.atomic_batch:
                self.found.shown += len(page)
                continue
            try:
                self._page(part.stream, page)
            except (TryAgain, SystemStopped, RunStopped) as error:
                LOG.warning("not compared", system=self.name, why=error.message)
                self._stopped("unreadable")
                return

    def _page(self, stream: Stream, page: list[Listed]) -> None:
        assert isinstance(self.connector, Blocks)  # noqa: S101 - see compare
        assert isinstance(self.connector, Reads)  # noqa: S101
        flags = self.connector.flags(stream)
        here = {one.ref: one for one in self.connector.read(stream, [one.ref for one in page])}
        missing = []
        for one in page:
            record = here.get(one.ref)
            if record is None:
                self.found.gone += 1
            elif is_shown(record.values, _channels(one), flags):
                self.found.shown += 1
            else:
                missing.append(one.rid)
        self.found.missing += len(missing)
        if missing:
            self._forget(missing, here)

    def _forget(self, missing: list[int], here: Mapping[Ref, Record]) -> None:
        """The mirror believed that they show it: let it believe what was read."""
        now = self.app.clock()
        with self.app.store.transaction() as tx:
            held = mirror.held(tx, missing)
            rows = []
            for rid, row in held.items():
                record = here[row.record.ref]
                cells = {**row.record.values, **{n: record.values.get(n) for n in _FLAGS}}
                kept = {n: v for n, v in cells.items() if n in row.record.values}
                text = mirror.cells_text(kept)
                rows.append((row.record.version, text, row.record.place, now, None, rid))
            mirror.set_written(tx, rows)
            verifying.untell(tx, missing)


_FLAGS: Final = ("opt_out", "opt_out_call", "opt_out_email", "opt_out_sms")


def _channels(one: Listed) -> list[Channel]:
    return [Channel(name) for name in one.channels]


def _halved(before: int, now: int) -> bool:
    return before >= FEWEST and now * 2 < before


Flagged = Mapping[int, tuple[str, Record, frozenset[Channel]]]
"""By rid: the system, the record, and the channels that it shows as blocked."""


def _theirs(app: App, one: Pass, found: Mapping[str, Compared]) -> None:
    """Every flag that stands in what was read: one that our list never heard of is heard now."""
    kinds = {(part.system, part.stream.name): part.stream.kind for part in one.facts.streams}
    after = 0
    while True:
        with app.store.sorting() as tx:
            page = mirror.alive(tx, after, SCAN)
        if not page:
            return
        after = page[-1][2].rid
        flagged: dict[int, tuple[str, Record, frozenset[Channel]]] = {}
        for system, stream, row in page:
            kind = kinds.get((system, stream))
            if kind not in SHOWING or kind is None or '"opt_out' not in row.cells:
                continue
            values = mirror.values_of(row.cells)
            if says := frozenset().union(*shown(values).values()):
                ref = Ref(system, kind, row.id)
                flagged[row.rid] = (system, Record(ref, row.version, values, row.place), says)
        if flagged:
            _unlisted(app, found, flagged)


def _unlisted(app: App, found: Mapping[str, Compared], flagged: Flagged) -> None:
    """A flag whose channel no entry of the record tells of.

    One that was heard and lifted since is left alone, and so is one that we set ourselves: nobody
    is blocked anew by what stands there still.
    """
    now, region = app.clock(), app.settings.region
    with app.store.transaction(urgent=True) as tx:
        ours = verifying.channels_of(tx, list(flagged))
        for system, _, _ in flagged.values():
            found[system].flagged += 1
        rest = {rid: one for rid, one in flagged.items() if not one[2] <= ours.get(rid, NONE)}
        set_by_us = telling.were_set_by_us(tx, list(rest), RULE, LIFTED)
        for rid, (system, record, _) in rest.items():
            heard = verifying.heard_of(tx, app.keys, record.ref)
            if rid in set_by_us or Channel.ALL in heard:
                continue
            said = intake(record, None, heard_at=now, region=region).statements
            new = [one for one in said if one.channel not in heard]
            if ledger.append(tx, app.keys, new, now, tuple(app.systems)):
                found[system].unlisted += 1


NONE: Final[frozenset[str]] = frozenset()


def _conclude(app: App, one: Pass, name: str, compared: Compared) -> None:
    """The verdict, once everything that could be repaired is."""
    told = one.facts.told.get(name)
    compared.open = (told.open + told.waiting) if told else 0
    compared.repaired = compared.missing + compared.unlisted
    compared.causes = dict(one.causes.get(name, {}))
    if compared.verdict is Verdict.STOPPED:
        return
    with app.store.reading() as tx:
        last = verifying.last_told(tx, name)
    if _halved(last.get("flagged", 0), compared.flagged):
        compared.verdict, compared.why = Verdict.STOPPED, "flags_halved"
    elif compared.open or any(failure.system == name for failure in one.facts.failures):
        compared.verdict = Verdict.OPEN
    elif compared.repaired or compared.causes:
        compared.verdict = Verdict.REPAIRED
