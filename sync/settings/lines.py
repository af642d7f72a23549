"""On which line of a TOML text each key stands, for error messages; tomllib does not tell."""

from __future__ import annotations

import re
import tomllib

Path = tuple[str, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*(\.?)""")
_QUOTED = (
    r'"""(?:[^\\]|\\.)*?"{3,5}',
    r"'''.*?'{3,5}",
    r'"(?:[^"\\\n]|\\.)*"',
    r"'[^'\n]*'",
)
_STRING = re.compile("|".join(_QUOTED), re.DOTALL)
_BARE = re.compile(r"[^,\]}\n#]+")


def key_lines(text: str) -> dict[Path, int]:
    """Key path → line, counted from 1, of a text that tomllib has accepted.

    Tables and the keys of inline tables are in it too; elements of arrays are not.
    """
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._peek() == "[":
                line = self._line()
                self._at += 2 if self._text.startswith("[[", self._at) else 1
                table = self._key()
                self._lines.setdefault(table, line)
                self._at = self._text.find("\n", self._at)
                if self._at < 0:
                    break
            else:
                self._pair(table)
            self._skip(_BLANK)
        return self._lines

    def _pair(self, table: Path) -> None:
        line = self._line()
        key = table + self._key()
        for end in range(len(table) + 1, len(key) + 1):
            self._lines.setdefault(key[:end], line)
        self._at = self._text.index("=", self._at) + 1
        self._skip(_BLANK)
        self._value(key)

    def _key(self) -> Path:
        parts = []
        more = "."
        while more:
            found = _KEY.match(self._text, self._at)
            assert found is not None, "tomllib accepted this text"  # noqa: S101
            self._at = found.end()
            parts.append(_unquoted(found[1]))
            more = found[2]
        return tuple(parts)

    def _value(self, key: Path) -> None:
        opening = self._peek()
        if opening == "[":
            self._many(key, "]")
        elif opening == "{":
            self._many(key, "}")
        elif opening in {'"', "'"}:
            self._skip(_STRING)
        else:
            self._skip(_BARE)

    def _many(self, key: Path, closing: str) -> None:
        self._at += 1
        self._skip(_BLANK)
        while self._peek() != closing:
            if closing == "}":
                self._pair(key)
            else:
                self._value(key)
            self._skip(_BLANK)
            if self._peek() == ",":
                self._at += 1
                self._skip(_BLANK)
        self._at += 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at + 1

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1


def _unquoted(key: str) -> str:
    if key[0] not in "\"'":
        return key
    return str(next(iter(tomllib.loads(f"k = {key}").values())))
