"""Mailings that were sent, one record for each of their recipients: the log that a no is held against.

A mailing tells when it went out, and of each recipient only that he got it. So everybody's mail
counts as begun with the mailing; where Mailchimp spreads one over hours, later than it says, a no
that comes meanwhile is taken for one that came afterwards.

Mailings are read by the time they were sent, a week back: a long one is `sent` only when its last
mail has left, after shorter ones that began behind it. What a mailing was read with is remembered
by how many mails it had; one that has more is read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.costs import Costs
from connectors.mailchimp.client import PAGE, Api
from connectors.mailchimp.complaints import CHANNEL
from connectors.mailchimp.members import seconds
from connectors.protocol import Capabilities, Column, Page, Stream
from connectors.translate import moment, text
from rules.attempts import RECIPIENT
from rules.records import Kind, Record, Ref

NAME: Final = "mailings"
FORM: Final = 1
BACK: Final = timedelta(days=7)
"""How long a mailing may take until all of it has left."""
FIELDS: Final = ("id", "send_time", "emails_sent", "settings")
RECIPIENTS: Final = ("email_id", "email_address", "status")


def stream() -> Stream:
    """The log of all mailings of the account."""
    columns = (
        Column("email_address", None, writable=False),
        Column("send_time", "started_at", writable=False),
        Column("title", "call_list", writable=False),
    )
    costs = Costs(first=PAGE, changes=PAGE, writes=1)
    return Stream(NAME, Kind.CALL, Capabilities(calls=True), columns, identity="id", costs=costs)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the reading stands. Times are seconds since 1970.

    Mailings sent after `since` are asked for; `at` is the one that is being read, from recipient
    `offset` on. `seen`: mailing -> (when it was sent, how many mails it had when it was read).
    """

    since: int
    at: str = ""
    offset: int = 0
    seen: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def token(self) -> dict[str, Any]:
        """As JSON."""
        seen = {name: list(told) for name, told in self.seen.items()}
        return {
            "form": FORM, "since": self.since, "at": self.at, "offset": self.offset, "seen": seen,
        }  # fmt: skip

    def ended(self) -> Mark:
        """The mark of the next reading, from the newest mailing back."""
        newest = max((told[0] for told in self.seen.values()), default=0)
        since = max(self.since, newest - int(BACK.total_seconds()))
        seen = {name: told for name, told in self.seen.items() if told[0] >= since}
        return Mark(since, seen=seen)


def mark_of(token: Mapping[str, Any] | None) -> Mark | None:
    """The mark of a token; None for none, and for one of another form."""
    if not token or token.get("form") != FORM:
        return None
    return Mark(**{name: part for name, part in token.items() if name in Mark.__slots__})


class Mailings:
    """The mailings of one account. `days`: how far back the first reading goes."""

    def __init__(self, api: Api, system: str, days: int) -> None:
        self._api, self._system, self._days = api, system, days
        self._calls = api.calls

    def pages(self, mark: Mark | None, now: datetime) -> Iterator[Page]:
        """From the mark to the newest mailing."""
        mark = mark or Mark(int((now - timedelta(days=self._days)).timestamp()))
        held: Page | None = None
        shown = 0
        new = list(self._new(mark))
        total = sum(int(one.get("emails_sent") or 0) for one in new)
        for mailing in new:
            ident = str(mailing["id"])
            mark = mark if mark.at == ident else replace(mark, at=ident, offset=0)
            for records, following in self._recipients(mailing, mark):
                if held:
                    yield held
                mark, shown = following, shown + len(records)
                held = self._page(records, mark, (shown, max(shown, total)))
        last = held or self._page((), mark, (shown, shown))
        yield replace(last, next=mark.ended().token, complete=True)

    def read(self, refs: Sequence[Ref]) -> Iterator[Record]:
        """Those mails, as they are logged: one call for each, and one for each mailing."""
        mailings: dict[str, Any] = {}
        for ref in refs:
            ident, _, key = ref.id.partition(".")
            if not (ident.isalnum() and key.isalnum()):
                continue
            if ident not in mailings:
                mailings[ident] = self._api.mailing(ident, FIELDS)
            row = self._api.recipient(ident, key, RECIPIENTS) if mailings[ident] else None
            if row:
                yield self._record(mailings[ident], row)

    def _new(self, mark: Mark) -> Iterator[Any]:
        """Mailings that were not read, or not with as many mails, the oldest first."""
        since = datetime.fromtimestamp(mark.since, UTC).isoformat()
        for one in self._api.mailings(since, FIELDS):
            if list(mark.seen.get(str(one["id"]), ())) != _told(one):
                yield one

    def _recipients(self, mailing: Any, mark: Mark) -> Iterator[tuple[list[Record], Mark]]:
        """Pages of a mailing's recipients, each with the mark behind it."""
        more = True
        while more:
            body = self._api.recipients(mark.at, mark.offset, RECIPIENTS)
            rows = list(body["sent_to"])
            offset = mark.offset + len(rows)
            more = bool(rows) and offset < int(body["total_items"])
            if more:
                mark = replace(mark, offset=offset)
            else:
                seen = {**mark.seen, mark.at: _told(mailing)}
                mark = replace(mark, at="", offset=0, seen=seen)
            yield [self._record(mailing, row) for row in rows], mark

    def _record(self, mailing: Any, row: Mapping[str, Any]) -> Record:
        settings = mailing.get("settings") or {}
        values = {
            RECIPIENT: text(row.get("email_address")),
            "started_at": moment(mailing.get("send_time")),
            "call_list": text(settings.get("title")) or text(settings.get("subject_line")),
            "channel": CHANNEL,
        }
        ref = Ref(self._system, Kind.CALL, f"{mailing['id']}.{row['email_id']}")
        return Record(ref, f"{row.get('status')} {values['started_at']}", values)

    def _page(self, records: Sequence[Record], mark: Mark, of: tuple[int, int]) -> Page:
        used, self._calls = self._api.calls - self._calls, self._api.calls
        return Page(records, mark.token, complete=False, of=of, calls_used=used)


def _told(mailing: Mapping[str, Any]) -> list[int]:
    return [seconds(mailing["send_time"]), int(mailing.get("emails_sent") or 0)]
