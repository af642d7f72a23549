"""Text messages that were sent, one record for each of their recipients (connectors/sendings.py); and
who answered one with a stop.

The account writes the time of each text in a zone of its own and names none (its description says
CST, which may or may not turn with the season). So the zone is a setting, and without it no texts are
read: a log that is six hours off would find the wrong ones. What did not arrive is no contact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors.activecampaign.client import PAGE, Api, total_of
from connectors.costs import Costs
from connectors.protocol import Capabilities, Column, Page, Stream
from connectors.sendings import Sending
from connectors.translate import moment, text
from rules.records import Kind, Record, Ref

LOG: Final = "texts"
STOPS: Final = "stops"
CHANNEL: Final = "sms"
"""As `rules.opt_out_words` reads it."""
SOURCE: Final = "ActiveCampaign: SMS stop"
_NOT_ARRIVED: Final = "failed"
_LEFT: Final = frozenset({"sent", "sending"})


def streams() -> list[Stream]:
    """The log of all texts of the account, and the stops that came back."""
    costs = Costs(first=PAGE, changes=PAGE, writes=1)
    log = (
        Column("phoneNumber", "called_number", writable=False),
        Column("sentDate", "started_at", writable=False),
        Column("broadcast", "call_list", writable=False),
    )
    stops = [
        Column("phoneNumber", "direct_phone", writable=False),
        *(Column(name, name, writable=False) for name in ("channel", "opt_out_source")),
    ]
    can = Capabilities(opt_outs=True)
    return [
        Stream(LOG, Kind.CALL, Capabilities(calls=True), log, identity="id", costs=costs),
        Stream(STOPS, Kind.OPT_OUT, can, tuple(stops), identity="id", costs=costs),
    ]


class Broadcasts:
    """The texts of one account, whose times without a zone are those of `zone`."""

    def __init__(self, api: Api, system: str, zone: ZoneInfo) -> None:
        self._api, self._system, self._zone = api, system, zone

    @property
    def calls(self) -> int:
        """Calls that were made so far."""
        return self._api.calls

    def sent(self, since: int) -> Iterator[Sending]:
        """What has begun to leave since, the oldest first. How many it says it went to changes while
        it goes out, and so does what it is called: then it is read again."""
        found = [self._sending(one) for one in self._api.broadcasts() if one.get("status") in _LEFT]
        yield from sorted((one for one in found if one.told[0] > since), key=lambda one: one.told)

    def _sending(self, one: Mapping[str, Any]) -> Sending:
        told = one.get("sent_date") or one.get("scheduled_date") or one.get("updated_at")
        at = self._utc(told)
        many = int(one.get("sent_to_count") or 0)
        seconds = int(at.timestamp()) if at else int(self._api.now().timestamp())
        return Sending(str(one["id"]), (seconds, many, one.get("status") == "sent"), one, many)

    def recipients(self, one: Sending, offset: int) -> tuple[int, bool, list[Record]]:
        """Those of a text, from there on."""
        body = self._api.recipients(one.id, offset)
        rows = list(body["recipients"])
        more = bool(rows) and offset + len(rows) < total_of(body)
        return len(rows), more, list(self._arrived(one, rows))

    def read(self, refs: Sequence[Ref]) -> Iterator[Record]:
        """Those texts, as they are logged: the whole of each one that is named."""
        wanted = {ref.id for ref in refs}
        named = {one.partition(".")[0] for one in wanted}
        for one in self.sent(0):
            if one.id in named:
                records = self._arrived(one, self._api.all_recipients(one.id))
                yield from (record for record in records if record.ref.id in wanted)

    def stops(self, days: int) -> Page:
        """Everybody who answered a text of the last days with a stop: one call a text."""
        calls, now = self._api.calls, self._api.now()
        records: list[Record] = []
        for one in self.sent(int((now - timedelta(days=days)).timestamp())):
            # An account that did not heed the filter would show others.
            rows = self._api.all_recipients(one.id, engaged="optOuts")
            records += [self._stop(one.id, row) for row in rows if row.get("optOut") == "yes"]
        of = (len(records), len(records))
        token = {"day": now.date().isoformat()}
        return Page(records, token, complete=True, of=of, calls_used=self._api.calls - calls)

    def newest(self) -> datetime | None:
        """When the last text was sent, as we read it; None where there is none."""
        at = max((one.told[0] for one in self.sent(0)), default=None)
        return datetime.fromtimestamp(at, UTC) if at is not None else None

    def _arrived(self, one: Sending, rows: Iterable[Mapping[str, Any]]) -> Iterator[Record]:
        for row in rows:
            if row.get("deliverability") != _NOT_ARRIVED:
                yield self._record(one.said, row)

    def _record(self, broadcast: Mapping[str, Any], row: Mapping[str, Any]) -> Record:
        at = self._utc(row.get("sentDate"))
        values = {
            "called_number": text(row.get("phoneNumber")),
            "started_at": moment(at.isoformat()) if at else None,
            "call_list": text(broadcast.get("name")),
            "channel": CHANNEL,
        }
        ref = Ref(self._system, Kind.CALL, f"{broadcast['id']}.{row['id']}")
        return Record(ref, f"{values['called_number']} {values['started_at']}", values)

    def _stop(self, broadcast: str, row: Mapping[str, Any]) -> Record:
        number = text(row.get("phoneNumber"))
        values = {"direct_phone": number, "channel": CHANNEL, "opt_out_source": SOURCE}
        ref = Ref(self._system, Kind.OPT_OUT, f"{broadcast}.{row['id']}")
        return Record(ref, f"{number} stop", values)

    def _utc(self, said: Any) -> datetime | None:
        """A time of the account's; None where there is none, or it cannot be read."""
        try:
            there = datetime.fromisoformat(str(said or ""))
        except ValueError:
            return None
        local = there if there.tzinfo else there.replace(tzinfo=self._zone)
        return local.astimezone(UTC)
