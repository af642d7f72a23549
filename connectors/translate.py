"""Between canonical text and a vendor's values: mapping rows as data, converters as pure functions.

Shared by the systems with typed fields. Reading never fails: what a vendor sends is shown as text.
Writing may: text that a typed field cannot hold is `CannotHold`, and the record says so.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from connectors.protocol import Column
from rules.catalogue import DEFAULT
from rules.checks.notes import kept
from rules.fields.field import Role, Type
from rules.keys import KEY_FIELDS

_TAG: Final = re.compile(r"<[^<>]{1,500}>")

Reader = Callable[[Any], str | None]
Writer = Callable[[str | None], Any]


class CannotHold(ValueError):
    """The vendor's field cannot hold this text."""


@dataclass(frozen=True, slots=True)
class Map:
    """One row of a mapping: a canonical field and the vendor's, and how values cross over.

    `read` names a row of `READERS`, `write` one of `WRITERS`; "" for `write`: it is never written.
    Of several rows for one canonical field the first counts whose vendor field is there.
    """

    canonical: str
    vendor: str
    read: str = "text"
    write: str = "text"

    @property
    def column(self) -> Column:
        """As a stream tells of it. What is no field of the catalogue is nobody's to clean."""
        known = self.canonical if self.canonical in DEFAULT else None
        return Column(self.vendor, known, writable=bool(self.write))


def text(value: Any) -> str | None:
    """Text as it is; numbers and flags as they are usually written. Nothing for an empty text."""
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    return flag(value) if isinstance(value, bool) else number(value)


def flag(value: Any) -> str | None:
    """`true` or `false`: how opt-outs and consents are read."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).lower() if value not in {None, ""} else None


def yes_no(value: Any) -> str | None:
    """`Ja` or `Nej`: how other flags are written in lists, and so what hygiene leaves alone."""
    said = flag(value)
    return {"true": "Ja", "false": "Nej"}.get(said or "", said)


def number(value: Any) -> str | None:
    """`57` for 57 and for 57.0, `1.5` for 1.5."""
    if value is None or value == "":
        return None
    written = str(value)
    return written.removesuffix(".0")


def day(value: Any) -> str | None:
    """The date, whatever time stands behind it."""
    return str(value)[:10] if value else None


def moment(value: Any) -> str | None:
    """`2026-11-02T09:14:03Z` from ISO 8601 in any zone; other text as it is."""
    if not value:
        return None
    try:
        there = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    if there.tzinfo is None:
        return str(value)
    return there.astimezone(UTC).isoformat().replace("+00:00", "Z")


def org_change(value: Any) -> str | None:
    """What LinkedIn's data validation says of a contact in Dynamics, in the words of its Salesforce
    package; nothing for 0, which is what stands where nobody said anything."""
    return {"1": "Not at Company", "2": "Ignore"}.get(str(value))


def note(value: Any) -> str | None:
    """Of what people write about people only the words that the rules look for, if any."""
    if not isinstance(value, str) or not value:
        return None
    plain = html.unescape(_TAG.sub(" ", value)) if "<" in value or "&" in value else value
    return kept(plain)


def as_text(value: str | None) -> Any:
    """Text as it is, nothing as null."""
    return value or None


def as_flag(value: str | None) -> Any:
    """`true`, `Ja`, `Yes` and their opposites; nothing is false, for a flag cannot be empty."""
    said = (value or "false").casefold()
    if said in {"true", "ja", "yes"}:
        return True
    if said in {"false", "nej", "no"}:
        return False
    raise CannotHold(said)


def as_number(value: str | None) -> Any:
    """A number, whole where it is."""
    if not value:
        return None
    try:
        there = float(value)
    except ValueError:
        raise CannotHold(value) from None
    return int(there) if there.is_integer() else there


def as_day(value: str | None) -> Any:
    """An ISO date."""
    if not value:
        return None
    try:
        return datetime.fromisoformat(value).date().isoformat()
    except ValueError:
        raise CannotHold(value) from None


def as_moment(value: str | None) -> Any:
    """An ISO date and time with its zone, in UTC."""
    if not value:
        return None
    try:
        there = datetime.fromisoformat(value)
    except ValueError:
        raise CannotHold(value) from None
    if there.tzinfo is None:
        raise CannotHold(value)
    return there.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def keyed(rows: Sequence[Map], typed: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The fields that are read as match keys only: (vendor field, "phone" or "email").

    `typed` are all fields of numbers and addresses. Those whose canonical field is a match key
    need nothing more.
    """
    known = {row.vendor for row in rows if row.canonical in KEY_FIELDS}
    return tuple((name, kind) for name, kind in typed if name not in known)


def key_columns(keys: Sequence[tuple[str, str]], rows: Sequence[Map]) -> Iterator[Column]:
    """As a stream tells of them, but for those that are mapped besides."""
    mapped = {row.vendor for row in rows}
    for name, kind in keys:
        if name not in mapped:
            yield Column(name, None, writable=False, key=kind)


def also(keys: Sequence[tuple[str, str]], row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What a row holds there: for most rows, nothing."""
    return tuple([(kind, str(text)) for name, kind in keys if (text := row.get(name))])


READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "text": text,
        "flag": flag,
        "yes_no": yes_no,
        "number": number,
        "day": day,
        "moment": moment,
        "note": note,
        "org_change": org_change,
    }
)
WRITERS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "text": as_text,
        "flag": as_flag,
        "number": as_number,
        "day": as_day,
        "moment": as_moment,
    }
)


def row_for(canonical: str, vendor: str, typed: str) -> Map:
    """A row for a field that the settings map: converters by what the vendor's field holds.

    `typed` is text, flag, number, day, moment, or "" for a field that cannot be written.
    """
    known = DEFAULT.get(canonical)
    said = known is not None and known.role in {Role.OPT_OUT, Role.CONSENT}
    if typed == "flag":
        return Map(canonical, vendor, "flag" if said else "yes_no", "flag")
    if typed == "moment" and known is not None and known.type is Type.DATE:
        return Map(canonical, vendor, "day", "")
    return Map(canonical, vendor, typed or "text", typed)
