"""What a decision depends on besides the record: names, versions, tables and libraries of rules."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b

from rules import tables
from rules.cell_rules import Rule
from rules.fills import Fill
from rules.hygiene import RULES, Row
from rules.records import Kind


def fingerprint(
    kind: Kind, rules: Sequence[Row] = RULES, mapped: Iterable[str] | None = None
) -> str:
    """A hash of all that the rules' outcome on this kind depends on: 32 hexadecimal digits.

    Names, versions and fields of the rules, their tables, and the releases of the libraries they
    ask; only as far as they touch a field of `mapped`, when that is given. A record decided under
    another fingerprint is decided again.
    """
    return _fingerprint(kind, tuple(rules), None if mapped is None else frozenset(mapped))


@lru_cache(maxsize=256)
def _fingerprint(kind: Kind, rules: tuple[Row, ...], mapped: frozenset[str] | None) -> str:
    fields = frozenset(name for row in rules for name in _fields(row)) if mapped is None else mapped
    parts = [part for row in rules if kind in row.kinds for part in _parts(row, fields)]
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _fields(row: Row) -> Iterator[str]:
    yield from row.fields
    yield from row.moves
    yield from row.sources if isinstance(row, Fill) else ()


def _parts(row: Row, mapped: Container[str]) -> Iterator[str]:
    if not any(name in mapped for name in row.fields):
        return
    yield from (row.name, str(row.version))
    yield from (name for name in row.fields if name in mapped)
    yield ">"
    yield from (name for name in _fields(row) if name in mapped)
    yield from (f"{name} closed" for name in _closed(row) if name in mapped)
    yield from row.options
    yield from (tables.digest(name) for name in row.tables)
    yield from (f"{name} {_release(name)}" for name in row.libraries)


def _closed(row: Row) -> Sequence[str]:
    return sorted(row.closed) if isinstance(row, Rule) else ()


def _release(library: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(library)
    except PackageNotFoundError:
        return ""
