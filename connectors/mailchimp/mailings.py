"""Mailings that were sent, one record for each of their recipients (connectors/sendings.py).

A mailing tells when it went out, and of each recipient only that he got it. So everybody's mail
counts as begun with the mailing; where Mailchimp spreads one over hours, later than it says, a no
that comes meanwhile is taken for one that came afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from connectors.costs import Costs
from connectors.mailchimp.client import PAGE, Api
from connectors.mailchimp.complaints import CHANNEL
from connectors.mailchimp.members import seconds
from connectors.protocol import Capabilities, Column, Stream
from connectors.sendings import Sending
from connectors.translate import moment, text
from rules.attempts import RECIPIENT
from rules.records import Kind, Record, Ref

NAME: Final = "mailings"
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


class Mailings:
    """The mailings of one account."""

    def __init__(self, api: Api, system: str) -> None:
        self._api, self._system = api, system

    @property
    def calls(self) -> int:
        """Calls that were made so far."""
        return self._api.calls

    def sent(self, since: int) -> Iterator[Sending]:
        """Mailings that were sent since, the oldest first."""
        for one in self._api.mailings(datetime.fromtimestamp(since, UTC).isoformat(), FIELDS):
            many = int(one.get("emails_sent") or 0)
            yield Sending(str(one["id"]), (seconds(one["send_time"]), many), one, many)

    def recipients(self, one: Sending, offset: int) -> tuple[int, bool, list[Record]]:
        """Those of a mailing, from there on."""
        body = self._api.recipients(one.id, offset, RECIPIENTS)
        rows = list(body["sent_to"])
        more = bool(rows) and offset + len(rows) < int(body["total_items"])
        return len(rows), more, [self._record(one.said, row) for row in rows]

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
