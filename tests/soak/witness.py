"""Who saw everything: judges what we did and know by the systems' own journals and rows.

missed       a change, or a no, that a complete reading should have shown and our store does not hold
doubled      a record that stands twice in our store, a write of ours that was made already, a no
             that was recorded twice
overwritten  a write of ours over somebody else's value: our value is another person's
lost         somebody who said no, or was entered again under another id, whose flag does not stand
             in the end, and nobody is at it
lifted       a no that our program took back: nobody in these lives gave a consent
wrong        whatever else must not be: figures that do not add up, a chain that is broken, loops
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import sqlalchemy as sa
from soak.people import whose
from soak.place import News, Place

from rules.keys import ref_key
from rules.records import Kind, Ref
from rules.suppression import EventType
from state import ledger
from state.screen import hashed_keys
from state.store import Tx
from state.tables import blocked, cursors, findings, ledger_keys, mirror, outbox
from state.tables import ledger as ledger_table
from sync.app import App

Where = tuple[Kind, str]
MOST_TOLD: Final = 5
FLIPS: Final = 2
BACK: Final = (EventType.LIFT.value, EventType.CORRECTION.value)
WRONGS: Final = ("missed", "doubled", "overwritten", "lost", "lifted", "wrong")
SECOND: Final = timedelta(seconds=1)


@dataclass
class Tally:
    """What a life, or many, came to."""

    changes: int = 0
    noes: int = 0
    written: int = 0
    passes: int = 0
    wrongs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WRONGS, 0))
    told: list[str] = field(default_factory=list)
    put_back: int = 0
    """Values of others that ours stood over for a moment, where the vendor leaves no other way."""
    seen: Counter[str] = field(default_factory=Counter)

    def told_as(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {**vars(self), "seen": dict(self.seen)}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Tally:
        """From `told_as`, by way of JSON."""
        return cls(**{**told, "seen": Counter(told["seen"])})

    def blame(self, what: str, words: str) -> None:
        """Something went wrong."""
        self.wrongs[what] += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(f"{what}: {words}")

    @property
    def clean(self) -> bool:
        """Whether nothing did."""
        return not any(self.wrongs.values())

    def add(self, other: Tally) -> None:
        """And another one's."""
        for name in ("changes", "noes", "written", "passes", "put_back"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name, many in other.wrongs.items():
            self.wrongs[name] += many
        self.told += other.told[: MOST_TOLD - len(self.told)]
        self.seen += other.seen


@dataclass
class Witness:
    """Takes note of every write in one place, and holds our store against it."""

    place: Place
    tally: Tally = field(default_factory=Tally)
    pending: dict[Where, News] = field(default_factory=dict)
    """The last write to each record that no complete reading has had to show yet."""
    noes: dict[Where, News] = field(default_factory=dict)
    """The same of everybody who said no."""
    again: set[Where] = field(default_factory=set)
    """Who was entered anew, under the number of somebody who had said no."""
    _by_us: set[Where] = field(default_factory=set)
    """Who bears our own flag, for all that our readings have shown since: cleared by others and set
    again between two of them is nothing to hear."""
    _due_words: set[Where] = field(default_factory=set)
    """Who said no while he bore no flag of ours: his own word has to be heard."""
    _heard: set[Where] = field(default_factory=set)
    _said: Counter[Where] = field(default_factory=Counter)
    _ours: list[News] = field(default_factory=list)
    _times: Counter[tuple[Where, str, str]] = field(default_factory=Counter)
    _touched: set[Where] = field(default_factory=set)
    consents: int = 0
    """Lifts that rest on a consent which two people vouch for."""
    sure: bool = True
    """Nothing goes wrong with the pass: of what is written in it our program will hear."""
    behind: bool = False
    """Our clock is, until it is set: a no that is heard now may be told of once more by a history that
    goes by another clock, and recorded again (docs/suppression.md, known limits)."""
    _once_more: set[Where] = field(default_factory=set)
    _written_at: dict[Where, datetime] = field(default_factory=dict)
    """When others wrote to it last: the last seconds only."""
    _blurred: set[int] = field(default_factory=set)
    """Of our writes those that got the stamp of the one before."""
    _just_now: set[Where] = field(default_factory=set)
    """Who was written to in the second in which the pass began. Stamps are whole seconds: what is
    turned back in the second in which it was made looks like a write without effect."""
    _kinds_read: set[Kind] = field(default_factory=set)
    _due: set[Where] = field(default_factory=set)
    _due_noes: set[Where] = field(default_factory=set)

    def look(self) -> None:
        """Take note of what was written since the last look."""
        for one in self.place.news():
            where = (one.kind, one.ident)
            before, self.pending[where] = self.pending.get(where), one
            self._touched.add(where)
            if one.ours:
                if before and one.second and before.second == one.second:
                    self._blurred.add(len(self._ours))
                self._ours.append(one)
                if one.no:
                    self._by_us.add(where)
                if one.cleared:
                    self._blame("lifted", one, "we took its flag off")
                continue
            self.tally.changes += 1
            self._written_at[where] = self.place.now()
            self.tally.seen["flag of ours cleared by a rival"] += one.rival and one.cleared
            self.again.discard(where)
            if one.no:
                self.tally.noes += 1
                self._said[where] += 1
                self.noes[where] = one
                if where not in self._by_us:
                    self._due_words.add(where)
                self.place.unheard.add(where)

    def __post_init__(self) -> None:
        self.place.pending = self.pending

    @property
    def has_read(self) -> bool:
        """Whether our program has read everything to its end once."""
        return self._kinds_read == set(self.place.fields)

    # --- around a pass ---

    def pass_begins(self) -> None:
        """What has to be known when it has read to its end."""
        self.look()
        if self.behind:
            self._once_more |= self.noes.keys()
        now, last = self.place.now(), self._written_at
        self._written_at = {where: at for where, at in last.items() if now - at < SECOND}
        self._just_now = set(self._written_at)
        self._due = {where for where, one in self.pending.items() if self.place.shows(one)}
        # Who was written to again since may be shown as late as that.
        self._due_noes = {
            where
            for where, one in self.noes.items()
            if self.place.shows(one) and self.place.shows(self.pending.get(where, one))
        }
        self._touched.clear()
        self._ours.clear()
        self._blurred.clear()

    def pass_ends(self, app: App | None, read: Iterable[Kind], *, dry: bool = False) -> None:
        """`read` are the kinds that were read to their end; `app` is None for one that died."""
        self.look()
        self.tally.passes += 1
        self._judge_writes()
        if dry and self._ours:
            self.tally.blame("wrong", "a dry run wrote")
        if app is None:
            return
        kinds = set(read)
        self._kinds_read |= kinds
        with app.store.reading() as tx:
            self._judge_records(tx, [w for w in self._due - self._touched if w[0] in kinds])
            # A flag of ours that was set just before may move a record behind the end of this reading:
            # the next one shows it.
            noes = self._due_noes - self._touched
            self._judge_noes(tx, app, [w for w in noes if w[0] in kinds])

    def _judge_writes(self) -> None:
        """Ours: over whose values, and whether they were needed."""
        left: dict[tuple[Where, str], str] = {}
        for at, one in enumerate(self._ours):
            where = (one.kind, one.ident)
            self.tally.written += 1
            back = False
            for trait, text in one.asked.items():
                before = one.before.get(trait, "")
                if left.get((where, trait)) == text:
                    # Somebody's value, put back.
                    back = True
                    continue
                left[where, trait] = before
                self._times[where, trait, text] += self._tells_apart(at, where)
                if whose(trait, before) != whose(trait, text) and not self._is_put_back(
                    at, where, trait, before
                ):
                    self._blame("overwritten", one, f"{trait} {before!r} with {text!r}")
            if back:
                self.tally.put_back += 1
            elif one.asked and all(one.before.get(t, "") == x for t, x in one.asked.items()):
                self._blame("doubled", one, f"written again: {dict(one.asked)}")

    def _tells_apart(self, at: int, where: Where) -> bool:
        """Whether our program can know, when this write of ours is turned back, that it ever stood."""
        return self.sure and where not in self._just_now and at not in self._blurred

    def _is_put_back(self, at: int, where: Where, trait: str, before: str) -> bool:
        return any(
            (one.kind, one.ident) == where and one.asked.get(trait) == before
            for one in self._ours[at + 1 :]
        )

    def _judge_records(self, tx: Tx, wheres: Sequence[Where]) -> None:
        truths = {kind: self.place.truth(kind) for kind in {kind for kind, _ in wheres}}
        for kind, truth in truths.items():
            ids = [ident for one, ident in wheres if one is kind]
            held = _held(tx, self.place.system, kind, ids)
            for ident in ids:
                self._compare(kind, ident, truth.get(ident), held.get(ident))
                self.pending.pop((kind, ident), None)
                if ident in truth and not self._bears_flag(kind, ident):
                    self._by_us.discard((kind, ident))

    def _compare(
        self,
        kind: Kind,
        ident: str,
        there: Mapping[str, str | None] | None,
        here: Mapping[str, Any] | None,
    ) -> None:
        if there is None or here is None:
            if here is not there:
                state = "is there and not known" if here is None else "is gone and not buried"
                self._blame_record("missed", kind, ident, state)
            return
        differ = {
            name: (text, here.get(name)) for name, text in there.items() if here.get(name) != text
        }
        if differ:
            self._blame_record("missed", kind, ident, f"(there, here): {differ}")

    def _bears_flag(self, kind: Kind, ident: str) -> bool:
        return "no" in self.place.fields[kind] and self.place.flagged(kind, ident)

    def _judge_noes(self, tx: Tx, app: App, wheres: Sequence[Where]) -> None:
        counted = _blocks(tx, app, self.place.system, wheres)
        for where in wheres:
            if counted[where]:
                self._heard.add(where)
            elif where in self._due_words:
                self._blame_record("missed", *where, "said no, and nobody heard it")
            self.noes.pop(where, None)
            self._due_words.discard(where)
            self.place.unheard.discard(where)

    def _blame(self, what: str, one: News, words: str) -> None:
        self._blame_record(what, one.kind, one.ident, words)

    def _blame_record(self, what: str, kind: Kind, ident: str, words: str) -> None:
        self.tally.blame(what, f"{self.place.system}/{kind}/{ident} {words}")

    # --- at the end ---

    def all_adds_up(self, app: App) -> None:
        """Everything has come to rest: each record, each count, each no."""
        with app.store.reading() as tx:
            for kind in self.place.fields:
                self._judge_all(tx, kind)
            self._judge_noes(tx, app, list(self.noes))
            self._judge_all_noes(tx, app)
            self._judge_flags(tx)
            if tx.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one():
                self.tally.blame("wrong", "a write is still under way")
            if problems := ledger.verify(tx).problems:
                self.tally.blame("wrong", f"the chain: {problems[:3]}")
            self._judge_loops(tx)

    def _judge_all(self, tx: Tx, kind: Kind) -> None:
        truth = self.place.truth(kind)
        held = _held(tx, self.place.system, kind)
        for ident in truth.keys() | held.keys():
            if "~" in ident:
                self._blame_record("doubled", kind, ident, "stands twice in the store")
            else:
                self._compare(kind, ident, truth.get(ident), held.get(ident))
        mine = (cursors.c.system == self.place.system, cursors.c.kind == kind)
        kept = tx.execute(sa.select(sa.func.sum(cursors.c.records)).where(*mine)).scalar_one()
        if kept != len(held):
            self.tally.blame("wrong", f"{kind}: the cursor counts {kept} of {len(held)}")

    def _judge_all_noes(self, tx: Tx, app: App) -> None:
        counted = _blocks(tx, app, self.place.system, list(self._said))
        for where, times in self._said.items():
            if not counted[where] and where in self._heard:
                self._blame_record("missed", *where, "said no, and it is no longer in the ledger")
            elif counted[where] > times + (where in self._once_more):
                words = f"said no {times} times, recorded {counted[where]} times"
                self._blame_record("doubled", *where, words)

    def _judge_flags(self, tx: Tx) -> None:
        """Each no stands on the record in the end, or on the one that it went up in; or it is held
        by our list, which is still at it."""
        at_it = _untold(tx, self.place.system)
        for where in {self._end_of(one) for one in self._said} | self.again:
            kind, ident = where
            there = "no" in self.place.fields[kind] and ident in set(self.place.living(kind))
            free = there and where not in self.pending and where not in at_it
            if free and not self.place.flagged(kind, ident):
                self._blame_record("lost", kind, ident, "no flag stands there, and nobody is at it")
        lifts = sa.select(sa.func.count()).where(ledger_table.c.event_type.in_(BACK))
        if many := tx.execute(lifts).scalar_one() - self.consents:
            self.tally.wrongs["lifted"] += many

    def _end_of(self, where: Where) -> Where:
        while where in self.place.went:
            where = self.place.went[where]
        return where

    def _judge_loops(self, tx: Tx) -> None:
        again = [one for one, times in self._times.items() if times > FLIPS]
        for (kind, ident), trait, text in again:
            self._blame_record("doubled", kind, ident, f"{trait} {text!r} more than {FLIPS} times")
        flips = sa.select(sa.func.count()).where(findings.c.code == "flips")
        often = self.tally.seen["rival"] and FLIPS in self._times.values()
        if often and not tx.execute(flips).scalar_one():
            self.tally.blame("wrong", "two programs correct each other, and nobody says so")


def _held(
    tx: Tx, system: str, kind: Kind, ids: Sequence[str] | None = None
) -> dict[str, Mapping[str, Any]]:
    """What our store holds of live records: id → cells."""
    asked = sa.select(mirror.c.id, mirror.c.cells).where(
        mirror.c.system == system, mirror.c.kind == kind, mirror.c.deleted_at.is_(None)
    )
    if ids is None:
        return {row.id: orjson.loads(row.cells) for row in tx.execute(asked)}
    found: dict[str, Mapping[str, Any]] = {}
    for at in range(0, len(ids), 500):
        some = asked.where(mirror.c.id.in_(ids[at : at + 500]))
        found |= {row.id: orjson.loads(row.cells) for row in tx.execute(some)}
    return found


def _untold(tx: Tx, system: str) -> set[Where]:
    """Records that are blocked, and that our program has still to flag."""
    rows = tx.execute(
        sa.select(mirror.c.kind, mirror.c.id)
        .join(blocked, blocked.c.rid == mirror.c.rid)
        .where(mirror.c.system == system, blocked.c.told.is_(False))
    )
    return {(Kind(row.kind), row.id) for row in rows}


def _blocks(tx: Tx, app: App, system: str, wheres: Sequence[Where]) -> Counter[Where]:
    """How many blocks the ledger holds that each record said itself."""
    digests: dict[bytes, Where] = {}
    for kind, ident in wheres:
        for one in hashed_keys(app.keys, [ref_key(Ref(system, kind, ident))]):
            digests[one.digest] = (kind, ident)
    found: Counter[Where] = Counter()
    every = list(digests)
    for at in range(0, len(every), 500):
        rows = tx.execute(
            sa.select(ledger_keys.c.digest, ledger_table.c.seq)
            .join(ledger_table, ledger_table.c.seq == ledger_keys.c.seq)
            .where(
                ledger_keys.c.digest.in_(every[at : at + 500]),
                ledger_table.c.event_type == EventType.BLOCK.value,
            )
        )
        found.update(digests[row.digest] for row in rows)
    return found
