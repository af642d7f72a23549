"""The part of OpenRefine's expression language that says what our steps do; nothing else is read.

expression  = ["grel:"] ( chain | call )
chain       = "value" { "." function "(" [ arguments ] ")" }
call        = function "(" ( chain | call ) [ "," arguments ] ")"
function    = trim | strip | toTitlecase | toLowercase | toUppercase | replace
"""

from __future__ import annotations

import re
from typing import Final

from rules.refine.steps import Do, Step

LONGEST: Final = 2000
_PLAIN: Final = {
    "trim": Do.TRIM,
    "strip": Do.TRIM,
    "toTitlecase": Do.TITLECASE,
    "toLowercase": Do.LOWERCASE,
    "toUppercase": Do.UPPERCASE,
}
_BLANKS: Final = frozenset({r"\s+", r"[\p{Zs}\s]+", r"[\s\p{Zs}]+", r"\s\s+", r" +", r"\s{2,}"})
"""How people write "blanks": replaced by one blank they mean what our step does."""
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<name>[A-Za-z]\w*) | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<pattern>/(?:[^/\\]|\\.)+/i?) | (?P<sign>[.(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class NotRead(ValueError):
    """The expression is not of this part of the language. Its text: the word that is not known."""


def steps(expression: str, at: int) -> list[Step]:
    """The steps of an expression, in the order in which they are done."""
    kind, colon, rest = expression.partition(":")
    if colon and kind.strip() in {"jython", "clojure", "python"}:
        raise NotRead(kind.strip())
    text = rest if colon and kind.strip() == "grel" else expression
    if len(text) > LONGEST:
        raise NotRead("…")
    reader = _Reader(text, at)
    found = reader.expression(0)
    if reader.more:
        raise NotRead(reader.more)
    return found


class _Reader:
    """Tokens from left to right."""

    def __init__(self, text: str, at: int) -> None:
        self._at = at
        self._tokens: list[tuple[str, str]] = []
        end, text = 0, text.rstrip()
        while end < len(text):
            found = _TOKEN.match(text, end)
            if found is None or found.lastgroup is None:
                raise NotRead(text[end : end + 20].strip())
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            end = found.end()
        self._tokens.reverse()

    @property
    def more(self) -> str:
        """What comes next; empty at the end."""
        return self._tokens[-1][1] if self._tokens else ""

    def expression(self, depth: int) -> list[Step]:
        """`value…`, or a call of a function on one."""
        kind, name = self._next()
        if depth > _DEEPEST or kind != "name":
            raise NotRead(name)
        if name != "value":
            self._sign("(")
            found = self.expression(depth + 1)
            arguments = self._arguments(first=False)
            found.append(self._step(name, arguments))
        else:
            found = []
        while self.more == ".":
            self._next()
            kind, name = self._next()
            if kind != "name":
                raise NotRead(name)
            self._sign("(")
            found.append(self._step(name, self._arguments(first=True)))
        return found

    def _arguments(self, *, first: bool) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while self.more != ")":
            if found or not first:
                self._sign(",")
            token = self._next()
            if token[0] not in {"text", "pattern"}:
                raise NotRead(token[1])
            found.append(token)
        self._next()
        return found

    def _step(self, name: str, arguments: list[tuple[str, str]]) -> Step:
        if name in _PLAIN and not arguments:
            return Step(self._at, _PLAIN[name])
        if name != "replace" or len(arguments) != 2 or arguments[1][0] != "text":
            raise NotRead(name)
        (kind, old), (_, new) = arguments
        if kind == "text":
            if not _text(old):
                raise NotRead(name)
            return Step(self._at, Do.REPLACE, (_text(old),), _text(new))
        if old[1:].removesuffix("/") in _BLANKS and _text(new) == " ":
            return Step(self._at, Do.COLLAPSE)
        raise NotRead(old)

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise NotRead("…")
        return self._tokens.pop()

    def _sign(self, wanted: str) -> None:
        kind, sign = self._next()
        if (kind, sign) != ("sign", wanted):
            raise NotRead(sign)


_DEEPEST: Final = 20


def _text(token: str) -> str:
    """A quoted text without its quotes, its escapes read."""

    def read(found: re.Match[str]) -> str:
        said = found[1]
        return chr(int(said[1:], 16)) if len(said) == 5 else _ESCAPED.get(said, said)

    return _ESCAPE.sub(read, token[1:-1])
