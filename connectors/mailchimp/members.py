"""What a member of an audience is to us: fields, record, version. No call is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b, md5
from typing import Any, Final

import orjson

from connectors.costs import Costs
from connectors.mailchimp.client import BATCH, PAGE
from connectors.protocol import Capabilities, Column, Stream
from connectors.translate import also, key_columns, keyed, text
from rules.flags import Flag
from rules.records import Kind, Record, Ref, Value
from rules.suppression import Channel

MERGE: Final = "merge_fields."
FIXED: Final[Mapping[str, str]] = {
    "email": "email_address",
    "opt_out_email": "status",
    "opt_out_sms": "sms_subscription_status",
    "opt_out_source": "unsubscribe_reason",
}
"""Canonical field to the interface's own: they are what Mailchimp is about, and stand fast."""
USUAL: Final[Mapping[str, str]] = {
    "first_name": "FNAME",
    "last_name": "LNAME",
    "direct_phone": "PHONE",
    "other_phone": "sms_phone_number",
    "company_name": "COMPANY",
}
"""Canonical field to merge tag, where an audience has it; the settings say others."""
STATUSES: Final = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
"""Those who are there. An archived member is one who is not: he shows no more what he said."""
GONE: Final = "archived"
KEPT_AWAY: Final = frozenset({"unsubscribed", "cleaned"})
"""Who gets no mail, and cannot be made to get any by chance."""
MAILS: Final = Flag("opt_out_email", frozenset({Channel.EMAIL}), needs="email", sticky=True)
CAN: Final = Capabilities(delete_feed=True, opt_outs=True, batch_size=BATCH, compares=True)
_SAYS: Final = {"unsubscribed": "true", **dict.fromkeys(set(STATUSES) - {"unsubscribed"}, "false")}
_TEXTS: Final = {"unsubscribed": "true", "subscribed": "false", "pending": "false"}
_TEXTS_UNSET: Final = {"", "nonsubscribed", "non-subscribed"}


def says(status: str) -> str:
    """What a status says as an opt-out. A word that nobody knows is handed on, and blocks."""
    return _SAYS.get(status, status)


def _says_of_texts(status: str) -> str | None:
    return None if status in _TEXTS_UNSET else _TEXTS.get(status, status)


@dataclass(frozen=True, slots=True)
class Shape:
    """An audience: its stream, its mapped fields, and those that are match keys only."""

    system: str
    audience: str
    rows: tuple[tuple[str, str], ...]
    """(canonical, the interface's own name)."""
    keys: tuple[tuple[str, str], ...]
    stream: Stream
    lacking: tuple[str, ...] = ()
    """Merge tags that the settings name and the audience does not have."""

    @property
    def asked(self) -> tuple[str, ...]:
        """The fields to ask for."""
        names = [name for _, name in self.rows] + [name for name, _ in self.keys]
        return ("id", "contact_id", "last_changed", *dict.fromkeys(names))

    def ref(self, row: Mapping[str, Any]) -> Ref:
        """By the contact's id, which outlives a new address; by the hash where there is none."""
        return Ref(
            self.system, Kind.CONTACT, f"{self.audience}.{row.get('contact_id') or row['id']}"
        )

    def record(self, row: Mapping[str, Any]) -> Record:
        """A member as a record."""
        flat = _flat(row)
        values: dict[str, Value] = {name: text(flat.get(own)) for name, own in self.rows}
        values["opt_out_email"] = says(str(row.get("status") or ""))
        values["opt_out_sms"] = _says_of_texts(str(row.get("sms_subscription_status") or ""))
        more = also(self.keys, flat)
        held = orjson.dumps([*values.values(), *map(list, more)])
        version = blake2b(held, digest_size=12).hexdigest()
        return Record(self.ref(row), version, values, None, more)


def shaped(
    system: str,
    audience: Mapping[str, Any],
    tags: Mapping[str, str],
    wanted: Mapping[str, str],
    *,
    echoes: bool = False,
) -> Shape:
    """An audience with the fields that it has. `wanted`: canonical field to merge tag, "" for none."""
    own = {**USUAL, **wanted}
    rows = [*FIXED.items()]
    for name, tag in own.items():
        if name not in FIXED and (tag in tags or tag == "sms_phone_number"):
            rows.append((name, tag if tag == "sms_phone_number" else MERGE + tag))
    typed = [(MERGE + tag, kind) for tag, kind in tags.items() if kind in {"phone", "email"}]
    keys = keyed_of(rows, typed)
    ident, name = str(audience["id"]), str(audience.get("name") or "")
    columns = [Column(vendor, canonical, writable=False) for canonical, vendor in rows]
    columns += key_columns(keys, [])
    stream = Stream(
        f"members/{ident}",
        Kind.CONTACT,
        replace(CAN, echoes=echoes),
        tuple(columns),
        identity="id",
        notes={"audience": name},
        costs=Costs(first=PAGE, changes=PAGE, writes=BATCH),
    )
    lacking = tuple(tag for tag in wanted.values() if tag and tag not in tags)
    return Shape(system, ident, tuple(rows), keys, stream, lacking)


def keyed_of(
    rows: Sequence[tuple[str, str]], typed: Sequence[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """The fields of numbers and addresses that nothing is mapped to."""
    mapped = {vendor for _, vendor in rows}
    return tuple(one for one in keyed((), typed) if one[0] not in mapped)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    merged = row.get("merge_fields") or {}
    return {**row, **{MERGE + tag: value for tag, value in merged.items()}}


def seconds(stamp: str) -> int:
    """A time as the interface writes it, in seconds since 1970."""
    return int(datetime.fromisoformat(stamp).timestamp())


def hash_of(address: str) -> str:
    """How the interface finds an address: MD5 of it in lower case. It protects nothing."""
    return md5(address.strip().lower().encode(), usedforsecurity=False).hexdigest()
