"""Whether each row of a list may be contacted: held against suppression, registers and permission."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, cast

from connectors.protocol import UNREADABLE, Judged, Stream
from rules.keys import KeyKind, record_keys
from rules.permission import NATURAL, Answer, Permission, Person, Purpose, permission
from rules.permission_facts import facts_of, person_of
from rules.protection import Protection
from rules.records import Record, Ref, Value
from rules.registers import UNCHECKED, Registered, in_force, keys_of
from rules.suppression import Channel
from state import registers
from state.also import Also, read
from state.releases import Heaps
from state.screen import HashedRecord, Screen
from state.store import Tx
from sync.app import App
from sync.members import Member
from sync.permitting import terms_of
from sync.protecting import protections

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
        hashed: list[HashedRecord] = []
        codes: list[str | None] = [None] * len(rows)
        ring, region, wanted, ref = self.app.keys, self.app.settings.region, self.wanted, self.ref
        for at, row in enumerate(rows):
            if row is None or row == UNREADABLE:
                codes[at] = row and UNREADABLE
                continue
            values = cast("Mapping[str, Value]", row)
            carried = record_keys(values, region)
            for key in carried:
                if key[0][0] is wanted:
                    break
            else:
                codes[at] = self.missing
                continue
            also: tuple[Also, ...] = ()
            own = ref
            if isinstance(row, Member):
                own, also = row.ref, read(row.also) if row.also else ()
            record = Record(own, "", values, at)
            hashed.append(HashedRecord(at, record, carried, ring.digests(carried), also))
        with self.app.store.reading() as tx:
            standing = self.screen.blocked(tx, hashed, self.now, bounces=True)
            shielded = protections(tx, self.app, hashed, self.now)
            listed = self._registered(tx, hashed, shielded)
        for one in hashed:
            stands = standing.get(one.rid)
            code = "opted_out" if stands and self.channel in stands.channels else None
            said = listed.get(one.rid, UNCHECKED)
            shield = shielded.get(one.rid)
            codes[one.rid] = code or self._permitted(one.record.values, said, shield)
            if heaps is not None and codes[one.rid] == "":
                heaps.add(one.digests)
        return codes

    def _registered(
        self, tx: Tx, hashed: Sequence[HashedRecord], shielded: Mapping[int, Protection]
    ) -> Mapping[int, Registered]:
        """What the registers say of the people among these; they are about calls alone."""
        issues = in_force(registers.issues(tx), self.now) if self.channel is Channel.CALL else ()
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


_MOST_KNOWN: Final = 50_000
_FACTS: Final = (
    "lawful_basis", "lawful_basis_ref", "ad_protected", "data_checked_at", "last_contact_at",
    *(f"consent_{one}{end}" for one in ("call", "email", "sms") for end in ("", "_at", "_source")),
)  # fmt: skip
"""What `facts_of` reads beside who the person is."""
