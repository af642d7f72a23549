"""Whether each row of a list may be contacted: held against suppression, registers and permission."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, cast

from connectors.protocol import UNREADABLE, Judged, Stream
from connectors.sources.registry import CVR
from rules.keys import Carried, KeyKind, record_keys
from rules.permission import NATURAL, Answer, Permission, Person, Purpose, permission
from rules.permission_facts import facts_of, person_of
from rules.protection import Protection
from rules.records import Record, Ref, Value
from rules.registers import UNCHECKED, Issue, Registered, in_force, keys_of
from rules.suppression import Channel
from state import registers
from state.also import Also, read
from state.releases import Heaps
from state.screen import HashedRecord, Screen, Standings, all_digests, usual
from state.store import Tx
from sync.app import App
from sync.calling.members import Member
from sync.calling.permitting import terms_of
from sync.calling.protecting import protections

SYSTEM: Final = "list"
_NO_NUMBER: Final = {
    Channel.CALL: "no_number",
    Channel.SMS: "no_number",
    Channel.EMAIL: "no_address",
}
_WANTED: Final = {
    Channel.CALL: KeyKind.PHONE,
    Channel.SMS: KeyKind.PHONE,
    Channel.EMAIL: KeyKind.EMAIL,
}

_Row = tuple[Mapping[str, Value], tuple[Carried, ...], tuple[bytes, ...]]
"""A row with its keys and their newest hashes. No object of its own: a list has a million of them."""


class RowJudge:
    """Gives each row of a list its code: empty for callable, None for a blank row."""

    def __init__(self, app: App, stream: Stream, channel: Channel, now: datetime) -> None:
        self.app, self.kind, self.channel, self.now = app, stream.kind, channel, now
        self.screen = Screen(app.keys)
        self.ref = Ref(SYSTEM, stream.kind, "")
        self.wanted, self.missing = _WANTED[channel], _NO_NUMBER[channel]
        self.terms = terms_of(app)
        mapped = {column.canonical for column in stream.columns if column.canonical}
        self.facts = [name for name in _FACTS if name in mapped]
        self.pick: Callable[[Mapping[str, Value]], Any] = (
            itemgetter(*self.facts) if self.facts else lambda _: ()
        )
        self.known: dict[Any, str] = {}

    def codes(self, rows: Sequence[Judged], heaps: Heaps | None) -> list[str | None]:
        """One code for each row."""
        codes: list[str | None] = [None] * len(rows)
        found = self._found(rows, codes)
        standing, shielded, listed = self._looked_up(found)
        for at, (values, _, digests) in found.items():
            stands = standing.get(at)
            if stands and self.channel in stands.channels:
                codes[at] = "opted_out"
                continue
            code = self._permitted(values, listed.get(at, UNCHECKED), shielded.get(at))
            codes[at] = code
            if code == "" and heaps is not None:
                heaps.add(digests)
        return codes

    def _found(self, rows: Sequence[Judged], codes: list[str | None]) -> dict[int, _Row]:
        """The rows that can be judged, by their place; the others get their codes."""
        digests_of, region, wanted = self.app.keys.digests, self.app.settings.region, self.wanted
        found: dict[int, _Row] = {}
        for at, row in enumerate(rows):
            if row is None or row == UNREADABLE:
                codes[at] = row and UNREADABLE
                continue
            values = cast("Mapping[str, Value]", row)
            carried = record_keys(values, region)
            for key in carried:
                if key[0][0] is wanted:
                    found[at] = values, carried, digests_of(carried)
                    break
            else:
                codes[at] = self.missing
        return found

    def _looked_up(
        self, found: Mapping[int, _Row]
    ) -> tuple[Standings, Mapping[int, Protection], Mapping[int, Registered]]:
        """What is known of these people. Few are on the list of noes: only they are looked into."""
        with self.app.store.reading() as tx:
            standing = self._standing(tx, found)
            calls = self.channel is Channel.CALL
            issues = in_force(registers.issues(tx), self.now) if calls else ()
            if not issues and CVR not in self.app.sources:
                return standing, {}, {}
            hashed = [_hashed(self.ref, at, row) for at, row in found.items()]
            shielded = protections(tx, self.app, hashed, self.now)
            return standing, shielded, self._registered(tx, issues, hashed, shielded)

    def _standing(self, tx: Tx, found: Mapping[int, _Row]) -> Standings:
        ring, kinds = self.app.keys, self.screen.kinds(tx)
        if usual(ring, kinds) and not any(isinstance(row[0], Member) for row in found.values()):
            asked: Mapping[int, Sequence[bytes]] = {at: row[2] for at, row in found.items()}
        else:
            asked = {
                at: all_digests(ring, _hashed(self.ref, at, row), kinds)
                for at, row in found.items()
            }
        suspects = self.screen.suspects(tx, asked, kinds)
        hashed = [_hashed(self.ref, at, found[at]) for at in suspects]
        return self.screen.blocked(tx, hashed, self.now, bounces=True)

    def _registered(
        self,
        tx: Tx,
        issues: Sequence[Issue],
        hashed: Sequence[HashedRecord],
        shielded: Mapping[int, Protection],
    ) -> Mapping[int, Registered]:
        """What the registers say of the people among these; they are about calls alone."""
        if not issues:
            return {}
        region = self.app.settings.region
        people = {
            one.rid: keys_of(one.record.values, region)
            for one in hashed
            if self._who(one.record.values, shielded.get(one.rid)) in NATURAL
        }
        return registers.look_up(tx, self.app.keys, issues, people)

    def _who(self, values: Mapping[str, Value], shield: Protection | None) -> Person:
        return person_of(self.kind, values, personal=shield is not None and shield.personal)

    def _permitted(
        self, values: Mapping[str, Value], registered: Registered, shield: Protection | None
    ) -> str:
        """The reason against contact, or nothing. Rows that say the same are decided once."""
        who = self._who(values, shield)
        key = (who, self.pick(values), registered.on, registered.checked, shield)
        code = self.known.get(key)
        if code is None:
            said = self._permission(values, registered, shield)
            code = "" if said.answer is Answer.ALLOWED else said.code
            if len(self.known) < _MOST_KNOWN:
                self.known[key] = code
        return code

    def _permission(
        self, values: Mapping[str, Value], registered: Registered, shield: Protection | None
    ) -> Permission:
        facts = facts_of(self.kind, values, (), registered, shield)
        return permission(facts, self.channel, Purpose.MARKETING, self.app.today, self.terms)


def _hashed(ref: Ref, at: int, row: _Row) -> HashedRecord:
    values, carried, digests = row
    also: tuple[Also, ...] = ()
    if isinstance(values, Member):
        ref, also = values.ref, read(values.also)
    return HashedRecord(at, Record(ref, "", values, at), carried, digests, also)


_MOST_KNOWN: Final = 50_000
_FACTS: Final = (
    "lawful_basis", "lawful_basis_ref", "ad_protected", "data_checked_at", "last_contact_at",
    *(f"consent_{one}{end}" for one in ("call", "email", "sms") for end in ("", "_at", "_source")),
)  # fmt: skip
"""What `facts_of` reads beside who the person is."""
