"""What people and programs do in a place between two passes of ours: anything, at any pace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from soak.people import spelt
from soak.place import Place
from soak.witness import Witness

from rules.records import Kind

PACES: Final = (0.0, 0.0, 0.4, 1.0, 2.5, 20.0)
"""Seconds between two edits of somebody at work: many share a stamp."""
BREAKS: Final = (3, 30, 240, 900, 4000, 30_000)
SPELLINGS: Final = 6


@dataclass
class History:
    """The outside at work. `size` is about how many records of a kind there are."""

    place: Place
    witness: Witness
    r: Random
    size: int
    people: int = field(default=0)
    renumbered: set[tuple[Kind, str]] = field(default_factory=set)
    """Companies whose main number changed after their no. A main number carries nothing on (a
    switchboard silences nobody unasked), so nothing but the record leads from the new one to the no."""

    def begin(self) -> None:
        """Those who were there before us."""
        for kind in self.place.fields:
            for _ in range(self.size):
                self._add(kind)
        self.place.pass_by(3600)
        self.witness.look()

    def go_on(self, changes: int) -> None:
        """About so many changes."""
        until = self.witness.tally.changes + changes
        while self.witness.tally.changes < until:
            self.step()

    def step(self) -> None:
        """Something happens; the witness sees it at once."""
        [(name, does)] = self.r.choices(
            [(name, does) for name, does, _ in self._ways()], [often for *_, often in self._ways()]
        )
        if does():
            self.witness.tally.seen[name] += 1
        self.witness.look()

    def _ways(self) -> list[tuple[str, Callable[[], bool], int]]:
        own = self.place.ways()
        return [
            ("edited one by one", self._burst, 10),
            ("edited at one stroke", self._mass, 2),
            ("entered", self._enter, 4),
            ("deleted", self._delete, 4),
            ("said no", self._no, 4),
            # What was over before our first reading is not between two of them.
            ("no taken back", self._yes, 2 * self.witness.has_read),
            (
                "said no for a while",
                self._no_for_a_while,
                2 * self.place.history * self.witness.has_read,
            ),
            ("flags cleared by an import", self._import, 1 * self.witness.has_read),
            ("entered again", self._reenter, 1 * self.witness.has_read),
            ("number changed", self._renumber, 2),
            ("time passed", self._break, 3),
            *(
                (name, lambda way=way: way(self.r) is not None, 1)  # type: ignore[misc]
                for name, way in own.items()
            ),
        ]

    # --- what happens ---

    def _kind(self) -> Kind:
        return self.r.choice(list(self.place.fields))

    def _person(self) -> int:
        self.people += 1
        return self.people

    def _traits(self, kind: Kind) -> dict[str, str]:
        person, r = self._person(), self.r
        traits = [one for one in self.place.fields[kind] if one != "no"]
        return {trait: spelt(trait, person, r.randrange(SPELLINGS)) for trait in traits}

    def _add(self, kind: Kind) -> None:
        no = "no" in self.place.fields[kind] and self.r.random() < 0.02
        self.place.add(kind, self._traits(kind), no=no)

    def _enter(self) -> bool:
        kind = self._kind()
        room = self.size * 2 - len(self.place.living(kind))
        for _ in range(min(max(room, 0), self.r.choice((1, 2, 8, 60)))):
            self._add(kind)
        return room > 0

    def _edit(self, kind: Kind, ident: str) -> None:
        all_ = self._traits(kind)
        some = self.r.sample(sorted(all_), self.r.choice((1, 1, 2)))
        self._type(kind, ident, {trait: all_[trait] for trait in some})

    def _type(self, kind: Kind, ident: str, traits: dict[str, str]) -> None:
        says_no = "no" in self.place.fields[kind] and self.place.flagged(kind, ident)
        if kind is Kind.COMPANY and "phone" in traits and says_no:
            self.renumbered.add((kind, ident))
        self.place.edit(kind, ident, traits)

    def type_over(self, ident: str | None = None) -> None:
        """Somebody types over a record, or one that is named, just now."""
        for kind in self.r.sample(list(self.place.fields), len(self.place.fields)):
            there: Sequence[str] = self.place.living(kind)
            if ident is not None:
                there = [ident] if ident in there else []
            if there:
                self._edit(kind, self.r.choice(there))
                return

    def _burst(self) -> bool:
        kind, pace = self._kind(), self.r.choice(PACES)
        if not (there := self.place.living(kind)):
            return False
        for _ in range(self.r.choice((1, 3, 12, 40))):
            self._edit(kind, self.r.choice(there))
            self.place.pass_by(pace)
        return True

    def _mass(self) -> bool:
        """An import: very many with one stamp."""
        kind, share = self._kind(), self.r.choice((0.1, 0.6))
        for ident in list(self.place.living(kind)):
            if self.r.random() < share:
                self._edit(kind, ident)
        return True

    def _delete(self) -> bool:
        kind = self._kind()
        there = [
            one
            for one in self.place.living(kind)
            if not (self.place.forgets and (kind, one) in self.place.unheard)
        ]
        most = len(there) - self.size // 2
        if most < 1:
            return False
        for ident in self.r.sample(there, min(most, self.r.choice((1, 2, 10)))):
            self.place.remove(kind, ident)
        return True

    def _flagging(self) -> Kind:
        return self.r.choice([kind for kind, traits in self.place.fields.items() if "no" in traits])

    def _no(self) -> bool:
        kind = self._flagging()
        free = [one for one in self.place.living(kind) if not self.place.flagged(kind, one)]
        for ident in self.r.sample(free, min(len(free), self.r.choice((1, 1, 3)))):
            self.place.flag(kind, ident, no=True)
        return bool(free)

    def _yes(self) -> bool:
        """A flag is cleared; one that nobody heard of only where its history is told."""
        kind = self._flagging()
        set_ = self._flagged(kind)
        for ident in self.r.sample(set_, min(len(set_), 2)):
            self.place.flag(kind, ident, no=False)
        return bool(set_)

    def _flagged(self, kind: Kind) -> list[str]:
        """Those whose no was heard, or is told of by the system's history."""
        return [
            one
            for one in self.place.living(kind)
            if self.place.flagged(kind, one)
            and (self.place.history or (kind, one) not in self.place.unheard)
        ]

    def _import(self) -> bool:
        """Somebody imports an older export: many flags are gone at one stroke."""
        kind = self._flagging()
        gone = [one for one in self._flagged(kind) if self.r.random() < 0.3]
        for ident in gone:
            self.place.flag(kind, ident, no=False)
        return bool(gone)

    def _reenter(self) -> bool:
        """Who had said no is deleted, and entered anew with the same name and number."""
        kind = self._flagging()
        known = [
            one
            for one in self._flagged(kind)
            if not {(kind, one)} & (self.place.unheard | self.place.pending.keys())
        ]
        if not known:
            return False
        ident = self.r.choice(known)
        held = self.place.truth(kind)[ident]
        traits = {
            trait: text
            for trait in ("name", "company", "phone")
            if (one := self.place.fields[kind].get(trait)) and (text := held[one.canonical])
        }
        self.place.remove(kind, ident)
        anew = self.place.add(kind, traits)
        self.witness.look()
        if "phone" in traits and (kind, ident) not in self.renumbered:
            self.witness.again.add((kind, anew))
        return True

    def _renumber(self) -> bool:
        """Somebody who said no gets another number."""
        kind = self._flagging()
        there = [one for one in self.place.living(kind) if self.place.flagged(kind, one)]
        for ident in self.r.sample(there, min(len(there), 2)):
            number = spelt("phone", self._person(), self.r.randrange(SPELLINGS))
            self._type(kind, ident, {"phone": number})
        return bool(there)

    def _no_for_a_while(self) -> bool:
        kind = self._flagging()
        free = [one for one in self.place.living(kind) if not self.place.flagged(kind, one)]
        if not free:
            return False
        ident = self.r.choice(free)
        self.place.flag(kind, ident, no=True)
        self.witness.look()
        self.place.pass_by(self.r.choice((1, 5, 100)))
        self.place.flag(kind, ident, no=False)
        return True

    def _break(self) -> bool:
        self.place.pass_by(self.r.choice(BREAKS))
        return True
