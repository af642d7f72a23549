"""What all formats share about a cell of text: its outer blanks, its emptiness, how it is quoted.

Not a format. A cell is what a person typed, pasted or exported: it may hold no-break spaces,
zero-width characters, control characters, or a word that stands for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from rules import tables
from rules.changes import Severity
from rules.formats.formatted import Formatted, Issue

QUOTED_LENGTH: Final = 60
NO_DETAILS: Final[Mapping[str, str]] = {}
LONGEST: Final = 2000
"""Longer cells are documents, not values: no format touches them."""

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202c\u2066\u2069"
_OUTER = " \t\r\n\v\f\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + _INVISIBLE
_OUTER += "".join(map(chr, range(0x2000, 0x200B)))
NOT_A_NUMBER: Final = frozenset({"nan", "NaN", "NAN", "#N/A", "#NAVN?", "#VALUE!", "#REF!"})
"""What programs write for nothing, in their spelling: Nan is a name."""
_RUN = re.compile(rf"[{re.escape(_OUTER)}]+")
_SPACE_OR_NOTHING = str.maketrans({**dict.fromkeys(_OUTER, " "), **dict.fromkeys(_INVISIBLE, "")})
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufff0-\uffff]")


def trimmed(text: str) -> str:
    """`text` without blanks and invisible characters at both ends."""
    return text.strip(_OUTER)


def unshielded(text: str) -> str:
    """`text` without what keeps a spreadsheet from reading digits as a number: `'1` and `="1"`."""
    if text.startswith('="') and text.endswith('"') and len(text) > 3:
        return text[2:-1]
    return text.removeprefix("'")


def spaced(text: str) -> str:
    """`text` with every run of blanks and line breaks as one space, and none at the ends."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    return " ".join(text.translate(_SPACE_OR_NOTHING).split())


def quoted(text: str) -> str:
    """`text` for a finding's details: one line, at most 60 characters, no control characters."""
    if len(text) <= QUOTED_LENGTH and text.isascii() and text.isprintable():
        return text
    line = _CONTROL.sub("\ufffd", _RUN.sub(" ", text[: 4 * QUOTED_LENGTH])).strip()
    return line if len(line) <= QUOTED_LENGTH else line[: QUOTED_LENGTH - 1] + "…"


def spelled(value: str, reason: str) -> Formatted:
    """The plain good case: a canonical value, a reason, and nothing else to say."""
    return Formatted(value, reason, NO_DETAILS, (), NO_DETAILS)


Guess = tuple[str, str]
"""How a cell is probably to be spelt, and the reason key: sure once the spelling is settled."""


def guessed(guess: Guess | None, settled: Callable[[str], bool]) -> Formatted | None:
    """The verdict on a cell by a guess at its spelling; None when the guess is none, or not sure."""
    return spelled(*guess) if guess is not None and settled(guess[0]) else None


def kept(text: str, code: str, severity: Severity = Severity.WARNING, **details: str) -> Formatted:
    """The cell as it stands, with one issue that quotes it."""
    issue = Issue(code, severity, {"text": quoted(text), **details})
    return Formatted(text, "", NO_DETAILS, (issue,), NO_DETAILS)


def nothing(text: str) -> Formatted | None:
    """The verdict on a cell that holds no value of any kind; None when it may hold one.

    Blank cells are no news. A word for "nothing" stays as it stands, and is reported.
    """
    bare = trimmed(text)
    if not bare:
        return Formatted(text)
    if len(bare) <= 24 and is_placeholder(bare):
        return kept(text, "placeholder")
    return unreadable(text)


def is_placeholder(text: str) -> bool:
    """Whether trimmed `text` is one of the words people type for "nothing here"."""
    if text in NOT_A_NUMBER:
        return True
    folded = text.lower()
    words = _placeholders()
    if folded in words:
        return True
    if folded.isalnum():
        return False
    return folded.strip(" .@!()") in words or not any(map(str.isalnum, folded))


@cache
def _placeholders() -> frozenset[str]:
    return tables.words("placeholders")


def unreadable(text: str) -> Formatted | None:
    """The verdict on a cell with control characters, or one as long as a letter; else None."""
    if len(text) > LONGEST:
        return kept(text, "too_long", length=str(len(text)))
    if not (text.isascii() and text.isprintable()) and _CONTROL.search(text):
        return kept(text, "control_characters")
    return None
