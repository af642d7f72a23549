"""What a record is, wherever it lives. Values only; no system, no store, no clock.

Three ways for a field to have no value are kept apart: the key is missing from `values` (not
selected: nobody asked), the value is `ABSENT` (the record has no such field, a row that is too
short), the value is None (asked for, and empty).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Final, NamedTuple


class Kind(StrEnum):
    """The canonical kinds of record. `OPT_OUT` is a row of an opt-out list: evidence, never cleaned."""

    COMPANY = "company"
    CONTACT = "contact"
    LEAD = "lead"
    CALL = "call"
    MEETING = "meeting"
    OPPORTUNITY = "opportunity"
    MEMBER = "campaign_member"
    OPT_OUT = "opt_out"


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

Value = str | Absent | None
"""A field's value as the outside system spells it. Typed systems spell theirs as ISO text."""


class Ref(NamedTuple):
    """Where a record lives. Written `system/kind/id`; only the id may hold a slash."""

    system: str
    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.system}/{self.kind}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """`files/contact/contacts.csv#17` to a Ref; ValueError when it is not of that form."""
        system, kind, ident = text.split("/", 2)
        return cls(system, Kind(kind), ident)


class Record(NamedTuple):
    """One record as pulled.

    `ref.id` is empty when the system gives no identity: the store then recognises the record by
    `version`, which such a connector computes from the values alone.
    `place` is the connector's own ordinal within the stream (a file's row number, header = 1),
    or None; it is for people and for writing in order, never for identity.
    `also` is what stands in fields of numbers and addresses that no field of ours is mapped to, as
    ("phone" or "email", text): it finds the record, is kept hashed, and is stored nowhere else.
    """

    ref: Ref
    version: str
    values: Mapping[str, Value]
    place: int | None = None
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The outside system says that the record was deleted; `at` is None when it does not say when."""

    ref: Ref
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """A record that was merged into, or re-created as, another."""

    old: Ref
    new: Ref
    at: datetime | None = None
