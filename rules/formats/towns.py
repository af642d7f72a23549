"""Towns: the post office's spelling where the name is known, the cell as it stands where not.

A village that no postcode is named after is as good a town as any: only blanks are tidied.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rules.changes import Severity
from rules.formats import letters
from rules.formats.cells import kept, nothing, spaced, spelled
from rules.formats.countries import iso_code
from rules.formats.formatted import Formatted
from rules.formats.places import BASES, NAMES, TOWN_OF, town_name

VERSION = 1

_CODE_FIRST = re.compile(
    r"(?:DK)?[- ]*(?P<digits>[0-9]{4})[ ,.-]*(?P<town>[^\W\d_][^\d,;/]*)", re.IGNORECASE
)
_CODE_LAST = re.compile(
    r"(?P<town>[^\W\d_][^\d,;/(]*?)[ ,(]+(?:DK)?[- ]*(?P<digits>[0-9]{4})\)?", re.IGNORECASE
)
_DIGIT = re.compile(r"\d")
_LOST = re.compile("[?\ufffd]")

settled = (NAMES | BASES).__contains__
"""A quick look: True only when `town(text)` would leave the cell alone and say nothing."""


def town(text: str, region: str = "DK") -> Formatted:
    """A town as the post office spells it; `region` is the country of the record.

    `AARHUS C`, `Århus C`, `Kgs. Lyngby` and `Kbh. K` are written out, broken letters are mended,
    a postcode goes to its own field. Names that are not known only lose superfluous blanks, as do
    those abroad. Total, idempotent.
    """
    return Formatted(text) if settled(text) else unsettled(text, region)


@lru_cache(maxsize=4096)
def unsettled(text: str, region: str = "DK") -> Formatted:
    """`town` without its quick look, for who has looked already."""
    empty = nothing(text)
    if empty is not None:
        return empty
    bare = spaced(text)
    if region != "DK":
        return _written(text, bare, "reason.place.blanks")
    mended = _mended(bare)
    if _DIGIT.search(mended):
        return _with_digits(text, mended)
    known = town_name(mended)
    if known:
        return _written(text, known, "reason.town.spelling" if known != bare else "")
    if iso_code(mended):
        return kept(text, "town_is_country", Severity.NOTICE)
    if letters.is_broken(mended):
        return kept(text, "town_broken_letters")
    return _written(text, mended, "reason.town.letters" if mended != bare else "")


def _written(text: str, value: str, reason: str) -> Formatted:
    return spelled(value, "" if value == text else reason or "reason.place.blanks")


def _mended(bare: str) -> str:
    """`bare` with its broken letters put right, a lost one only where exactly one town fits."""
    whole, _ = letters.mended(bare, guess=False)
    if not letters.is_broken(whole):
        return whole
    # A DOS code page read as Windows, or a letter replaced by a question mark: any letter may stand.
    pattern = re.sub(r"\\\?|[\ufffd¢¥›]", r"[^\\W\\d_]", re.escape(whole))
    fits = [name for name in NAMES | BASES if re.fullmatch(pattern, name, re.IGNORECASE)]
    return fits[0] if len(fits) == 1 else whole


def _with_digits(text: str, bare: str) -> Formatted:
    """A postcode in the town's cell; other digits are no part of a town's name."""
    found = _CODE_FIRST.fullmatch(bare) or _CODE_LAST.fullmatch(bare)
    if found is None or found["digits"] not in TOWN_OF:
        return kept(text, "town_with_digits")
    name = found["town"].strip(" .-")
    spill = {"postcode": found["digits"]}
    return Formatted(town_name(name) or name, "reason.town.postcode_moved", spill=spill)
