"""Danish postcodes: four digits that exist. What another country writes there is left alone.

The first digit may be 0, which spreadsheets drop. Greenland (39xx) and the Faroe Islands (three
digits) have systems of their own: their codes are no Danish ones and are never made so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rules.changes import Severity
from rules.formats.cells import kept, nothing, quoted, spaced, spelled, trimmed, unshielded
from rules.formats.formatted import Formatted, Issue
from rules.formats.places import SORTING, TOWN_OF, contradicts, town_name

VERSION = 1

_CODE = re.compile(
    r"(?P<dk>DK|D\.K\.|Danmark)?[-\s.:]*(?P<digits>[0-9]{3,4}|[0-9]\.[0-9]{3})(?:[.,]0{1,2})?\.?",
    re.IGNORECASE,
)
_CODE_FIRST = re.compile(
    r"(?:DK)?[-\s.:]*(?P<digits>[0-9]{4})[\s,.-]*(?P<town>[^\W\d_][^\d,;/]*)", re.IGNORECASE
)
_TOWN_FIRST = re.compile(
    r"(?P<town>[^\W\d_][^\d,;/]*?)[\s,]+(?:DK)?[-\s]*(?P<digits>[0-9]{4})", re.IGNORECASE
)
_FOREIGN = re.compile(
    r"(?:S|SE|N|NO|D|DE|GB|NL|FO|FR?|GL|FIN?|PL|B|BE|CH|AT?|I|IT|E|ES|IS|L|LU)[-\s]+\d[\d\s-]{2,6}"
    r"|\d{5}|\d{3} \d{2}|\d{4}[- ]?[A-Z]{2}|\d{2}-\d{3}"
    r"|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
    re.ASCII,
)
_GREENLAND: Final = "39"
_FAROESE: Final = {"800": "Tvøroyri", "900": "Vágur", "960": "Sumba"}
"""Codes of the Faroese post that are a Danish one without its zero as well."""

settled = TOWN_OF.__contains__
"""A quick look: True only when `postcode(text)` would leave the cell alone and say nothing."""


def postcode(text: str, region: str = "DK") -> Formatted:
    """A Danish postcode as four digits; `region` is the country of the record.

    `DK-1050`, `8000.0` and `1050 København K` become the digits, a town goes to its own field. A
    lost zero comes back where the code exists with it and the Faroese post has no such code. A
    code that does not exist stays and is reported. Abroad only blanks around it go. Total,
    idempotent.
    """
    return Formatted(text) if settled(text) else unsettled(text, region)


def unsettled(text: str, region: str = "DK") -> Formatted:
    """`postcode` without its quick look, for who has looked already."""
    empty = nothing(text)
    if empty is not None:
        return empty
    bare = unshielded(trimmed(text))
    if region != "DK":
        return spelled(trimmed(text), "" if text == trimmed(text) else "reason.place.blanks")
    found = _CODE.fullmatch(bare)
    if found:
        return _digits(text, found["digits"].replace(".", ""), said=bool(found["dk"]))
    if _FOREIGN.fullmatch(bare):
        return kept(text, "postcode_foreign", Severity.NOTICE)
    found = _CODE_FIRST.fullmatch(bare) or _TOWN_FIRST.fullmatch(bare)
    if found:
        return _with_town(text, found["digits"], found["town"])
    return kept(text, "postcode_invalid")


def _digits(text: str, digits: str, *, said: bool) -> Formatted:
    """The verdict on three or four digits; `said`: the cell itself says that they are Danish."""
    if len(digits) == 3:
        return _short(text, digits, said=said)
    if digits in TOWN_OF:
        return spelled(digits, "" if digits == text else "reason.postcode.digits")
    if digits.startswith(_GREENLAND):
        return kept(text, "postcode_greenland", Severity.NOTICE)
    return kept(text, "postcode_unknown")


def _short(text: str, digits: str, *, said: bool) -> Formatted:
    full = "0" + digits
    if full not in TOWN_OF:
        return kept(text, "postcode_faroe", Severity.NOTICE)
    if digits in _FAROESE and not said:
        return kept(
            text,
            "postcode_zero_or_faroe",
            suggestion=full,
            town=TOWN_OF[full],
            faroese=_FAROESE[digits],
        )
    return spelled(full, "reason.postcode.zero")


def _with_town(text: str, digits: str, town: str) -> Formatted:
    if digits not in TOWN_OF:
        return kept(text, "postcode_unknown")
    there = town_name(town) or spaced(town).strip(" .-")
    return Formatted(digits, "reason.postcode.town_moved", spill={"city": there})


# --- the town beside it ---------------------------------------------------------------------------


def town_for(postcode: str, region: str = "DK") -> Formatted:
    """The town that a Danish postcode is named after, for a record that names none."""
    town = TOWN_OF.get(postcode)
    if region != "DK" or town is None or postcode in SORTING:
        return Formatted(None)
    return Formatted(town, "reason.town.of_postcode", {"postcode": postcode})


def against(town: str, postcode: str, region: str = "DK") -> Sequence[Issue]:
    """What to say when the town beside a Danish postcode is for certain somewhere else."""
    if region != "DK" or not contradicts(postcode, trimmed(town)):
        return ()
    details = {"text": quoted(town), "postcode": postcode, "town": TOWN_OF[postcode]}
    return (Issue("town_not_of_postcode", Severity.WARNING, details),)
