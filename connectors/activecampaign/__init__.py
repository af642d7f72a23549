"""ActiveCampaign: contacts of lists, read; and taken off where they are blocked.

An opt-out is a row of contact and list, so each list is a stream of its own, and a new one simply
another stream. Nobody is ever signed up here, and no other field is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from requests import codes

from connectors import sendings
from connectors.activecampaign import bounces, broadcasts
from connectors.activecampaign.broadcasts import Broadcasts
from connectors.activecampaign.client import IMPORT, PAGE, Api
from connectors.activecampaign.contacts import KEPT_AWAY, MAILS, Shape, shaped
from connectors.activecampaign.pulling import Pulling, mark_of
from connectors.barring import Barring, Refusal
from connectors.hooks import Hint, form_of, is_word
from connectors.protocol import (
    Applied,
    Conflict,
    Moved,
    Outcome,
    Page,
    Problem,
    Rejected,
    Stream,
    Token,
)
from connectors.rights import Right
from connectors.sendings import Sendings
from rules.barring import Bar
from rules.changes import RecordChange
from rules.errors import StartOver
from rules.flags import Flag
from rules.keys import KeyKind
from rules.records import Kind, Record, Ref


class ActiveCampaign:
    """One account. `fields`: canonical field to the contact's own; `more` goes to `client.Api`.

    `add_unknown`: an address that is on no list is put on each of them, as unsubscribed.
    `hook` is the secret in the address that messages are sent to. `text_days`: how far back texts
    are read at first; without it none are. `text_zone`: the zone in which the account tells their times.
    """

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        *,
        fields: Mapping[str, str] = {},
        add_unknown: bool = False,
        hook: str = "",
        text_days: int | None = None,
        text_zone: str = "UTC",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        **more: Any,
    ) -> None:
        self.name = name
        self._fields, self._add_unknown, self._hook = fields, add_unknown, hook
        self.api = Api(name, url, key, clock=clock, **more)
        self._texts, self._text_days = Broadcasts(self.api, name, ZoneInfo(text_zone)), text_days
        self._shapes: dict[str, Shape] = {}

    # --- reading ---

    def streams(self) -> Sequence[Stream]:
        """The contacts and the bounces of each list there is now; and the texts."""
        echoes, there = self._add_unknown, list(self.api.lists())
        found = (shaped(self.name, one, self._fields, echoes=echoes) for one in there)
        self._shapes = {shape.stream.name: shape for shape in found}
        bounced = [bounces.stream_of(one) for one in there]
        texts = broadcasts.streams() if self._text_days else []
        return [*(shape.stream for shape in self._shapes.values()), *bounced, *texts]

    def problems(self) -> Sequence[Problem]:
        """None: what cannot be read stops the system."""
        return ()

    def _shape(self, stream: Stream) -> Shape:
        if stream.name not in self._shapes:
            self.streams()
        return self._shapes[stream.name]

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """Everybody on the list, or who was changed since the token was made."""
        if stream.bounces:
            yield from bounces.pages(self.api, self.name, stream, token)
            return
        if self._text_days and stream.name == broadcasts.STOPS:
            yield self._texts.stops(self._text_days)
            return
        if self._text_days and stream.kind is Kind.CALL:
            sent = sendings.mark_of(token)
            self._refuse_another_form(stream, token, sent)
            yield from Sendings(self._texts, self._text_days).pages(sent, self.api.now())
            return
        mark = mark_of(token)
        self._refuse_another_form(stream, token, mark)
        yield from Pulling(self.api, self._shape(stream)).pages(mark)

    def _refuse_another_form(self, stream: Stream, token: Token | None, mark: object) -> None:
        if token and mark is None:
            raise StartOver("activecampaign.cursor_unknown", system=self.name, stream=stream.name)

    def anew(self, stream: Stream, token: Token) -> Token | None:
        """From the beginning; noes since the very first reading that are over are told then."""
        mark = mark_of(token) if stream.kind is Kind.CONTACT else None
        return mark.anew().token if mark else None

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """Those who are there, as they are now, a hundred a call."""
        if stream.kind is Kind.CALL:
            yield from self._texts.read(refs) if self._text_days else ()
            return
        if stream.kind is Kind.OPT_OUT:
            wanted = set(refs)
            shown = (one for page in self.pull(stream, None) for one in page.records)
            yield from (record for record in shown if record.ref in wanted)
            return
        shape = self._shape(stream)
        parts = [ref.id.partition(".") for ref in refs]
        ids = sorted({int(c) for on, _, c in parts if on == shape.list and c.isdigit()})
        for at in range(0, len(ids), PAGE):
            some = [str(one) for one in ids[at : at + PAGE]]
            # An account that did not heed `ids` would show others.
            there = (one for one in shape.of(self.api.read(some)) if one.id in set(some))
            yield from map(shape.record, there)

    # --- blocking ---

    def flags(self, stream: Stream) -> Sequence[Flag]:
        """The row of the list: status 2 says no to mail. Nothing here says no to calls."""
        return (MAILS,) if stream.kind is Kind.CONTACT else ()

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Take contacts off the list, one by one. A reading shows what became of it."""
        del token
        shape = self._shape(stream)
        for one in batch:
            status = self.api.unsubscribe(shape.list, one.ref.id.partition(".")[2])
            if status == codes.not_found:
                yield Conflict(one.ref)
            elif status >= codes.bad_request:
                details = {"field": "contactList.status", "code": f"HTTP {status}"}
                yield Rejected(one.ref, "write_refused", details)
            else:
                yield Applied(one.ref, one.base_version)

    # --- addresses that are on no list ---

    def barring(self) -> Barring:
        """Every list is one of addresses, where the settings want unknown ones on it too."""
        takes = {KeyKind.EMAIL: MAILS.channels} if self._add_unknown else {}
        return Barring(takes, batch_size=IMPORT)

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """On every list as unsubscribed, by one import. It takes a while to be seen."""
        left = list(batch)
        refused: dict[Bar, str] = {}
        while left:
            denied = self.api.load_off(self._lists(), [bar.key.value for bar in left])
            refused |= {left[at]: code for at, code in denied.items()}
            if not denied:
                break
            left = [bar for bar in left if bar not in refused]
        yield from (Refusal(bar, code) for bar, code in refused.items())

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """Those who stand as unsubscribed, or as bounced, on every list: one call each."""
        lists = set(self._lists())
        found = {}
        for bar in batch:
            rows = self.api.rows_of(bar.key.value)
            off = {on for on, status in rows.items() if status in KEPT_AWAY}
            if lists and off >= lists:
                found[bar] = "unsubscribed"
        return found

    def _lists(self) -> list[str]:
        if not self._shapes:
            self.streams()
        return [shape.list for shape in self._shapes.values()]

    # --- messages ---

    def hints(
        self, headers: Mapping[str, str], body: bytes, word: str = ""
    ) -> Sequence[Hint] | None:
        """The contact on a list that a message is about; nothing where it names no list."""
        del headers
        if not is_word(word, self._hook):
            return None
        said = form_of(body)
        on, contact = said.get("list", ""), said.get("contact[id]", "")
        if not (on.isdecimal() and contact.isdecimal()):
            return ()
        return [Hint(f"contacts/{on}", f"{on}.{contact}", said.get("type", ""))]

    def hook_is_off(self) -> bool | None:
        """Whether there is no webhook to our address: one call."""
        if not self._hook:
            return None
        return not any(is_word(url.rpartition("/")[2], self._hook) for url in self.api.hooks())

    # --- for administrators, and for comparing whole sets ---

    def time_there(self) -> datetime:
        """By the answers' own dates."""
        return self.api.now()

    def check(self) -> Iterator[Right]:
        """Whether the key is let in, and each list can be read."""
        user = str(self.api.me().get("username") or "?")
        yield Right(user, True, "activecampaign.right.user", details={"user": user})
        streams = self.streams()
        for one in (each for each in streams if each.kind is Kind.CONTACT):
            details = {"list": one.notes["list"], "count": str(self.count(one))}
            yield Right(one.name, True, "activecampaign.right.list", details=details)
        if self._text_days:
            newest = self._texts.newest()
            told = {"at": newest.isoformat(" ", "minutes") if newest else "–"}
            yield Right(broadcasts.LOG, True, "activecampaign.right.texts", details=told)
        if not self._shapes:
            key = "activecampaign.no_list"
            yield Right(user, False, key, f"{key}.remedy", stops=False)

    def about(self, streams: Sequence[Stream]) -> Mapping[str, int]:
        """How many contacts each list has: one call each."""
        return {one.name: self.count(one) for one in streams if one.kind is Kind.CONTACT}

    def count(self, stream: Stream) -> int:
        """How many contacts there are on the list: one call."""
        return self.api.count(self._shape(stream).list)

    def ids(self, stream: Stream) -> Iterator[Ref]:
        """Everybody's id, a hundred a call."""
        yield from (record.ref for record in Pulling(self.api, self._shape(stream)).records())
