"""What must hold at all times, judged by what stands outside and not by what we say of it.

`Witness` keeps what was physically written by us, taken from the bytes of the lists and from the
desk's journal; our history is held against it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from promises.world import World, number
from simulators.memory import FLAGS, OURS

from rules.changes import Severity
from rules.decide import decide
from rules.keys import Key, KeyKind
from rules.suppression import Channel, SuppressionList
from state import coverage, findings, ledger, mirror, proposals
from state.ledger import entries_for
from state.proposals import changes_of
from state.screen import hashed_keys
from state.tables import blocked, cursors, history, outbox
from state.tables import mirror as mirror_table
from state.tables import proposals as proposals_table
from sync.app import App

Fields = frozenset[tuple[str, str, str]]
"""What one write changed in one record: (field, old, new), empty text for none."""


@dataclass(slots=True)
class Written:
    """One record that we wrote outside. `sure`: we lived to hear that it arrived."""

    stream: str
    row: Any
    fields: Fields
    sure: bool
    lived: bool
    """We lived to note it ourselves; else what stands there may be heard as news, if it is a flag."""
    excused: bool = False
    """Somebody typed over it before we could read it back: nobody can know any more."""


@dataclass
class Witness:
    """Sees every write to the outside, ours and theirs."""

    world: World
    written: list[Written] = field(default_factory=list)
    in_doubt: bool = False
    """A process died, or an answer was lost, since everything last came to rest."""
    typed: set[tuple[str, str, str]] = field(default_factory=set)
    _seen: dict[str, bytes] = field(default_factory=dict)
    _journal: int = 0

    def __post_init__(self) -> None:
        self.look_away()

    def look_away(self) -> None:
        """What has happened up to here was not our doing."""
        self._seen = self.world.contents()
        self._journal = len(self.world.desk.journal)

    def look(self, *, sure: bool) -> list[Written]:
        """Take note of what we wrote since the last look."""
        new = [*self._in_lists(sure=sure), *self._at_the_desk(sure=sure)]
        self.written += new
        self.look_away()
        return new

    def _in_lists(self, *, sure: bool) -> Iterable[Written]:
        now = self.world.contents()
        for name, sheet in self.world.sheets.items():
            if now[name] == self._seen[name]:
                continue
            old, new = sheet.parsed(self._seen[name]), sheet.parsed(now[name])
            assert len(old) == len(new), f"{name}: rows were lost or doubled"
            (header, *bytes_before), (same, *bytes_now) = (
                _lines(data[name], sheet) for data in (self._seen, now)
            )
            assert header == same, f"{name}: the header was written"
            rows = zip(old, new, bytes_before, bytes_now, strict=True)
            for at, (before, after, then, there) in enumerate(rows):
                assert (before == after) == (then == there), f"{name}: bytes of row {at}"
                if before != after:
                    yield Written(name, at, _differences(sheet, before, after), sure, sure)

    def _at_the_desk(self, *, sure: bool) -> Iterable[Written]:
        new = self.world.desk.journal[self._journal :]
        for at, entry in enumerate(new):
            if entry.who not in (OURS, FLAGS):
                continue
            if entry.who == FLAGS:
                # Set whatever stands there, so nothing is claimed; and nothing but a no.
                assert dict(entry.asked) == {"opt_out": "ja"}, f"no flag: {entry.asked}"
            there = {name: entry.before.get(name, "") for name in entry.asked}
            claims = there if entry.claimed is None else entry.claimed
            for name, claimed in claims.items():
                assert entry.before.get(name, "") == claimed, (
                    f"somebody's {name} was overwritten: we thought {claimed!r}, "
                    f"there stood {entry.before.get(name, '')!r}"
                )
            fields = frozenset((name, claims[name], text) for name, text in entry.asked.items())
            theirs = [
                one
                for one in new[at + 1 :]
                if one.ident == entry.ident and one.who not in (OURS, FLAGS)
            ]
            # A flag that a rival took off again at once was never read back: it counts as open.
            back = entry.who == FLAGS and any("opt_out" in one.asked for one in theirs)
            turned = back or (bool(theirs) and not sure)
            yield Written("people", entry.ident, fields, sure, sure, turned)

    def somebody_typed(self, stream: str, row: Any) -> None:
        """Somebody changed a record: what we are not sure of there cannot be found out."""
        for one in self.written:
            if one.stream == stream and not one.sure and row in (None, one.row):
                one.excused = True

    def somebody_wrote(self, stream: str, values: Iterable[tuple[str, str]]) -> None:
        """What people typed while nobody knows whether a write of ours arrived: the same, perhaps."""
        if self.in_doubt:
            self.typed |= {(stream, name, text) for name, text in values}

    def heard(self, streams: Iterable[str]) -> None:
        """These streams were read to their end since."""
        for one in self.written:
            one.sure |= one.stream in set(streams)


def _lines(data: bytes, sheet: Any) -> list[bytes]:
    *lines, last = data.split(sheet.newline.encode())
    assert last == b"", "the last row lost its line end"
    return lines


def _differences(sheet: Any, before: list[str], after: list[str]) -> Fields:
    changed = []
    for header, old, new in zip(sheet.header, before, after, strict=True):
        if old != new:
            name = sheet.fields[header]
            assert name not in ("", "id"), f"a column that is none of ours was written: {header}"
            changed.append((name, old, new))
    return frozenset(changed)


def said(app: App, after: int = 0) -> list[tuple[str, Fields]]:
    """What our history says we wrote: (stream, fields) of each record."""
    with app.store.reading() as tx:
        rows = tx.execute(
            sa.select(history.c.stream, history.c.changes)
            .where(history.c.cid > after)
            .order_by(history.c.cid)
        ).all()
    return [
        (stream, frozenset((c.field, c.old or "", c.new or "") for c in changes_of(text)))
        for stream, text in rows
    ]


def history_is_the_journal(app: App, witness: Witness) -> None:
    """Every write has its row in the history with the same old and new, and every row its write."""
    # Field by field: one pass may set a flag on a record and mend it besides.
    told = Counter((stream, one) for stream, fields in said(app) for one in fields)
    every = Counter((one.stream, change) for one in witness.written for change in one.fields)
    sure = Counter(
        (one.stream, change)
        for one in witness.written
        if not one.excused
        for change in one.fields
        # A flag whose write nobody lived to note is heard as news instead.
        if one.lived or change[0] != "opt_out"
    )
    assert not sure - told, f"written and not in the history: {sure - told}"
    never = [
        (stream, change)
        for stream, change in told - every
        # Somebody typed what we were about to write when we died: it is there, whoever wrote it.
        if (stream, change[0], change[2]) not in witness.typed
    ]
    assert not never, f"in the history and not written: {never}"


def coverage_is_a_recount(app: App) -> None:
    """The kept figures are those that counting every record again would give."""
    with app.store.reading() as tx:
        kept = {
            (one.system, one.stream, one.field): (one.filled, one.valid)
            for one in coverage.read(tx, list(app.systems))
            if (one.filled, one.valid) != (0, 0)
        }
        fields = {
            (row.system, row.stream): tuple(row.fields)
            for row in tx.execute(sa.select(cursors.c.system, cursors.c.stream, cursors.c.fields))
        }
        rids = tx.execute(
            sa.select(mirror_table.c.rid).where(
                mirror_table.c.deleted_at.is_(None), mirror_table.c.decided_with.is_not(None)
            )
        ).scalars()
        held = mirror.held(tx, list(rids))
        flips = findings.listed(tx, code="flips", limit=10_000)
    frozen = {(one.rid, one.finding.field) for one in flips}
    counted: dict[tuple[str, str, str], tuple[int, int]] = {}
    for row in held.values():
        decision = decide(row.record, app.context(row.record.ref.system))
        wrong = {f.field for f in decision.findings if f.severity is not Severity.NOTICE}
        for name in fields[row.record.ref.system, row.stream]:
            if (row.rid, name) in frozen:
                wrong.add(name)
            if row.record.values.get(name):
                at = (row.record.ref.system, row.stream, name)
                filled, valid = counted.get(at, (0, 0))
                counted[at] = (filled + 1, valid + (name not in wrong))
    wrong = {at: (kept.get(at), counted.get(at)) for at in kept.keys() | counted.keys()}
    wrong = {at: (a, b) for at, (a, b) in wrong.items() if a != b}
    assert not wrong, f"coverage (kept, counted): {wrong}"


def records_are_the_rows(app: App, world: World) -> None:
    """Nothing is lost or doubled between what stands outside and our mirror of it."""
    with app.store.reading() as tx:
        found = tx.execute(
            sa.select(mirror_table.c.stream, sa.func.count())
            .where(mirror_table.c.deleted_at.is_(None))
            .group_by(mirror_table.c.stream)
        )
        mirrored = {stream: n for stream, n in found if n}
        kept = tx.execute(sa.select(cursors.c.stream, cursors.c.records))
        counted = {stream: n for stream, n in kept if n}
    there = {name: len([r for r in s.load() if any(r)]) for name, s in world.sheets.items()}
    if world.with_desk:
        there["people"] = len(world.desk.rows)
    assert mirrored == {name: n for name, n in there.items() if n}
    assert counted == mirrored, "the cursor counts other records than there are"


def nothing_is_under_way(app: App) -> None:
    """No write waits for its outcome."""
    with app.store.reading() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one() == 0


def opt_outs_are_kept(app: App, people: Iterable[int]) -> None:
    """Whoever was ever seen flagged or listed is blocked, and so is every record with that number."""
    keys = {person: Key(KeyKind.PHONE, number(person)) for person in people}
    with app.store.reading() as tx:
        assert not ledger.verify(tx).problems
        for person, key in keys.items():
            hashed = hashed_keys(app.keys, [key])
            events = SuppressionList(
                entry.event for entry in entries_for(tx, {one.digest for one in hashed})
            )
            verdict = events.blocked(hashed, Channel.CALL, app.clock())
            assert verdict.blocked, f"the opt-out of person {person} was lost"


def blocked_records_show_it(app: App, people: Iterable[int]) -> None:
    """Each live record that carries a blocked number shows that it is blocked."""
    wanted = {number(person) for person in people}
    with app.store.reading() as tx:
        rids = tx.execute(sa.select(mirror_table.c.rid).where(mirror_table.c.deleted_at.is_(None)))
        held = mirror.held(tx, list(rids.scalars()))
        shown = set(tx.execute(sa.select(blocked.c.rid)).scalars())
    for rid, row in held.items():
        digits = "".join(c for c in str(row.record.values.get("direct_phone")) if c.isdigit())
        if f"+45{digits[-8:]}" in wanted:
            assert rid in shown, f"{row.record.ref} may not be contacted and does not show it"


def plan_of(app: App, plan: int) -> Counter[tuple[str, tuple[str, str, str]]]:
    """What a plan holds: (stream, (field, old, new)) of every change."""
    with app.store.reading() as tx:
        found = proposals.get_plan(tx, plan)
        assert found is not None
        listed = proposals.of_plan(tx, plan, found.systems, limit=100_000)
    return Counter(
        (one.stream, (c.field, c.old or "", c.new or "")) for one in listed for c in one.changes
    )


def digest_of(app: App, plan: int) -> str:
    """A hash of what a plan would do: equal for equal plans, whoever made them.

    On which version of a record is left out: a run sets flags before it writes anything else.
    """
    with app.store.reading() as tx:
        found = proposals.get_plan(tx, plan)
        assert found is not None
        rows = tx.execute(
            sa.select(
                proposals_table.c.system,
                mirror_table.c.kind,
                mirror_table.c.id,
                proposals_table.c.changes,
            )
            .join(mirror_table, mirror_table.c.rid == proposals_table.c.rid)
            .where(proposals.in_plan(plan, found.systems))
        ).all()
    return hashlib.blake2b(orjson.dumps(sorted(map(list, rows))), digest_size=16).hexdigest()


def did_no_more_than(plan: Counter[Any], new: Iterable[Written]) -> None:
    """`apply` may do less than the plan, never more."""
    done = Counter((one.stream, change) for one in new for change in one.fields)
    assert not done - plan, f"done and not planned: {done - plan}"
