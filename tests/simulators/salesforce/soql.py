"""The part of SOQL that clients of ours and others' use: read once, then asked of each row.

Names follow the SOQL reference: SELECT fields or COUNT(), FROM one object, WHERE with AND, OR, NOT
and parentheses, ORDER BY, LIMIT. Fields of a parent are written `Owner.Name`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
Get = Callable[[Row, str], Any]
Test = Callable[[Row], bool]

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')"
    r"|(?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<day>\d{4}-\d\d-\d\d)|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][\w.]*)|(?P<sign>!=|<>|<=|>=|[=<>(),]))"
)
STAMP = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)")


class Malformed(Exception):
    """`code` is Salesforce's: MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Query:
    """A query as read. `names` are all the fields that it mentions, for rights to be checked."""

    fields: tuple[str, ...]
    table: str
    where: Callable[[Get], Test]
    order: tuple[tuple[str, bool], ...]
    limit: int | None
    count: bool
    names: frozenset[str]


def stored(text: str) -> str:
    """A date and time as rows hold it: whole milliseconds in UTC (`2026-11-02T09:14:03.000+0000`)."""
    found = STAMP.fullmatch(text)
    if found is None or found[4].replace(":", "") not in {"Z", "+0000"}:
        raise Malformed("MALFORMED_QUERY", f"line 1: {text} is not a date in UTC")
    return f"{found[1]}T{found[2]}.{(found[3] or '0')[:3].ljust(3, '0')}+0000"


def read(text: str) -> Query:
    """A query; `Malformed` when it is none."""
    return _Reader(text).query()


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0
        self.names: set[str] = set()

    def query(self) -> Query:
        self.word("SELECT")
        fields, count = self.fields()
        self.word("FROM")
        table = self.take("name")
        where: Callable[[Get], Test] = lambda _get: lambda _row: True  # noqa: E731
        if self.is_word("WHERE"):
            where = self.either()
        order = self.order() if self.is_word("ORDER") else ()
        limit = int(self.take("number")) if self.is_word("LIMIT") else None
        if self.at < len(self.tokens):
            raise Malformed("MALFORMED_QUERY", f"unexpected token: {self.tokens[self.at][1]}")
        self.names |= set(fields) | {name for name, _ in order}
        return Query(fields, table, where, order, limit, count, frozenset(self.names))

    def fields(self) -> tuple[tuple[str, ...], bool]:
        first = self.take("name")
        if first.upper() == "COUNT" and self.is_sign("("):
            self.sign(")")
            return (), True
        found = [first]
        while self.is_sign(","):
            found.append(self.take("name"))
        return tuple(found), False

    def order(self) -> tuple[tuple[str, bool], ...]:
        self.word("BY")
        found = []
        while True:
            name = self.take("name")
            down = self.is_word("DESC")
            if not down:
                self.is_word("ASC")
            found.append((name, down))
            if not self.is_sign(","):
                return tuple(found)

    def either(self) -> Callable[[Get], Test]:
        parts = [self.both()]
        while self.is_word("OR"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else _joined(any, parts)

    def both(self) -> Callable[[Get], Test]:
        parts = [self.one()]
        while self.is_word("AND"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else _joined(all, parts)

    def one(self) -> Callable[[Get], Test]:
        if self.is_word("NOT"):
            inner = self.one()
            return lambda get: _not(inner(get))
        if self.is_sign("("):
            inside = self.either()
            self.sign(")")
            return inside
        return self.comparison()

    def comparison(self) -> Callable[[Get], Test]:
        name = self.take("name")
        self.names.add(name)
        if self.is_word("IN"):
            self.sign("(")
            wanted = [self.literal()]
            while self.is_sign(","):
                wanted.append(self.literal())
            self.sign(")")
            return lambda get: lambda row: get(row, name) in wanted
        if self.is_word("LIKE"):
            pattern = re.compile(
                re.escape(str(self.literal())).replace("%", ".*").replace("_", "."), re.IGNORECASE
            )
            return lambda get: lambda row: bool(pattern.fullmatch(str(get(row, name) or "")))
        sign, value = self.take("sign"), self.literal()
        if sign not in _SIGNS:
            raise Malformed("MALFORMED_QUERY", f"unexpected token: {sign}")
        compare = _SIGNS[sign]
        return lambda get: lambda row: compare(get(row, name), value)

    def literal(self) -> Any:
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "end")
        self.at += 1
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "stamp":
            return stored(text)
        if kind == "day":
            return text
        if kind == "number":
            return float(text) if "." in text else int(text)
        words = {"TRUE": True, "FALSE": False, "NULL": None}
        if kind == "name" and text.upper() in words:
            return words[text.upper()]
        raise Malformed("MALFORMED_QUERY", f"unexpected token: {text}")

    def take(self, kind: str) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == kind:
            self.at += 1
            return self.tokens[self.at - 1][1]
        shown = self.tokens[self.at][1] if self.at < len(self.tokens) else "<EOF>"
        raise Malformed("MALFORMED_QUERY", f"unexpected token: {shown}")

    def word(self, word: str) -> None:
        if not self.is_word(word):
            raise Malformed("MALFORMED_QUERY", f"expecting {word}")

    def is_word(self, word: str) -> bool:
        return self._is("name", word)

    def sign(self, sign: str) -> None:
        if not self.is_sign(sign):
            raise Malformed("MALFORMED_QUERY", f"expecting {sign}")

    def is_sign(self, sign: str) -> bool:
        return self._is("sign", sign)

    def _is(self, kind: str, text: str) -> bool:
        if self.at < len(self.tokens):
            there = self.tokens[self.at]
            if there[0] == kind and there[1].upper() == text:
                self.at += 1
                return True
        return False


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text.rstrip()):
        found = TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise Malformed("MALFORMED_QUERY", f"unexpected character at {at}")
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


def _joined(how: Callable[[Iterator[bool]], bool], parts: list[Any]) -> Callable[[Get], Test]:
    def bound(get: Get) -> Test:
        tests = [part(get) for part in parts]
        return lambda row: how(test(row) for test in tests)

    return bound


def _not(test: Test) -> Test:
    return lambda row: not test(row)


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a is not None and a < b,
    "<=": lambda a, b: a is not None and a <= b,
    ">": lambda a, b: a is not None and a > b,
    ">=": lambda a, b: a is not None and a >= b,
}
