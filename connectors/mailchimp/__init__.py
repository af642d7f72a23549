"""Mailchimp: members of audiences, read; and taken off where they are blocked.

Each audience is a stream of its own, because an unsubscribe holds in one audience only; a new one
is simply another stream. Nobody is ever subscribed here, and no other field is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

from connectors import sendings
from connectors.barring import Barring, Refusal
from connectors.hooks import Hint, form_of, is_word
from connectors.mailchimp import bounces, complaints, mailings
from connectors.mailchimp.client import BATCH, PAGE, PLACE, Api
from connectors.mailchimp.mailings import Mailings
from connectors.mailchimp.members import (
    GONE,
    KEPT_AWAY,
    MAILS,
    STATUSES,
    Shape,
    hash_of,
    shaped,
)
from connectors.mailchimp.pulling import Pulling, mark_of
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
from rules.errors import StartOver, SystemStopped
from rules.flags import Flag
from rules.keys import KeyKind
from rules.records import Kind, Record, Ref

TOGETHER: Final = 4
"""Calls under way at a time. Mailchimp lets ten in for all programs of an account together."""
FORGOTTEN: Final = "permanently deleted"
"""Words of the interface for who can never be written again."""


class Mailchimp:
    """One account. `fields`: canonical field to merge tag; `more` goes to `client.Api`.

    `add_unknown`: an address that is in no audience is put into each of them, as unsubscribed.
    `hook` is the secret in the address that messages are sent to. `mailing_days`: how far back
    the log of mailings is read at first; without it none is.
    """

    def __init__(
        self,
        name: str,
        key: str,
        *,
        fields: Mapping[str, str] = {},
        add_unknown: bool = False,
        hook: str = "",
        mailing_days: int | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        **more: Any,
    ) -> None:
        self.name = name
        self._fields, self._add_unknown, self._hook = fields, add_unknown, hook
        self._fits = PLACE.fullmatch(key) is not None
        self._clock = clock
        self.api = Api(name, key, clock=clock, **more)
        self._mailings, self._mailing_days = Mailings(self.api, name), mailing_days
        self._audiences: list[Any] = []
        self._shapes: dict[str, Shape] = {}
        self._addresses: dict[str, str] = {}
        """By id, as last read: what is written goes by address."""
        self._forgotten: set[tuple[str, str]] = set()
        """Audience and address of those who were deleted for good, as far as we were told."""

    # --- what there is ---

    def streams(self) -> Sequence[Stream]:
        """Members, complaints and bounces of each audience there is now; and the mailings."""
        if not self._fits:
            raise SystemStopped("mailchimp.no_place", system=self.name)
        self._audiences = list(self.api.audiences())
        self._shapes = {}
        for one in self._audiences:
            tags = self.api.merge_fields(str(one["id"]))
            shape = shaped(self.name, one, tags, self._fields, echoes=self._add_unknown)
            self._shapes[shape.stream.name] = shape
        lists = [
            make(one)
            for make in (complaints.stream_of, bounces.stream_of)
            for one in self._audiences
        ]
        logs = [mailings.stream()] if self._mailing_days else []
        return [*(shape.stream for shape in self._shapes.values()), *lists, *logs]

    def problems(self) -> Sequence[Problem]:
        """Merge tags of the settings that no audience has."""
        lacking = [set(shape.lacking) for shape in self._shapes.values()]
        nowhere = sorted(set.intersection(*lacking)) if lacking else []
        key = "mailchimp.no_such_field"
        return [
            Problem("members", key, f"{key}.remedy", {"field": tag, "system": self.name}, False)
            for tag in nowhere
        ]

    def _shape(self, stream: Stream) -> Shape:
        if stream.name not in self._shapes:
            self.streams()
        return self._shapes[stream.name]

    # --- reading ---

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """Everybody, or who changed and was archived since the token was made."""
        if stream.name.startswith(complaints.PREFIX):
            yield from complaints.pages(self.api, self.name, stream, token)
            return
        if self._mailing_days and stream.kind is Kind.CALL:
            sent = sendings.mark_of(token)
            self._refuse_another_form(stream, token, sent)
            log = Sendings(self._mailings, self._mailing_days)
            yield from log.pages(sent, self._clock())
            return
        mark = mark_of(token)
        self._refuse_another_form(stream, token, mark)
        if stream.bounces:
            audience = stream.name.removeprefix(bounces.PREFIX)
            rows = bounces.Bounced(self.name, audience)
            yield from Pulling(self.api, rows, bounces.CLEANED).pages(mark)
        else:
            yield from Pulling(self.api, self._shape(stream)).pages(mark)

    def _refuse_another_form(self, stream: Stream, token: Token | None, mark: object) -> None:
        if token and mark is None:
            raise StartOver("mailchimp.cursor_unknown", system=self.name, stream=stream.name)

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """Those who are there, as they are now: one call each, or page by page where that is less."""
        if stream.kind is Kind.OPT_OUT:
            yield from self._reports(stream, refs)
            return
        if stream.kind is Kind.CALL:
            yield from self._mailings.read(refs) if self._mailing_days else ()
            return
        shape = self._shape(stream)
        wanted = {ref.id for ref in refs}
        self._addresses = {}
        if len(wanted) > PAGE // 10 and len(wanted) > self._pages(shape):
            for record in Pulling(self.api, shape).records():
                if record.ref.id in wanted:
                    wanted.discard(record.ref.id)
                    yield self._known(record)
        # Also those whom the pages did not show: only who is asked for by name is surely gone.
        yield from map(self._known, self._one_by_one(shape, sorted(wanted)))

    def _reports(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        wanted = set(refs)
        for page in self.pull(stream, None):
            yield from (record for record in page.records if record.ref in wanted)

    def _one_by_one(self, shape: Shape, ids: Sequence[str]) -> Iterator[Record]:
        def asked(ident: str) -> Any | None:
            audience, _, key = ident.partition(".")
            right = audience == shape.audience and key.isalnum()
            return self.api.member(audience, key, shape.asked) if right else None

        with ThreadPoolExecutor(TOGETHER) as pool:
            for row in pool.map(asked, ids):
                if row is not None and row.get("status") != GONE:
                    yield shape.record(row)

    def _pages(self, shape: Shape) -> int:
        return sum(-(-self.api.count(shape.audience, one) // PAGE) for one in STATUSES)

    def _known(self, record: Record) -> Record:
        self._addresses[record.ref.id] = str(record.values.get("email") or "")
        return record

    # --- blocking ---

    def flags(self, stream: Stream) -> Sequence[Flag]:
        """The status of a member: unsubscribed says no to mail. Nothing here says no to calls."""
        return (MAILS,) if stream.kind is Kind.CONTACT else ()

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Take members off their audience; one outcome each. A reading shows what became of it."""
        del token
        shape, listed = self._shape(stream), list(batch)
        unread = [one.ref for one in listed if one.ref.id not in self._addresses]
        if unread:
            before = self._addresses
            list(self.read(stream, unread))
            self._addresses = {**before, **self._addresses}
        there = {one.ref.id: self._addresses.get(one.ref.id, "") for one in listed}
        refused = self._unsubscribed(
            shape.audience, sorted({text for text in there.values() if text})
        )
        for one in listed:
            address = there[one.ref.id]
            code = refused.get(address.lower())
            if not address or code == FORGOTTEN:
                yield Conflict(one.ref)
            elif code:
                yield Rejected(one.ref, "write_refused", {"field": "status", "code": code})
            else:
                yield Applied(one.ref, one.base_version)

    def _unsubscribed(self, audience: str, addresses: Sequence[str]) -> Mapping[str, str]:
        """Those that were refused, by address in lower case, and why."""
        if not addresses:
            return {}
        errors = self.api.unsubscribe(audience, addresses).get("errors") or ()
        return {
            str(one.get("email_address") or "").lower(): FORGOTTEN
            if FORGOTTEN in str(one.get("error") or "")
            else str(one.get("error_code") or "?")
            for one in errors
        }

    # --- addresses that are in no audience ---

    def barring(self) -> Barring:
        """Every audience is a list of addresses, where the settings want unknown ones in it too."""
        takes = {KeyKind.EMAIL: MAILS.channels} if self._add_unknown else {}
        return Barring(takes, batch_size=BATCH)

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """Into every audience as unsubscribed; one call each. Who was deleted for good is kept away by that."""
        by_address = {bar.key.value: bar for bar in batch}
        refused: dict[Bar, str] = {}
        for audience in self._all_audiences():
            for address, code in self._unsubscribed(audience, sorted(by_address)).items():
                if bar := by_address.get(address):
                    if code == FORGOTTEN:
                        self._forgotten.add((audience, address))
                    else:
                        refused[bar] = code
        yield from (Refusal(bar, code) for bar, code in refused.items())

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """Those who stand as unsubscribed, or as bounced, in every audience."""
        audiences = self._all_audiences()
        with ThreadPoolExecutor(TOGETHER) as pool:
            found = pool.map(lambda bar: self._stands(audiences, bar.key.value), batch)
            return {bar: word for bar, word in zip(batch, found, strict=True) if word}

    def _stands(self, audiences: Sequence[str], address: str) -> str:
        """How an address is kept away from all audiences; "" when it is not."""
        word = "absent"
        for audience in audiences:
            if (audience, address) in self._forgotten:
                continue
            row = self.api.member(audience, hash_of(address), ("status",))
            if row is None or row.get("status") not in KEPT_AWAY:
                return ""
            word = "unsubscribed"
        return word

    def _all_audiences(self) -> list[str]:
        if not self._audiences:
            self.streams()
        return [str(one["id"]) for one in self._audiences]

    # --- messages ---

    def hints(
        self, headers: Mapping[str, str], body: bytes, word: str = ""
    ) -> Sequence[Hint] | None:
        """The member that a message is about: by his address, which it always has."""
        del headers
        if not is_word(word, self._hook):
            return None
        said = form_of(body)
        audience, event = said.get("data[list_id]", ""), said.get("type", "")
        address = said.get("data[new_email]") or said.get("data[email]", "")
        if not (audience.isalnum() and address):
            return ()
        return [Hint(f"members/{audience}", f"{audience}.{hash_of(address)}", event)]

    def hook_is_off(self) -> bool | None:
        """Whether an audience has no webhook to our address: one call each."""
        if not self._hook:
            return None
        urls = [self.api.hooks(one) for one in self._all_audiences()]
        return not all(
            any(is_word(u.rpartition("/")[2], self._hook) for u in some) for some in urls
        )

    # --- for administrators, and for comparing whole sets ---

    def check(self) -> Iterator[Right]:
        """Whether the key is let in, and each audience can be read."""
        streams = self.streams()
        name = str(self.api.account().get("account_name") or "?")
        yield Right(name, True, "mailchimp.right.account", details={"account": name})
        for one in streams:
            if one.kind is Kind.CONTACT:
                details = {"audience": one.notes["audience"], "count": str(self.count(one))}
                yield Right(one.name, True, "mailchimp.right.audience", details=details)
        if not streams:
            key = "mailchimp.no_audience"
            yield Right(name, False, key, f"{key}.remedy", stops=False)

    def about(self, streams: Sequence[Stream]) -> Mapping[str, int]:
        """How many members each audience has about; no call."""
        found = {}
        for one in self._audiences:
            stats = one.get("stats") or {}
            counts = ("member_count", "unsubscribe_count", "cleaned_count")
            found[f"members/{one['id']}"] = sum(int(stats.get(name) or 0) for name in counts)
        return {one.name: found[one.name] for one in streams if one.name in found}

    def count(self, stream: Stream) -> int:
        """How many there are, archived ones left out: one call for each status."""
        audience = self._shape(stream).audience
        return sum(self.api.count(audience, status) for status in STATUSES)

    def ids(self, stream: Stream) -> Iterator[Ref]:
        """Everybody's id, a thousand a call."""
        yield from (record.ref for record in Pulling(self.api, self._shape(stream)).records())
