"""The part of $filter that clients use: comparisons with and, or, not, parentheses, and `In`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from simulators.dynamics.org import invalid

Test = Callable[[Mapping[str, Any]], bool]

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:''|[^'])*')|(?P<in>Microsoft\.Dynamics\.CRM\.In\()"
    r"|(?P<guid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"
    r"|(?P<stamp>\d{4}-\d\d-\d\dT[\d:.]+Z)|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][\w.]*)|(?P<sign>[()=,\[\]]))"
)
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
}


def read(text: str) -> tuple[Test, set[str]]:
    """The test that a $filter stands for, and the properties that it names."""
    reader = _Reader(text)
    test = reader.either()
    if reader.at < len(reader.tokens):
        raise invalid(f"Syntax error at position {reader.at} in '{text}'.")
    return test, reader.names


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.names: set[str] = set()
        at, text = 0, text.rstrip()
        while at < len(text):
            found = TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise invalid(f"Syntax error at position {at} in '{text}'.")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self.at = 0

    def either(self) -> Test:
        tests = [self.both()]
        while self.has("name", "or"):
            tests.append(self.both())
        return lambda row: any(test(row) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self.has("name", "and"):
            tests.append(self.one())
        return lambda row: all(test(row) for test in tests)

    def one(self) -> Test:
        if self.has("name", "not"):
            inner = self.one()
            return lambda row: not inner(row)
        if self.has("sign", "("):
            inside = self.either()
            self.take("sign")
            return inside
        if self.has("in"):
            return self.among()
        name, sign, value = self.take("name"), self.take("name"), self.literal()
        if sign not in SIGNS:
            raise invalid(f"'{sign}' is no operator.")
        self.names.add(name)
        return lambda row: SIGNS[sign](row.get(name), value)

    def among(self) -> Test:
        """`PropertyName='x',PropertyValues=['a','b'])`."""
        self.take("name"), self.take("sign")
        name = str(self.literal())
        self.names.add(name)
        self.take("sign"), self.take("name"), self.take("sign"), self.take("sign")
        wanted = {self.literal()}
        while self.has("sign", ","):
            wanted.add(self.literal())
        self.take("sign"), self.take("sign")
        return lambda row: row.get(name) in wanted

    def literal(self) -> Any:
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")
        self.at += 1
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind in {"guid", "stamp"}:
            return text
        if kind == "number":
            return float(text) if "." in text else int(text)
        words = {"true": True, "false": False, "null": None}
        if kind == "name" and text in words:
            return words[text]
        raise invalid(f"'{text}' is no value.")

    def take(self, kind: str) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == kind:
            self.at += 1
            return self.tokens[self.at - 1][1]
        raise invalid("The filter breaks off.")

    def has(self, kind: str, text: str = "") -> bool:
        if self.at < len(self.tokens):
            there = self.tokens[self.at]
            if there[0] == kind and text in {"", there[1]}:
                self.at += 1
                return True
        return False
