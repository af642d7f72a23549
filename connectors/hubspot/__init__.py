"""HubSpot: companies, contacts, calls, meetings and deals, read and kept clean.

Here are the roles; calls leave in `client`, what properties mean stands in `mapping`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any, Final
from urllib.parse import quote

import requests

from connectors.flags import noes_of
from connectors.hooks import Hint
from connectors.hubspot import lists, trials
from connectors.hubspot.admin import missing, offered, provision, rights, sample
from connectors.hubspot.blocking import MAIL_FLAG, MAILS, Blocking, clearings
from connectors.hubspot.client import Api
from connectors.hubspot.hooks import hints_of
from connectors.hubspot.logins import Login
from connectors.hubspot.mapping import BY_NAME, THINGS, Thing
from connectors.hubspot.pulling import Pulling, linked
from connectors.hubspot.pushing import Pushing
from connectors.hubspot.shapes import BATCH, Shape, shaped, with_names
from connectors.hubspot.windows import mark_of
from connectors.protocol import Clearing, Moved, Outcome, Page, Problem, Stream, Token
from connectors.rights import Made, Offered, Right, Wanted
from rules.changes import RecordChange
from rules.errors import RingrenError, StartOver, SystemStopped
from rules.flags import Flag
from rules.records import Record, Ref

APP: Final = "app.hubspot.com"
_HOST: Final = re.compile(r"app(?:-[a-z0-9]+)?\.hubspot\.com")
OBJECTS = tuple(one.name for one in THINGS)


class HubSpot:
    """One account of HubSpot.

    `objects` are those to be read; `fields` is canonical -> property, by object, over the
    defaults; `hook` is the secret that signs messages to us, and the address they are sent to;
    `opt_out_dispositions` are outcomes of calls, as people read them, that mean "do not call";
    `more` goes to `client.Api` (dry, meter, elsewhere, sleep, patience).
    """

    def __init__(
        self,
        name: str,
        login: Login,
        *,
        objects: Sequence[str] = OBJECTS,
        fields: Mapping[str, Mapping[str, str]] = {},
        hook: tuple[str, str] = ("", ""),
        opt_out_dispositions: Sequence[str] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        **more: Any,
    ) -> None:
        self.name = name
        self._objects, self._fields = tuple(objects), fields
        self._hook, self._clock = hook, clock
        self._noes = noes_of(opt_out_dispositions)
        fetch: Callable[[requests.Session], Any] = login.fetch(name, clock)
        self.api = Api(name, fetch, clock=clock, **more)
        self._shapes: dict[str, Shape] = {}
        self._counted: dict[str, int] = {}

    @cached_property
    def _owners(self) -> Mapping[str, str]:
        """Names of those who own records; without the right to know them, their ids do."""
        try:
            return self.api.owners()
        except SystemStopped:
            return {}

    def _stages(self, name: str) -> Mapping[str, str]:
        """Labels of stages; without the right to know them, their ids do."""
        try:
            return self.api.stages(name)
        except SystemStopped:
            return {}

    def shape(self, name: str) -> Shape:
        """An object as it stands in this account."""
        if name not in self._shapes:
            thing = BY_NAME[name]
            wanted = self._fields.get(name, {})
            made = shaped(self.name, thing, self.api.properties(name), wanted, self._noes)
            stages = lru_cache(maxsize=1)(lambda: self._stages(name))
            self._shapes[name] = with_names(made, lambda: self._owners, stages)
        return self._shapes[name]

    @property
    def things(self) -> Iterator[Thing]:
        """The objects that are read."""
        return (thing for thing in THINGS if thing.name in self._objects)

    def streams(self) -> Sequence[Stream]:
        """One for each object that we may see. What properties there are is asked anew each time."""
        self._shapes.clear()
        return [shape.stream for shape in self._seen.values()]

    @property
    def _seen(self) -> Mapping[str, Shape]:
        """The objects that we may see. A key that is refused altogether stops the system."""
        found = {}
        for thing in self.things:
            try:
                found[thing.name] = self.shape(thing.name)
            except SystemStopped as error:
                if error.message != "error.no_right":
                    raise
        return found

    def problems(self) -> Sequence[Problem]:
        """Objects, and flags that say no, that cannot be seen; properties named in vain."""
        seen = self._seen
        found = [
            _told(thing.name, "hubspot.object_hidden", thing.name, self.name)
            for thing in self.things
            if thing.name not in seen
        ]
        for shape in seen.values():
            hidden = (
                _told(shape.name, "hubspot.opt_out_hidden", n, self.name) for n in shape.blind
            )
            lacking = (
                _told(shape.name, "hubspot.no_such_property", name, self.name, stops=False)
                for name in shape.lacking
                if name not in shape.blind
            )
            found += [*hidden, *lacking]
        return found

    def link(self, stream: str, ref: Ref | None, place: int | None) -> str | None:
        """The record's page in HubSpot."""
        del place
        number = {"contacts": "0-1", "companies": "0-2", "deals": "0-3", "leads": "0-136"}.get(
            stream
        )
        if ref is None or number is None:
            return None
        return (
            f"{self._address}/record/{number}/{quote(ref.id, safe='')}" if self._address else None
        )

    @cached_property
    def _address(self) -> str:
        """Where people open records: one call, when first asked for; "" when nobody says."""
        try:
            told = self.api.account()
        except RingrenError:
            return ""
        host, account = str(told.get("uiDomain") or APP), str(told.get("portalId") or "")
        if not (_HOST.fullmatch(host) and account.isdigit()):
            return ""
        return f"https://{host}/contacts/{account}"

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """All pages of the list, or what changed and was deleted since the token was made."""
        mark = mark_of(token)
        if token and mark is None:
            raise StartOver("hubspot.cursor_unknown", system=self.name, stream=stream.name)
        counted = self._counted.pop(stream.name, None)
        yield from Pulling(self.api, self.shape(stream.name), counted).pages(mark)

    def anew(self, stream: Stream, token: Token) -> Token | None:
        """From the list's beginning; changes are then searched from where the old cursor stood."""
        del stream
        mark = mark_of(token)
        return mark.anew().token if mark else None

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """Those of these records that are there now, as they are now: the index plays no part."""
        shape = self.shape(stream.name)
        wanted = {ref.id for ref in refs if ref.id.isdigit()}
        ids = sorted(wanted, key=int)
        for at in range(0, len(ids), BATCH):
            rows = self.api.read(shape.name, ids[at : at + BATCH], shape.asked)
            there = [row for row in rows if str(row["id"]) in wanted]
            yield from (shape.record(row) for row in linked(self.api, shape, there))

    def push(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Write each record that is still as it was decided on; one outcome each, in order."""
        yield from self._pushed(Pushing(self.api, self.shape(stream.name)), token, batch)

    def _pushed(
        self, pushing: Pushing, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        yield from pushing.push(batch)
        mark = mark_of(token)
        if mark and (moved := mark.wrote(pushing.written)):
            yield Moved(moved.token)

    def unblock(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Take our own properties off, where the record is still as it was."""
        yield from self._pushed(
            Pushing(self.api, self.shape(stream.name), flags=True), token, batch
        )

    def flags(self, stream: Stream) -> Sequence[Flag]:
        """Properties that can be set, and for addresses HubSpot's own list of those who opted out."""
        shape = self.shape(stream.name)
        mails = any(row.vendor == MAIL_FLAG for row in shape.rows)
        return (*shape.settable, *([MAILS] if mails else []))

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Set properties, and take addresses off all mailings; one outcome a record."""
        blocking = Blocking(self.api, self.shape(stream.name))
        yield from blocking.block(batch)
        mark = mark_of(token)
        if mark and (moved := mark.wrote(blocking.written)):
            yield Moved(moved.token)

    def cleared(
        self, stream: Stream, refs: Sequence[Ref], fields: Sequence[str]
    ) -> Mapping[Ref, Clearing]:
        """By the history of the properties: each value there tells where it came from."""
        return clearings(self.api, self.shape(stream.name), refs, fields)

    def time_there(self) -> datetime:
        """By the answers' own dates."""
        return self.api.now()

    def expected_version(self, stream: Stream, record: Record, change: RecordChange) -> str | None:
        """Only the values as HubSpot spells them tell."""
        del stream, record, change
        return None

    # --- messages ---

    def hints(
        self, headers: Mapping[str, str], body: bytes, word: str = ""
    ) -> Sequence[Hint] | None:
        """The records that a signed message is about, where they are read at all."""
        del word
        found = hints_of(headers, body, *self._hook, self._clock())
        return found and [one for one in found if one.stream in self._objects]

    def hook_is_off(self) -> bool | None:
        """Only the app itself knows, with a key of its own: not to be asked."""
        return None

    # --- for administrators -------------------------------------------------------------------

    def check(self) -> Iterator[Right]:
        """Every right, tried by name."""
        return rights(self.api, [thing.name for thing in self.things], self._seen)

    def missing(self) -> Sequence[Wanted]:
        """Properties of the catalogue that this account lacks."""
        return missing(self._seen)

    def provision(self, wanted: Sequence[Wanted]) -> Iterator[Made]:
        """Make them. What properties there are is asked anew afterwards."""
        yield from provision(self.api, wanted)
        self._shapes.clear()

    def offered(self) -> Sequence[Offered]:
        """The account's own properties that nothing is mapped to: one call an object."""
        return [
            one
            for shape in self._seen.values()
            for one in offered(shape, self.api.properties(shape.name))
        ]

    def sample(self, stream: str, names: Sequence[str]) -> Sequence[Mapping[str, str | None]]:
        """Some records of an object: one call."""
        return sample(self.api, self.shape(stream), names)

    # --- records of our own, in a sandbox ---

    def trial_make(self, stream: Stream, values: Mapping[str, str]) -> str:
        """Make a record; its id."""
        return trials.make(self.api, self.shape(stream.name), values)

    def trial_edit(self, stream: Stream, ident: str, values: Mapping[str, str]) -> None:
        """Write without a guard."""
        trials.edit(self.api, self.shape(stream.name), ident, values)

    def trial_merge(self, stream: Stream, winner: str, loser: str) -> str:
        """Merge two; what remains."""
        return trials.merge(self.api, self.shape(stream.name), winner, loser)

    def trial_remove(self, stream: Stream, ident: str) -> None:
        """Take a record away."""
        trials.remove(self.api, self.shape(stream.name), ident)

    def trial_find(self, stream: Stream, values: Mapping[str, str]) -> Sequence[str]:
        """Those that are there still."""
        return trials.find(self.api, self.shape(stream.name), values)

    def about(self, streams: Sequence[Stream]) -> Mapping[str, int]:
        """How many records there are, as far as the index knows: one call each."""
        self._counted = {one.name: self.api.count(one.name) for one in streams}
        return self._counted

    def members(self, name: str) -> Iterator[Sequence[str]] | None:
        """Ids of the contacts on a list of HubSpot's own; None when none is called so."""
        return lists.members(self.api, name)

    # --- for comparing whole sets -------------------------------------------------------------

    def count(self, stream: Stream) -> int:
        """How many records there are, as far as the index knows: one call."""
        return self.api.count(stream.name)

    def ids(self, stream: Stream) -> Iterator[Ref]:
        """The id of every record, a hundred a call."""
        shape, after = self.shape(stream.name), None
        while True:
            body = self.api.page(shape.name, (), after)
            yield from (shape.ref(str(row["id"])) for row in body["results"])
            after = ((body.get("paging") or {}).get("next") or {}).get("after")
            if not after:
                return


def _told(stream: str, message: str, name: str, system: str, *, stops: bool = True) -> Problem:
    details = {"stream": stream, "field": name, "system": system}
    return Problem(stream, message, f"{message}.remedy", details, stops)
