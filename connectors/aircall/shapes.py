"""Calls and contacts of Aircall as records: which of their fields we read, and how. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from typing import Any, Final

import orjson

from connectors.costs import Costs
from connectors.protocol import Capabilities, Column, Stream
from connectors.translate import note
from rules.fields.choices import OUTCOME
from rules.flags import Flag
from rules.formats.choices import Picklist
from rules.records import Kind, Record, Ref, Value
from rules.suppression import Channel

CALLS: Final = "calls"
CONTACTS: Final = "contacts"
KINDS: Final = {CALLS: Kind.CALL, CONTACTS: Kind.CONTACT}
FLAG: Final = Flag("opt_out_call", frozenset({Channel.CALL}))
MARK: Final = "RING IKKE"
"""How the first line of a contact's `information` begins: shown to the agent when it rings."""
OPTED_OUT: Final = "Do not call again"
NO_ANSWER: Final = "No answer"
BATCH: Final = 20
"""Contacts that are marked at a time: each of them is three calls."""
_NOBODY: Final = "anonymous"

Row = Mapping[str, Any]
Reader = Callable[[Row], str | None]


def _number(text: Any) -> str | None:
    """`+45 68 00 00 01`, as it is shown, without its spaces; None for a number that is withheld."""
    tight = "".join(str(text or "").split())
    return None if tight in {"", _NOBODY} else tight


def moment(seconds: Any) -> str | None:
    """`2026-11-24T09:00:00Z` of seconds since 1970."""
    if not isinstance(seconds, int | float):
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _named(row: Row, part: str, name: str) -> Any:
    return (row.get(part) or {}).get(name)


def _seconds(row: Row) -> str | None:
    """From the first ring to the end."""
    begun, ended = row.get("started_at"), row.get("ended_at")
    return str(ended - begun) if isinstance(begun, int) and isinstance(ended, int) else None


def _direction(row: Row) -> str | None:
    said = str(row.get("direction") or "")
    return {"outbound": "Outbound", "inbound": "Inbound"}.get(said, said) or None


def _said(row: Row) -> str | None:
    """Of what was written about the call only the words that the rules look for."""
    texts = [str(one.get("content") or "") for one in row.get("comments") or ()]
    return note("\n".join(texts))


def _contact_ref(row: Row) -> str | None:
    found = _named(row, "contact", "id")
    return str(found) if found else None


_CALL: Final[tuple[tuple[str, str, Reader], ...]] = (
    ("called_number", "raw_digits", lambda row: _number(row.get("raw_digits"))),
    ("shown_number", "number.digits", lambda row: _number(_named(row, "number", "digits"))),
    ("agent", "user.name", lambda row: _named(row, "user", "name")),
    ("direction", "direction", _direction),
    ("started_at", "started_at", lambda row: moment(row.get("started_at"))),
    ("duration_seconds", "ended_at", _seconds),
    ("note", "comments", _said),
    ("contact_ref", "contact.id", _contact_ref),
)
_BY_TAG: Final = (
    ("outcome", "tags"),
    ("opt_out_call", "tags"),
    ("opt_out_at", "tags.tagged_at"),
    ("opt_out_source", "tags.name"),
)
_CONTACT: Final[tuple[tuple[str, str, Reader], ...]] = (
    ("first_name", "first_name", lambda row: row.get("first_name") or None),
    ("last_name", "last_name", lambda row: row.get("last_name") or None),
    ("company_name", "company_name", lambda row: row.get("company_name") or None),
    ("direct_phone", "phone_numbers.0", lambda row: _detail(row, "phone_numbers", first=True)),
    ("other_phone", "phone_numbers.1", lambda row: _detail(row, "phone_numbers", first=False)),
    ("email", "emails.0", lambda row: _detail(row, "emails", first=True)),
    (FLAG.field, "information", lambda row: str(is_marked(row)).lower()),
)


def _detail(row: Row, name: str, *, first: bool) -> str | None:
    values = [str(one.get("value") or "") for one in row.get(name) or ()]
    return ", ".join(filter(None, values[:1] if first else values[1:])) or None


def is_marked(row: Row) -> bool:
    """Whether the contact says that it must not be called, whoever wrote it there."""
    return str(row.get("information") or "").lstrip().upper().startswith(MARK)


def marked(information: str | None, today: str) -> str:
    """The text with the mark as its first line."""
    line = f"{MARK} (Ringren {today})"
    return f"{line}\n{information}" if information else line


class Shape:
    """What a stream holds. `no_tags` are the names of tags that mean "do not call", folded."""

    def __init__(self, system: str, name: str, no_tags: Collection[str]) -> None:
        self.system, self.name, self.kind = system, name, KINDS[name]
        self._no_tags = frozenset(no_tags)
        self._rows = _CALL if name == CALLS else _CONTACT

    @property
    def tags(self) -> str:
        """Stands for the tags that mean no; a contact has none."""
        if self.name != CALLS:
            return ""
        held = "\n".join(sorted(self._no_tags)).encode()
        return blake2b(held, digest_size=6).hexdigest()

    @property
    def stream(self) -> Stream:
        """As the engine is told of it. Nothing here is corrected by hygiene."""
        names = [(canonical, vendor) for canonical, vendor, _ in self._rows]
        names += _BY_TAG if self.name == CALLS else ()
        columns = tuple(Column(vendor, canonical, writable=False) for canonical, vendor in names)
        calls = self.name == CALLS
        can = Capabilities(
            opt_outs=True, calls=calls, batch_size=None if calls else BATCH, compares=not calls
        )
        return Stream(self.name, self.kind, can, columns, "id", costs=Costs(50, 50, 1))

    def ref(self, row: Row) -> Ref:
        """Where it lives."""
        return Ref(self.system, self.kind, str(row["id"]))

    def record(self, row: Row) -> Record:
        """A row of an answer."""
        values: dict[str, Value] = {canonical: read(row) for canonical, _, read in self._rows}
        if self.name == CALLS:
            values |= self._tagged(row)
        held = orjson.dumps(sorted((name, value) for name, value in values.items()))
        version = blake2b(held, digest_size=12).hexdigest()
        return Record(self.ref(row), version, values)

    def _tagged(self, row: Row) -> dict[str, Value]:
        tags = [one for one in row.get("tags") or () if isinstance(one, Mapping)]
        noes = [one for one in tags if folded(one.get("name")) in self._no_tags]
        if noes:
            first = min(noes, key=lambda one: one.get("tagged_at") or 0)
            return {
                "outcome": OPTED_OUT,
                "opt_out_call": "true",
                "opt_out_at": moment(first.get("tagged_at")),
                "opt_out_source": f"tag: {first.get('name')}",
            }
        return {
            "outcome": _outcome(row, [str(one.get("name") or "") for one in tags]),
            "opt_out_call": "false",
            "opt_out_at": None,
            "opt_out_source": None,
        }


def folded(name: Any) -> str:
    """A tag's name, as two people may write it."""
    return " ".join(str(name or "").casefold().split())


@cache
def _outcomes() -> Picklist:
    return Picklist(OUTCOME, closed=True)


def _outcome(row: Row, names: Sequence[str]) -> str | None:
    """A tag that is an outcome; else that nobody answered."""
    for name in names:
        if _outcomes().value(name):
            return name
    unanswered = row.get("status") == "done" and row.get("answered_at") is None
    return NO_ANSWER if unanswered and row.get("direction") == "outbound" else None
