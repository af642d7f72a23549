"""What the columns of a file mean, and that it stays so from one pass to the next.

`rules.headers` also looks at cells. That helps with a new list, but a list must not turn from
contacts to companies because some of its cells were corrected: refs would change with it. So the
meaning stands in the cursor and holds while headers, settings and known headers are the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from connectors.protocol import Column, Token
from rules.headers import HeaderMatch, Remark, match
from rules.records import Kind
from rules.samples import FEWEST, look_of


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings say of one file; empty where they say nothing.

    `columns` maps headers to canonical fields ("" for none, "id" for what identifies a row);
    `encoding` is a Python codec, `delimiter` one character.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    kind: Kind | None = None
    encoding: str = ""
    delimiter: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """Kind and columns of one file. `key` tells whether it may be used again."""

    key: str
    kind: Kind
    columns: tuple[Column, ...]
    id_column: int | None
    remarks: tuple[Remark, ...]

    def as_json(self) -> dict[str, Any]:
        """The meaning as it stands in a cursor."""
        return {
            "key": self.key,
            "kind": str(self.kind),
            "columns": [[one.name, one.canonical, one.sure] for one in self.columns],
            "id_column": self.id_column,
            "remarks": [[one.code, one.column, dict(one.details)] for one in self.remarks],
        }

    @classmethod
    def of(cls, token: Token | None) -> Self | None:
        """The meaning in a cursor, or None."""
        try:
            told: Mapping[str, Any] = (token or {})["meaning"]
            return cls(
                told["key"],
                Kind(told["kind"]),
                tuple(Column(*one) for one in told["columns"]),
                told["id_column"],
                tuple(Remark(*one) for one in told["remarks"]),
            )
        except (KeyError, TypeError, ValueError):
            return None


def meaning_of(
    header: Sequence[str],
    sample: Sequence[Sequence[str]],
    *,
    stream: str,
    wishes: Wishes,
    known: Token | None,
) -> Meaning | None:
    """What the columns mean; None when the first row does not look like headers.

    UserError: the settings name a field that cannot be.
    """
    bare = match(header, file_name=stream, override=wishes.columns, kind=wishes.kind)
    key = _key(header, bare, wishes)
    before = Meaning.of(known)
    if before is not None and before.key == key:
        return before
    found = match(
        header, file_name=stream, sample=sample, override=wishes.columns, kind=wishes.kind
    )
    if not _is_header(header, found, wishes):
        return None
    columns = tuple(Column(name, canonical, sure) for name, canonical, sure in found.columns)
    return Meaning(key, found.kind, columns, found.id_column, found.reasons)


def _key(header: Sequence[str], bare: HeaderMatch, wishes: Wishes) -> str:
    """A digest of everything but the cells that goes into the meaning."""
    told = [
        list(header),
        sorted(wishes.columns.items()),
        wishes.kind,
        bare.kind,
        bare.id_column,
        [list(column) for column in bare.columns],
    ]
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()


def _is_header(header: Sequence[str], found: HeaderMatch, wishes: Wishes) -> bool:
    """Whether the first row names columns: one is known by its name, or none looks like content."""
    by_cells = {remark.column for remark in found.reasons if remark.code == "by_cells"}
    mapped = {index for index, column in enumerate(found.columns) if column.canonical}
    if wishes.columns or found.id_column is not None or mapped - by_cells:
        return bool(mapped)
    return bool(mapped) and all(look_of([cell.strip()] * FEWEST) is None for cell in header)
