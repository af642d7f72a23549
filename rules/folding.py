"""Headers and words made comparable: case, accents, punctuation, Danish letters and their stand-ins.

For comparing only, never for values: `Kirkegaard` and `Kirkegård` are different names.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_DANISH: Final = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ö": "oe", "ä": "ae", "ß": "ss"})
_BARE: Final = str.maketrans({"æ": "a", "ø": "o", "å": "a", "ö": "o", "ä": "a", "ß": "s"})
_NOT_WORD: Final = re.compile(r"[^a-z0-9]+")
_BRACKETS: Final = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
_HUMP: Final = re.compile(r"(?<=[a-zæøå0-9])(?=[A-ZÆØÅ])")


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Letters a–z and digits alone: `CVR-nr.` is `cvrnr`, `Næste skridt` is `naesteskridt`."""
    return _NOT_WORD.sub("", _letters(text, _DANISH))


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """The same with å, ø and æ as a, o and a: for headers that lost them (`Arsag`, `Lobenr`)."""
    return _NOT_WORD.sub("", _letters(text, _BARE))


@lru_cache(maxsize=8192)
def tokens(text: str) -> tuple[str, ...]:
    """The folded words of a text; capitals within a word begin a new one (`FirstName`)."""
    words = _NOT_WORD.split(_letters(words_apart(text), _DANISH))
    return tuple(word for word in words if word)


def words_apart(text: str) -> str:
    """The text with a blank wherever capitals within a word begin a new one."""
    return _HUMP.sub(" ", text)


def without_brackets(text: str) -> str:
    """The text without what stands in brackets: units, remarks. The text itself if nothing is left."""
    left = _BRACKETS.sub(" ", text)
    return left if fold(left) else text


def _letters(text: str, table: dict[int, str]) -> str:
    lowered = unicodedata.normalize("NFC", _mended(text)).casefold().translate(table)
    return unicodedata.normalize("NFKD", lowered) if not lowered.isascii() else lowered


def _mended(text: str) -> str:
    """UTF-8 that was read as Windows-1252, read again; anything else as it is."""
    if "Ã" not in text:
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text
