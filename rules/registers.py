"""Registers of people who declined in general, such as the Danish Robinson list: who stands on one.

A register is no opt-out: it has an issue with a date, the next issue takes its place, and whoever is
not on it has not said yes. It names people as the state knows them, with every given name and the
flat; a call list does not. So both are brought to what they have in common: the first given name,
the last surname, street, house number and letter, postcode. Two people who share all of that are
taken for the one who declined.

Source: markedsføringsloven § 10, stk. 4 (the quarterly list of CPR, by name and address).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from rules.folding import fold
from rules.formats import addresses, names
from rules.keys import Key, KeyKind, name_of
from rules.records import Value
from rules.spans import COPENHAGEN

ROBINSON: Final = "robinson"
"""The register that Danish law asks for; others may be held beside it."""
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
"""How a register may be called."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of a register, as it was taken in: of which day, and since when we have it."""

    issue: int
    register: str
    dated: date
    imported_at: datetime
    key_id: str
    entries: int


@dataclass(frozen=True, slots=True)
class Registered:
    """Whether somebody stands on a register, as of `checked`. None: nobody knows."""

    on: bool | None = None
    checked: date | None = None
    by: Issue | None = None


UNCHECKED: Final = Registered()


def in_force(issues: Iterable[Issue], at: datetime) -> tuple[Issue, ...]:
    """The issue of each register that was to be heeded at a moment: the newest that we had then."""
    found: dict[str, Issue] = {}
    day = at.astimezone(COPENHAGEN).date()
    for one in issues:
        if one.imported_at > at or one.dated > day:
            continue
        known = found.get(one.register)
        if known is None or (one.dated, one.imported_at) > (known.dated, known.imported_at):
            found[one.register] = one
    return tuple(found.values())


def registered(issues: Iterable[Issue], on: Iterable[Issue]) -> Registered:
    """What the issues in force say of somebody who can be looked up, and is `on` some of them.

    Being on one decides. Not being on any is worth as much as the oldest of them, and nothing
    without the Robinson list.
    """
    for one in on:
        return Registered(on=True, checked=one.dated, by=one)
    held = tuple(issues)
    if not any(one.register == ROBINSON for one in held):
        return UNCHECKED
    return Registered(on=False, checked=min(one.dated for one in held))


# --- by what people are found ----------------------------------------------------------------


class Lack(NamedTuple):
    """Why somebody cannot be looked up: a text key `registers.row.<code>`."""

    code: str


_OWNER: Final = re.compile(r"(?:^|[\s,(])v\s*[/.／．]\s*(?P<name>[^,()]+)", re.IGNORECASE)
_HOUSE: Final = re.compile(
    r"(?P<street>.*?[^\W\d_][^\d]*?)0*(?P<number>[1-9]\d{0,3})(?!\d) ?(?P<letter>[a-zæøå](?![a-zæøå]))?",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[\W_]+")
_DIGITS: Final = re.compile(r"\d+")


def keys_of(values: Mapping[str, Value], region: str = "DK") -> tuple[Key, ...]:
    """By what a person or sole trader is looked up in a register; empty when something is missing."""
    where = _where(_text(values, "address"), _text(values, "postcode"), region)
    if isinstance(where, Lack):
        return ()
    owner = _OWNER.search(_text(values, "company_name"))
    called = (name_of(values), owner["name"] if owner else "")
    found = (_who(name) for name in called if name.strip())
    return tuple(dict.fromkeys(_key(who, where) for who in found if who))


def row_key(values: Mapping[str, Value], region: str = "DK") -> Key | Lack:
    """The key of one row of a register, or what it lacks."""
    who = _who(name_of(values))
    if not who:
        return Lack("no_name")
    where = _where(_text(values, "address"), _text(values, "postcode"), region)
    return where if isinstance(where, Lack) else _key(who, where)


def _key(who: str, where: str) -> Key:
    return Key(KeyKind.NAME_ADDRESS, f"register|{who}|{where}")


@lru_cache(maxsize=4096)
def _who(name: str) -> str:
    """First given name and last surname; empty when there are not two."""
    first, comma, rest = name.partition(",")
    turned = f"{rest} {first}" if comma and rest.strip() else name
    tidy = names.person_name(turned).value or turned
    words = [word for word in map(fold, _WORD.split(tidy)) if word]
    return f"{words[0]}|{words[-1]}" if len(words) > 1 else ""


@lru_cache(maxsize=4096)
def _where(address: str, postcode: str, region: str) -> str | Lack:
    """Street, number and letter, postcode."""
    tidy = addresses.address(address, region)
    house = _HOUSE.match(tidy.value or address)
    if house is None:
        return Lack("no_address")
    digits = "".join(_DIGITS.findall(postcode)) or (tidy.spill.get("postcode") or "")
    if not digits:
        return Lack("no_postcode")
    letter = (house["letter"] or "").casefold()
    return f"{fold(house['street'])}|{house['number']}{fold(letter)}|{digits}"


def _text(values: Mapping[str, Value], name: str) -> str:
    text = values.get(name)
    return text.strip() if isinstance(text, str) else ""
