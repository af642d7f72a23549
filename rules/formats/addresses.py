"""Street addresses: tidied where it is certain, never looked up.

Not a register of addresses: whether the street and the number exist nobody is asked. Names of
houses, farms, care-of lines and PO boxes stay as they are.
"""

from __future__ import annotations

import re
from typing import Final

from rules.formats.cells import kept, nothing, spaced, spelled, trimmed
from rules.formats.formatted import Formatted
from rules.formats.places import TOWN_OF, belongs, town_name

VERSION = 1

_WORD: Final = r"[A-Za-zÆØÅæøåÉéÖöÄäÜü][A-Za-zÆØÅæøåÉéÖöÄäÜü.'/-]*"
_QUIET = re.compile(
    rf"{_WORD}(?: {_WORD})* [1-9][0-9]{{0,2}}[A-ZÆØÅa-zæøå]?(?:, (?:st|kl|[1-9][0-9]?)\. (?:tv|th|mf))?"
)
_LINES = re.compile(r"\s*[\r\n\v\f\x85\u2028\u2029]+\s*")
_COMMA = re.compile(r"\s+,\s*|,\s+|(?<!\d),|,(?!\d)")
_FLOOR = re.compile(
    r"(?P<street>.*\d ?[A-ZÆØÅ]?)(?:, ?| - | )(?P<floor>stuen|st|kld|kl|[1-9]\d?)"
    r"(?:[.,:]? ?sal)?[.,]? ?(?P<door>tv|th|mf|t\.v|t\.h|m\.f|t v|t h|til venstre|til højre)\.?",
    re.IGNORECASE,
)
_SHORT: Final = {"stuen": "st", "kld": "kl", "til venstre": "tv", "til højre": "th"}
_TAIL = re.compile(
    r"(?P<street>.*?[^\s,;-])(?P<sign> ?[,;] ?| [-\u2013] | )(?:DK[- ]?)?(?P<digits>[0-9]{4})"
    r"(?:,? (?P<town>[^\W\d_][^\d,;]*))?(?P<country>, (?:Danmark|Denmark))?",
    re.IGNORECASE,
)
_BOX = re.compile(r".*(?:box|boks|pb|nr|nummer)\W*", re.IGNORECASE)


def settled(text: str) -> bool:
    """A quick look: True only when `address(text)` would leave the cell alone and say nothing."""
    return _QUIET.fullmatch(text) is not None


def address(text: str, region: str = "DK") -> Formatted:
    """A street address without superfluous blanks; `region` is the country of the record.

    Floor and door behind a house number are written `, 2. tv`. A postcode at the end goes to its
    own field, and its town with it, where the town is the one of that postcode. Line breaks become
    commas. Abroad only blanks are tidied. Total, idempotent.
    """
    return Formatted(text) if settled(text) else unsettled(text, region)


def unsettled(text: str, region: str = "DK") -> Formatted:
    """`address` without its quick look, for who has looked already."""
    empty = nothing(text)
    if empty is not None:
        return empty
    bare = _COMMA.sub(", ", spaced(_LINES.sub(", ", trimmed(text)))).strip(" ,") or trimmed(text)
    if region != "DK":
        return _written(text, bare, "")
    street, spill = _split(bare)
    if street is None:
        return kept(text, "address_holds_postcode")
    written = _with_floor(street)
    if spill:
        return Formatted(written, "reason.address.split", spill=spill)
    return _written(text, written, "reason.address.floor" if written != bare else "")


def _written(text: str, value: str, reason: str) -> Formatted:
    return spelled(value, "" if value == text else reason or "reason.place.blanks")


def _split(bare: str) -> tuple[str | None, dict[str, str]]:
    """The street, and what stood behind it by field; no street when town and postcode disagree."""
    spill: dict[str, str] = {}
    street = bare
    while found := _tail(street):
        town, digits = (found["town"] or "").strip(" .-"), found["digits"]
        if (town and not belongs(digits, town)) or spill.get("postcode", digits) != digits:
            return None, {}
        spill.setdefault("postcode", digits)
        if town:
            spill.setdefault("city", town_name(town) or town)
        if found["country"]:
            spill["country"] = "DK"
        street = found["street"]
    return street, spill


def _tail(street: str) -> re.Match[str] | None:
    """A Danish postcode at the end; none where the digits can be a house number or a PO box."""
    found = _TAIL.fullmatch(street)
    if found is None or found["digits"] not in TOWN_OF or _BOX.fullmatch(found["street"]):
        return None
    if found["sign"].strip(" -\u2013") or (found["town"] and found["sign"].strip()):
        return found
    # Nothing but a blank between: a postcode only when the town says so.
    return found if found["town"] and belongs(found["digits"], found["town"]) else None


def _with_floor(street: str) -> str:
    found = _FLOOR.fullmatch(street)
    if found is None:
        return street
    floor, door = found["floor"].lower(), found["door"].lower()
    door = _SHORT.get(door, door.replace(".", "").replace(" ", ""))
    return f"{found['street']}, {_SHORT.get(floor, floor)}. {door}"
