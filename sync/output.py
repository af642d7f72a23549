"""What commands print: numbers as the language writes them, tables, JSON, progress.

Tables are plain text and made here; rich is loaded only for the progress bar of a real terminal.
Cells of outside systems may hold control characters: `printable` makes them harmless.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Protocol

NO_BREAK = "\u00a0"


def number(value: float | Decimal, lang: str, decimals: int | None = None) -> str:
    """1234.5 as `1.234,5` in Danish and `1,234.5` in English.

    `decimals` rounds to so many places; None writes whole numbers whole and others with one place.
    """
    if decimals is None:
        decimals = 0 if value == int(value) else 1
    exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE)
    text = f"{exact:,f}"
    return text.translate(_DANISH) if lang == "da" else text


_WIDE = Context(prec=400)
_DANISH = str.maketrans(",.", ".,")


def share(value: float | Decimal, lang: str, decimals: int = 1) -> str:
    """0.1234 as `12,3 %` in Danish (with a space that does not break) and `12.3%` in English."""
    text = number(Decimal(str(value)) * 100, lang, decimals)
    return f"{text}{NO_BREAK}%" if lang == "da" else f"{text}%"


def size(octets: int, lang: str) -> str:
    """A number of bytes with the unit that people read it in, in steps of 1,000."""
    value = float(octets)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{number(value, lang, 0 if unit == 'B' else 1)} {unit}"
        value /= 1000
    return f"{number(value, lang, 1)} TB"


def duration(seconds: float) -> str:
    """`7 s`, `3 min 20 s`, `2 h 5 min`: the same in both languages."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def moment(at: datetime, lang: str) -> str:
    """A UTC time as a clock in Denmark shows it, to the minute."""
    from zoneinfo import ZoneInfo

    local = at.astimezone(ZoneInfo("Europe/Copenhagen"))
    return local.strftime("%d.%m.%Y kl. %H.%M" if lang == "da" else "%Y-%m-%d %H:%M")


def printable(text: str) -> str:
    """`text` on one line with control characters shown as symbols, so no cell steers the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _visible(char) for char in text)


def _visible(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else ("\u00a0" if char.isspace() else "�")


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: frozenset[int] = frozenset(),
    whole: frozenset[int] = frozenset(),
    width: int | None = None,
) -> str:
    """Columns side by side under their headings; the columns in `right` stand to the right.

    What does not fit into `width` is taken from the widest columns that are not in `whole`, and
    ends in `…`.
    """
    cells = [[printable(cell) for cell in row] for row in (headings, *rows)]
    widths = _fit([max(map(len, column)) for column in zip(*cells, strict=True)], whole, width)
    return "\n".join(_line(row, widths, right) for row in cells)


def _fit(widths: list[int], whole: frozenset[int], width: int | None) -> list[int]:
    room = None if width is None else width - 2 * (len(widths) - 1)
    may_shrink = [index for index in range(len(widths)) if index not in whole]
    while room is not None and sum(widths) > room and may_shrink:
        widest = max(may_shrink, key=widths.__getitem__)
        if widths[widest] <= 8:
            break
        widths[widest] -= 1
    return widths


def _line(row: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    parts = []
    for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
        shown = cell if len(cell) <= width else cell[: width - 1] + "…"
        parts.append(shown.rjust(width) if index in right else shown.ljust(width))
    return "  ".join(parts).rstrip()


def as_json(value: object) -> str:
    """Any result of ours as indented JSON: dataclasses as objects, keys in their order."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
    try:
        return orjson.dumps(value, default=_plain, option=options).decode()
    except TypeError:
        # File names that are no text, numbers above 64 bits: rare, so the slow way will do.
        return json.dumps(_tree(value), indent=2)


def _plain(value: Any) -> object:
    """What orjson does not know, as something that it does."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "_asdict"):
        return value._asdict()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return list(value)
    return str(value)


def _tree(value: Any) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _tree(getattr(value, one.name)) for one in fields(value)}
    plain = _plain(value)
    if isinstance(plain, dict):
        return {str(key): _tree(one) for key, one in plain.items()}
    return [_tree(one) for one in plain] if isinstance(plain, list) else plain


def say(text: str = "", *, err: bool = False) -> None:
    """One line or text to standard output; `err` to standard error, which may be gone by then."""
    if not err:
        print(text)
        return
    try:
        print(text, file=sys.stderr)
    except OSError:
        # Nobody listens to our messages any more; that stops no run.
        return


class Progress(Protocol):
    """What a stage tells while it works.

    `stage_key` and `unit` are text keys; amounts in `unit.bytes` are written as sizes.
    """

    def start(self, stage_key: str, total: int | None, unit: str) -> None:
        """A stage begins; `total` is None as long as nobody knows it."""

    def advance(self, done: int, total: int | None = None) -> None:
        """So much is done altogether; `total` when it became known or changed."""

    def end(self) -> None:
        """The stage is over."""

    def tell(self, key: str, **details: object) -> None:
        """Something worth knowing before it begins; `key` is a text key."""


class Silent:
    """No progress: `--quiet`, `--json`."""

    def start(self, stage_key: str, total: int | None, unit: str) -> None:
        """Says nothing."""

    def advance(self, done: int, total: int | None = None) -> None:
        """Says nothing."""

    def end(self) -> None:
        """Says nothing."""

    def tell(self, key: str, **details: object) -> None:
        """Says nothing."""
