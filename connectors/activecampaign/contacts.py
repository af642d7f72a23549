"""What a contact on a list is to us: fields, record, version. No call is made here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import orjson

from connectors.activecampaign.client import PAGE
from connectors.costs import Costs
from connectors.protocol import Capabilities, Column, Episode, Stream
from connectors.translate import moment, text
from rules.flags import Flag
from rules.records import Kind, Record, Ref, Value
from rules.suppression import Channel

USUAL: Final[Mapping[str, str]] = {
    "email": "email",
    "first_name": "firstName",
    "last_name": "lastName",
    "direct_phone": "phone",
    "company_name": "orgname",
}
"""Canonical field to the contact's own; the settings say others."""
NO: Final = "2"
REMOVED: Final = "91"
KEPT_AWAY: Final = frozenset({NO, "3"})
"""Who gets no mail: unsubscribed, or bounced."""
_YES: Final = {"0": "false", "1": "false", "3": "false"}
"""Unconfirmed, active, and bounced, which is no opt-out of a person."""
MAILS: Final = Flag("opt_out_email", frozenset({Channel.EMAIL}), needs="email", sticky=True)
CAN: Final = Capabilities(opt_outs=True, batch_size=PAGE, episodes=True, compares=True)


@dataclass(frozen=True, slots=True)
class OnList:
    """A contact, and its row of one list."""

    contact: Mapping[str, Any]
    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The contact's id."""
        return str(self.contact["id"])

    @property
    def number(self) -> int:
        """The number of the row: the newer, the higher."""
        return int(self.row["id"])

    @property
    def changed(self) -> int:
        """When the contact was changed, in seconds since 1970; 0 where it is not told."""
        stamp = self.contact.get("udate")
        return int(datetime.fromisoformat(stamp).timestamp()) if stamp else 0

    @property
    def left_at(self) -> datetime | None:
        """When he last unsubscribed, whatever he is now; None when he never did, or it is not told."""
        stamp = self.row.get("udate")
        return datetime.fromisoformat(stamp) if stamp else None

    @property
    def says_no(self) -> bool:
        """Whether he is unsubscribed from the list."""
        return str(self.row.get("status")) == NO

    def opt_out(self) -> str:
        """Yes with the moment, where one is told; a status that nobody knows is handed on, and blocks."""
        status = str(self.row.get("status"))
        if status == NO:
            return moment(self.row.get("udate")) or "true"
        return _YES.get(status, f"status {status}")


@dataclass(frozen=True, slots=True)
class Shape:
    """A list: its stream and its mapped fields."""

    system: str
    list: str
    rows: tuple[tuple[str, str], ...]
    stream: Stream

    def of(self, body: Mapping[str, Any]) -> Iterator[OnList]:
        """The contacts of an answer that stand on this list, in its order."""
        rows = {
            str(row["contact"]): row
            for row in body.get("contactLists") or ()
            if str(row["list"]) == self.list and str(row.get("status")) != REMOVED
        }
        for contact in body["contacts"]:
            row = rows.get(str(contact["id"]))
            if row is not None and str(contact.get("deleted") or "0") != "1":
                yield OnList(contact, row)

    def ref(self, ident: str) -> Ref:
        """By list and contact."""
        return Ref(self.system, Kind.CONTACT, f"{self.list}.{ident}")

    def record(self, one: OnList) -> Record:
        """A contact on the list, as a record."""
        values: dict[str, Value] = {name: text(one.contact.get(own)) for name, own in self.rows}
        values["opt_out_email"] = one.opt_out()
        values["opt_out_source"] = text(one.row.get("unsubreason")) if one.says_no else None
        version = blake2b(orjson.dumps([*values.values()]), digest_size=12).hexdigest()
        return Record(self.ref(one.id), version, values)

    def episode(self, one: OnList, since: int) -> Episode | None:
        """That he had said no after `since` (seconds since 1970), where he says it no longer."""
        left = one.left_at
        if one.opt_out() != "false" or left is None or left.timestamp() < since:
            return None
        record = self.record(one)
        values = {**record.values, "opt_out_email": "true"}
        return Episode(record._replace(values=values), "opt_out_email", left)


def shaped(
    system: str, one: Mapping[str, Any], wanted: Mapping[str, str], *, echoes: bool = False
) -> Shape:
    """A list. `wanted`: canonical field to the contact's own, "" for none."""
    rows = tuple((name, own) for name, own in {**USUAL, **wanted}.items() if own)
    said = (
        ("opt_out_email", "contactLists.status"),
        ("opt_out_source", "contactLists.unsubreason"),
    )
    columns = [Column(vendor, name, writable=False) for name, vendor in (*rows, *said)]
    ident, name = str(one["id"]), str(one.get("name") or "")
    stream = Stream(
        f"contacts/{ident}",
        Kind.CONTACT,
        replace(CAN, echoes=echoes),
        tuple(columns),
        identity="id",
        notes={"list": name},
        costs=Costs(first=PAGE, changes=PAGE, writes=1),
    )
    return Shape(system, ident, rows, stream)
