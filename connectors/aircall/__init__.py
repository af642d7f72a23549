"""Aircall: calls read and held against the list, numbers taken out of the dialer, contacts marked.

Aircall knows no list of numbers that must not be called (its own stops calls that come in). What can
be done: out of every Power Dialer queue, a first line on the contact, and each call looked at as soon
as it is logged. docs/systems/aircall.md says what that is worth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.aircall.admin import rights
from connectors.aircall.client import Api
from connectors.aircall.hooks import hints_of, is_off
from connectors.aircall.marks import Mark
from connectors.aircall.pulling import Pulling
from connectors.aircall.queues import UNQUEUED, PowerDialer
from connectors.aircall.shapes import CALLS, CONTACTS, FLAG, Shape, folded, is_marked, marked
from connectors.barring import PHONES, Barring, Queued, Refusal
from connectors.hooks import Hint
from connectors.protocol import (
    Applied,
    Conflict,
    Moved,
    Outcome,
    Page,
    Problem,
    Stream,
    Token,
    Unknown,
)
from connectors.rights import Right
from connectors.session import NoAnswer
from rules.barring import Bar
from rules.changes import RecordChange
from rules.errors import StartOver
from rules.flags import Flag
from rules.records import Record, Ref
from rules.spans import COPENHAGEN

OBJECTS: Final = (CALLS, CONTACTS)


class Aircall:
    """One company. `objects` are read; `opt_out_tags` are the tags by which agents say "do not call";
    `hook_token` is what its messages to us carry; `sweep_minutes` how often all queues are read for
    what others put in.

    `more` goes to `client.Api` (dry, meter, elsewhere, clock, sleep, patience, a_minute).
    """

    def __init__(
        self,
        name: str,
        api_id: str,
        api_token: str,
        *,
        objects: Sequence[str] = OBJECTS,
        opt_out_tags: Collection[str] = (),
        mark_contacts: bool = True,
        hook_token: str = "",
        sweep_minutes: int = 5,
        region: str = "DK",
        **more: Any,
    ) -> None:
        self.name = name
        self.api = Api(name, api_id, api_token, **more)
        self._tags = frozenset(map(folded, opt_out_tags))
        self._shapes = {one: Shape(name, one, self._tags) for one in OBJECTS if one in objects}
        self._marks, self._hook = mark_contacts, hook_token
        self._sweep = sweep_minutes * 60
        self._company: Mapping[str, Any] = {}
        self._dialer = PowerDialer(self.api, region)
        self._read: dict[str, Mapping[str, Any]] = {}
        """Contacts as they were read last: what a mark is put in front of."""

    def streams(self) -> Sequence[Stream]:
        """Calls and contacts. A key that is refused stops the system here."""
        self._company = (self.api.get("/v1/company") or {}).get("company") or {}
        self._dialer.forget_users()
        return [shape.stream for shape in self._shapes.values()]

    def problems(self) -> Sequence[Problem]:
        """That agents have no tag to say "do not call" with."""
        if CALLS not in self._shapes or self._tags & self._tags_there():
            return ()
        message, details = "aircall.no_tag", {"system": self.name}
        return (Problem(CALLS, message, f"{message}.remedy", details, stops=False),)

    def _tags_there(self) -> frozenset[str]:
        return frozenset(folded(row.get("name")) for row in self.api.rows("/v1/tags", "tags"))

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """What is new, and what may have changed behind it."""
        mark = Mark.of(token)
        shape = self._shapes[stream.name]
        if token and (mark is None or mark.tags != shape.tags):
            raise StartOver("aircall.cursor_unknown", system=self.name, stream=stream.name)
        yield from Pulling(self.api, shape).pages(mark)

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """One call for each."""
        shape, what = self._shapes[stream.name], stream.name.removesuffix("s")
        for ref in dict.fromkeys(refs):
            if not ref.id.isdigit():
                continue
            query = {"fetch_contact": "true"} if stream.name == CALLS else {}
            body = self.api.get(f"/v1/{stream.name}/{ref.id}", **query)
            if body is not None and (row := body.get(what)):
                if stream.name == CONTACTS:
                    self._read[ref.id] = row
                yield shape.record(row)

    def count(self, stream: Stream) -> int | None:
        """How many contacts there are: one call."""
        return Pulling(self.api, self._shapes[stream.name]).total()

    def ids(self, stream: Stream) -> Iterator[Ref]:
        """Each contact's, fifty a call."""
        return (one.ref for one in Pulling(self.api, self._shapes[stream.name]).rows())

    # --- contacts: a first line that the agent sees --------------------------------------------

    def flags(self, stream: Stream) -> Sequence[Flag]:
        """The first line of a contact's information says no to calls."""
        return (FLAG,) if stream.name == CONTACTS and self._marks else ()

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Put the line in front of what stands there; nobody can write on condition."""
        del token
        for change in batch:
            yield self._marked(stream, change)

    def _marked(self, stream: Stream, change: RecordChange) -> Outcome:
        ident = change.ref.id
        row = self._read.pop(ident, None)
        if row is None:
            row = (self.api.get(f"/v1/contacts/{ident}") or {}).get("contact")
        if row is None:
            return Conflict(change.ref)
        if is_marked(row):
            return Applied(change.ref, change.base_version)
        today = self.api.clock().astimezone(COPENHAGEN).date().isoformat()
        text = marked(row.get("information"), today)
        try:
            said = self.api.post(f"/v1/contacts/{ident}", {"information": text})
        except NoAnswer:
            return Unknown(change.ref, "no_answer")
        if said is None:
            return Conflict(change.ref)
        shape = self._shapes[stream.name]
        before = shape.record(row).version
        after = shape.record({**row, "information": text}).version
        # Where others changed it since, the next reading has to show what they did.
        return Applied(change.ref, after if before == change.base_version else change.base_version)

    # --- the dialer: out of every queue --------------------------------------------------------

    def barring(self) -> Barring:
        """No list: queues are cleared, and nothing is refused."""
        return Barring(
            PHONES,
            batch_size=10_000,
            reads="queues",
            refuses=False,
            sweep_seconds=self._sweep,
        )

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """Out of every queue; there is nothing that could be refused."""
        self._dialer.take_out([bar.key for bar in batch])
        yield from ()

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """Those that stand in no queue, by reading all of them."""
        there = self._dialer.keys() if batch else set()
        return {bar: UNQUEUED for bar in batch if bar.key not in there}

    def queued(self) -> Iterator[Sequence[Queued]]:
        """Each user's queue."""
        return self._dialer.queued()

    def unqueue(self, batch: Sequence[Queued]) -> None:
        """Take these rows out."""
        for one in dict.fromkeys(one.where for one in batch):
            user, _, row = one.partition("/")
            self._dialer.drop(int(user), int(row))

    # --- messages ------------------------------------------------------------------------------

    def hints(
        self, headers: Mapping[str, str], body: bytes, word: str = ""
    ) -> Sequence[Hint] | None:
        """The call that a message is about, where calls are read at all."""
        del headers, word
        found = hints_of(body, self._hook)
        return found and [one for one in found if one.stream in self._shapes]

    def hook_is_off(self) -> bool | None:
        """One call, where there is to be a webhook."""
        return is_off(self.api, self._hook)

    # --- for administrators --------------------------------------------------------------------

    def check(self) -> Iterator[Right]:
        """The key, the tags, the queues, and the messages to us."""
        found = self._tags & self._tags_there()
        return rights(self.api, self._company, self._dialer, found)
