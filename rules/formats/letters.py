"""Broken letters: text that was read in the wrong encoding somewhere on its way to us.

Four kinds. What a web page writes for a letter (`S&oslash;ren`) is that letter. UTF-8 read as Windows-1252 (`SÃ¸ren`) can be put right for certain. A DOS code page
read as Windows (`S¢ren`) can in a name. A letter that was lost (`S?ren`) can only be put back where
exactly one known name fits; otherwise it stays.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from itertools import product

from rules import tables

_ENTITY = re.compile(r"&(?:#\d{2,5}|#x[0-9a-f]{2,5}|[a-z]{2,8});", re.IGNORECASE)
_SUSPECT = re.compile(f"[ÃÂâ¢¥›\x9b?\ufffd]|{_ENTITY.pattern}", re.IGNORECASE)
_PAIR = re.compile(
    "[Ã][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_DOS = str.maketrans({"¢": "ø", "›": "ø", "\x9b": "ø", "¥": "Ø"})
_LOST = re.compile("[?\ufffd]")


def mended(text: str, *, guess: bool) -> tuple[str, str]:
    """(`text` with its broken letters put right, reason key) or (`text`, "").

    `guess`: the text is a person's name, so known names may decide what a lost letter was.
    """
    if not _SUSPECT.search(text):
        return text, ""
    whole = _PAIR.sub(_decoded, _without_entities(text))
    if guess:
        small = whole.islower()
        whole = " ".join(_by_known_names(word, small=small) for word in whole.split(" "))
    return (whole, "reason.name.letters") if whole != text else (text, "")


def _without_entities(text: str) -> str:
    """`text` with what a web page wrote for a letter or a sign (`&oslash;`, `&amp;`) as that."""
    while True:
        plain = _ENTITY.sub(_sign, text)
        if plain == text:
            return text
        text = plain


def _sign(found: re.Match[str]) -> str:
    sign = html.unescape(found[0])
    return sign if len(sign) == 1 and (sign.isalpha() or sign in "&'\"-.,+") else found[0]


def is_broken(text: str) -> bool:
    """Whether letters of a name are still lost: a question mark or a stray sign inside a word."""
    return bool(re.search(r"[^\W\d_][?\ufffd¢¥›]|[?\ufffd¢¥›][^\W\d_]", text))


def _decoded(found: re.Match[str]) -> str:
    """The letter that two characters were in UTF-8; the two when it was none."""
    pair = found[0]
    second = pair[1].encode("latin-1", "ignore") or pair[1].encode("cp1252", "ignore")
    try:
        letter = (pair[0].encode("latin-1") + second).decode("utf-8")
    except UnicodeDecodeError:
        return pair
    return letter if letter.isalpha() else pair


def _by_known_names(word: str, *, small: bool) -> str:
    """`word` with stray signs and lost letters put back where exactly one known name fits.

    `small`: the whole name is in small letters, so the letter put back is small, too.
    """
    pieces = []
    for piece in word.split("-"):
        name = _known_name(piece) if _SUSPECT.search(piece) else ""
        pieces.append(_cased(name, piece, small=small) if name else piece)
    return "-".join(pieces)


@lru_cache(maxsize=1024)
def _known_name(piece: str) -> str:
    """The one known name (small letters) that `piece` can be; empty when there is none or several."""
    known = tables.words("surnames") | tables.words("first_names")
    dos = piece.translate(_DOS).lower()
    if not _LOST.search(dos):
        return dos if dos in known else ""
    holes = len(_LOST.findall(piece))
    if holes > 2 or len(piece) < 3:
        return ""
    rest = _LOST.split(dos)
    fits = []
    for letters in product("æøåäöüé", repeat=holes):
        candidate = "".join(a + b for a, b in zip(rest, (*letters, ""), strict=True))
        if candidate in known:
            fits.append(candidate)
    return fits[0] if len(fits) == 1 else ""


def _cased(name: str, piece: str, *, small: bool) -> str:
    """`name` with the capitals of `piece`."""
    if small:
        return name
    certain = "".join(filter(str.isalpha, piece))
    if len(certain) > 1 and certain.isupper():
        return name.upper()
    return name[:1].upper() + name[1:]
