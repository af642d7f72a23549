"""What a row is recognised by: its id column, else a CVR number or e-mail that no two rows share.

The choice is made once per file and kept in the cursor, so that a record keeps its ref. The keys
are forgiving about spelling, because cleaning a cell must not turn its row into another record.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from connectors.files.meaning import Meant
from connectors.files.rows import Flaw, Row
from rules.errors import SystemStopped
from rules.records import Kind

_NOT_A_DIGIT: Final = re.compile(r"\D+")
_IN_EMAIL: Final = re.compile(r"(?i)^mailto:|[\s<>]+")
_PLAIN_EMAIL: Final = re.compile(r"[a-z0-9_.+-]+@[a-z0-9.-]+\.[a-z]{2,}")
_EMAIL: Final = re.compile(r"[^@,;]+@[^@,;]+\.[^@,;.]+")


class Identity(StrEnum):
    """The ways to recognise a row; the values stand in cursors."""

    COLUMN = "column"
    CVR = "cvr"
    EMAIL = "email"
    CONTENT = "content"
    """No id: the store recognises the row by what it says."""


def cvr_key(text: str) -> str:
    """`DK 12 34 56 78` to `12345678`; "" when there are not eight digits."""
    digits = text if text.isdecimal() else _NOT_A_DIGIT.sub("", text)
    return digits if len(digits) == 8 and digits.isascii() else ""


def email_key(text: str) -> str:
    """`mailto:Bo @Firma.dk;` to `bo@firma.dk`; "" when it is no address."""
    if _PLAIN_EMAIL.fullmatch(text):
        return text
    address = _IN_EMAIL.sub("", text.strip()).rstrip(".,;").lower()
    return address if _EMAIL.fullmatch(address) else ""


_KEYS: Final[dict[Identity, tuple[str, Callable[[str], str]]]] = {
    Identity.CVR: ("cvr", cvr_key),
    Identity.EMAIL: ("email", email_key),
}
_ORDER: Final = {
    Kind.COMPANY: (Identity.CVR, Identity.EMAIL),
    Kind.CONTACT: (Identity.EMAIL, Identity.CVR),
    Kind.LEAD: (Identity.EMAIL, Identity.CVR),
    Kind.OPT_OUT: (Identity.EMAIL, Identity.CVR),
}
"""Calls and the like may name a company once by chance; that does not identify them."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How ids are made from rows: `column` None means that rows have no id."""

    column: int | None
    prefix: str
    key: Callable[[str], str]

    def id_of(self, row: list[str]) -> str:
        """The id of a row that may be short; "" when its cell holds none."""
        if self.column is None or self.column >= len(row):
            return ""
        key = self.key(row[self.column])
        return self.prefix + key if key else ""

    def ids_of(self, rows: Sequence[list[str]]) -> list[str]:
        """The ids of rows that are not short, all at once because rows are many."""
        column, key_of, prefix = self.column, self.key, self.prefix
        if column is None:
            return [""] * len(rows)
        return [prefix + key if (key := key_of(row[column])) else "" for row in rows]


def naming(layout: Meant, identity: Identity) -> Naming:
    """How to make the ids of a file whose identity has been decided."""
    if identity is Identity.COLUMN:
        return Naming(layout.id_column, f"{layout.stream}#", str.strip)
    if identity is Identity.CONTENT:
        return Naming(None, "", str)
    name, key = _KEYS[identity]
    return Naming(dict(layout.fields).get(name), f"{layout.stream}#{identity}:", key)


def candidates(layout: Meant) -> tuple[Identity, ...]:
    """What may identify the rows of a file, best first; never empty."""
    if layout.id_column is not None:
        return (Identity.COLUMN,)
    fields = dict(layout.fields)
    order = _ORDER.get(layout.kind, ())
    return (*(one for one in order if _KEYS[one][0] in fields), Identity.CONTENT)


def described(layout: Meant, identity: Identity) -> str:
    """The identity in words for people, as `Stream.identity` has it."""
    if identity is Identity.COLUMN and layout.id_column is not None:
        return f"column {layout.columns[layout.id_column].name}"
    return "e-mail" if identity is Identity.EMAIL else str(identity)


def decide_identity(rows: Iterable[Iterable[Row]], layout: Meant) -> Identity:
    """The best identity that holds for every row; reads all `rows` unless there is an id column.

    At least half of the rows must have the key, and no two rows the same. `SystemStopped` when
    the disk has no room for the temporary database.
    """
    found = candidates(layout)
    if len(found) == 1:
        return found[0]
    try:
        return _best(found[:-1], layout, rows)
    except sqlite3.OperationalError as error:
        raise SystemStopped("files.no_temporary_space") from error


def made_with(layout: Meant, ids: Iterable[str]) -> list[Identity]:
    """The identities that these ids were made with, where no cursor is at hand that knows."""
    if layout.id_column is not None:
        return [Identity.COLUMN]
    made = (Identity.CVR, Identity.EMAIL)
    return [one for one in made if any(i.startswith(f"{layout.stream}#{one}:") for i in ids)]


def tentative(layout: Meant, sample: Iterable[Row]) -> Identity:
    """What `decide_identity` would say if the file ended with the sample."""
    found = candidates(layout)
    return found[0] if len(found) == 1 else _best(found[:-1], layout, [sample])


def _best(order: tuple[Identity, ...], layout: Meant, pages: Iterable[Iterable[Row]]) -> Identity:
    """Keys are counted as hashes in a temporary database, which spills to disk by itself."""
    ways = {one: naming(layout, one) for one in order}
    filled = dict.fromkeys(order, 0)
    total = 0
    with closing(sqlite3.connect("", isolation_level=None)) as seen:
        for one in order:
            seen.execute(f"CREATE TABLE {one} (key INTEGER PRIMARY KEY)")
        seen.execute("BEGIN")
        for page in pages:
            rows = [row for row in page if row and not isinstance(row, Flaw)]
            total += len(rows)
            for one, way in list(ways.items()):
                keys = [key for row in rows if (key := way.id_of(row))]
                filled[one] += len(keys)
                try:
                    seen.executemany(f"INSERT INTO {one} VALUES (?)", _hashes(keys))  # noqa: S608
                except sqlite3.IntegrityError:
                    del ways[one]
            if not ways:
                break
    return next((one for one in ways if filled[one] * 2 >= max(total, 1)), Identity.CONTENT)


def _hashes(keys: list[str]) -> Iterator[tuple[int]]:
    for key in keys:
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        yield (int.from_bytes(digest, "big", signed=True),)
