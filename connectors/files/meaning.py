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
from functools import cached_property
from typing import Any, Literal, Self

from connectors.protocol import Capabilities, Column, Token
from rules.headers import HeaderMatch, Remark, match
from rules.opt_out_fields import is_watched
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


class Meant:
    """What the layouts of all lists have in common: a stream's name, and what its columns mean."""

    stream: str
    meaning: Meaning

    @property
    def kind(self) -> Kind:
        """What each row is."""
        return self.meaning.kind

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in their order."""
        return self.meaning.columns

    @property
    def id_column(self) -> int | None:
        """The column that identifies the rows."""
        return self.meaning.id_column

    @cached_property
    def fields(self) -> tuple[tuple[str, int], ...]:
        """(canonical name, column), by name; the order in which versions are made."""
        places: dict[str, int] = {}
        for index, column in enumerate(self.columns):
            if column.canonical:
                places.setdefault(column.canonical, index)
        return tuple(sorted(places.items()))

    @property
    def about(self) -> Mapping[str, str]:
        """What the findings about broken rows may want to say."""
        return {}

    def can(
        self, *, push: bool = True, counts: Literal["records", "bytes"] = "records"
    ) -> Capabilities:
        """What a file can do; a push replaces all of it at once."""
        names = [name for name, _ in self.fields]
        return Capabilities(
            push=push,
            conditional_write=push,
            opt_outs=self.kind is Kind.OPT_OUT or is_watched(self.kind, names),
            calls=self.kind is Kind.CALL,
            atomic_batch=push,
            batch_size=None,
            copy=not push,
            counts=counts,
        )


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
