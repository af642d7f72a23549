"""How a domain spells a number, and back. Pure.

A classic domain is North American: ten digits, or 011 and the country's code. The other kind has
been switched to E.164 by the vendor. A number in the wrong spelling is simply another number.
"""

from __future__ import annotations

from enum import StrEnum


class NumberFormat(StrEnum):
    """The two kinds of domain."""

    IDD011 = "idd011"
    E164 = "e164"


_NATIONAL = 10


def spelt(number: str, how: NumberFormat) -> str:
    """A number of the ledger, `+4533123456`: `0114533123456` in a classic domain."""
    if how is NumberFormat.E164:
        return number
    digits = number.removeprefix("+")
    if digits.startswith("1") and len(digits) == _NATIONAL + 1:
        return digits[1:]
    return f"011{digits}"


def all_spellings(number: str) -> tuple[str, ...]:
    """In both kinds of domain."""
    return tuple(spelt(number, how) for how in NumberFormat)


def canonical(text: str | None, how: NumberFormat) -> str | None:
    """What a report shows, as the rules read it; what is neither spelling stays as it is."""
    tight = "".join((text or "").split())
    if tight.startswith("011") and tight.isdigit():
        return f"+{tight[3:]}"
    if how is NumberFormat.IDD011 and len(tight) == _NATIONAL and tight.isdigit():
        return f"+1{tight}"
    return tight or None
