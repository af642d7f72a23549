"""Made-up people by number: each value tells whose it is, in any spelling, whatever is mended in it.

So a judge sees at once when somebody's value was written over with another one's.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from typing import Final

BLOCK: Final = 68_000_000
LETTERS: Final = string.ascii_lowercase


def phones(person: int) -> list[str]:
    """One number, as people spell it."""
    eight = str(BLOCK + person)
    pairs = " ".join(eight[at : at + 2] for at in range(0, 8, 2))
    return [f"+45{eight}", pairs, f"0045 {eight}", f"+45 {pairs}", f"Tlf. {pairs}", eight]


def names(person: int) -> list[str]:
    """One last name: its letters count in base 26."""
    stem, rest = "", person
    for _ in range(4):
        rest, digit = divmod(rest, 26)
        stem = LETTERS[digit] + stem
    return [f"{stem.title()}sen", f"{stem}sen", f"  {stem.title()}sen ", f"{stem.upper()}SEN"]


def mails(person: int) -> list[str]:
    """One address."""
    host = f"opdigtet-{person:04}.dk"
    return [f"bo@{host}", f"BO@{host.upper()}", f" bo@{host} "]


def companies(person: int) -> list[str]:
    """One company."""
    return [f"Opdigtet {person} ApS", f"Opdigtet {person} aps", f"Opdigtet  {person}  APS."]


def notes(person: int) -> list[str]:
    """A remark in a field that nobody has rules for beyond its blanks."""
    return [f"Salgschef {person}", f" salgschef {person}"]


SPELLINGS: Final[Mapping[str, Callable[[int], list[str]]]] = {
    "phone": phones, "name": names, "mail": mails, "company": companies, "note": notes,
}  # fmt: skip
TRAITS: Final = tuple(SPELLINGS)


def spelt(trait: str, person: int, spelling: int) -> str:
    """A person's trait in one of its spellings."""
    all_ = SPELLINGS[trait](person)
    return all_[spelling % len(all_)]


def whose(trait: str, text: str) -> str:
    """What tells one person's value from another's: the same for all its spellings."""
    if trait == "name":
        return "".join(one for one in text.casefold() if one.isalpha())
    digits = "".join(re.findall(r"\d", text))
    return digits[-8:] if trait == "phone" else digits
