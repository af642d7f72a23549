"""Names of persons: blanks, Unicode, broken letters, titles, capitals.

Not a judgement of who somebody is: no sex, no missing surname is ever inferred. Only a name that
is all capitals or all small letters gets other capitals, because a mixed one is somebody's choice.
Names of companies are another matter: `company_names`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from rules import tables
from rules.changes import Severity
from rules.formats import letters
from rules.formats.capitals import Part, capitalised, plain_capital
from rules.formats.cells import (
    LONGEST,
    NOT_A_NUMBER,
    Guess,
    guessed,
    kept,
    nothing,
    spaced,
    spelled,
)
from rules.formats.formatted import Formatted

VERSION = 2

_SMALL = "[a-zæøåäöüéèáóíúýðëï]+"
_WORD = f"[A-ZÆØÅÄÖÜÉ](?:['’][A-ZÆØÅ])?{_SMALL}(?:[A-ZÆØÅ]{_SMALL})?"
_LOW = tables.words("name_particles")
_SETTLED = re.compile(rf"{_WORD}(?:[ -]{_WORD}| (?:{'|'.join(sorted(_LOW, reverse=True))})(?= ))*")


def settled(text: str) -> bool:
    """A quick look: True only when `person_name` would leave the cell alone and say nothing.

    Right for whole names, first names and surnames alike.
    """
    if len(text) > LONGEST:
        return False
    if _known().plain.issuperset(text.split(" ")):
        return True
    if _SETTLED.fullmatch(text) is None:
        return False
    folded = text.lower()
    if " " in folded:
        return _telling_words().isdisjoint(folded.split(" ")) and folded not in _nobody()
    return folded not in _nobody() and folded not in _telling_words()


class _Known(NamedTuple):
    """Known names of one word that are spelt alike wherever they stand in a name."""

    plain: frozenset[str]
    by_small: Mapping[str, str]
    by_capitals: Mapping[str, str]


@cache
def _known() -> _Known:
    odd = {word for phrase in _nobody() for word in phrase.split(" ")} | _telling_words()
    odd |= {word.lower() for word in NOT_A_NUMBER}
    every = (tables.words("first_names") | tables.words("surnames")) - odd
    small = {word: plain_capital(word) for word in every if word == word.upper().lower()}
    small = {word: name for word, name in small.items() if _SETTLED.fullmatch(name)}
    capitals = {word.upper(): name for word, name in small.items()}
    return _Known(frozenset(small.values()), small, capitals)


def usual(text: str) -> Guess | None:
    """A guess at the spelling and its reason; sure once it is `settled`. None: no guess."""
    if len(text) > LONGEST:
        return None
    words = text.split()
    if text.islower():
        table = _known().by_small
    elif text.isupper():
        table = _known().by_capitals
    else:
        return " ".join(words), "reason.name.blanks"
    try:
        done = [table[word] for word in words]
    except KeyError:
        if words[-1] in NOT_A_NUMBER:
            return None
        done = [plain_capital(word) for word in text.lower().split()]
    return (" ".join(done), "reason.name.capitals") if all(done) else None


@lru_cache(maxsize=1)
def _nobody() -> frozenset[str]:
    return tables.words("not_persons", kind="whole") | tables.words("placeholders")


@lru_cache(maxsize=1)
def _telling_words() -> frozenset[str]:
    """Words that make a name worth a second look: titles, company forms, `att`."""
    return (
        frozenset(title.split(" ")[0] for title in _front_titles())
        | tables.words("not_persons", kind="begins")
        | tables.words("not_persons", kind="word")
    )


def person_name(text: str, part: Part = Part.WHOLE) -> Formatted:
    """A person's name as one would write it on a letter; `part` says which part the field holds.

    `HANSEN, PETER` is turned round when the surname and the first name are known ones. Spill:
    `title` (what stands before or behind the name). What is nobody (`Bogholderiet`, `Att: …`)
    stays, with an issue. Total, idempotent. (requirement R33)
    """
    if settled(text):
        return Formatted(text)
    return guessed(usual(text), settled) or unsettled(text, part)


def unsettled(text: str, part: Part = Part.WHOLE) -> Formatted:
    """`person_name` without its quick look, for who has looked already."""
    return _usual(text, part) or nothing(text) or _read(text, part)


def _usual(text: str, part: Part) -> Formatted | None:
    """Blanks and capitals of a name of plain words; None when it takes more thought."""
    if len(text) > LONGEST:
        return None
    words = text.split()
    name = " ".join(words)
    if name in NOT_A_NUMBER:
        return None
    if name.isupper() or name.islower():
        done = [plain_capital(word) for word in name.lower().split(" ")]
        if "" in done and not _particles_inside(done, name.lower().split(" "), part):
            return None
        name = " ".join(done)
        return spelled(name, "reason.name.capitals") if settled(name) else None
    if name == text or not settled(name):
        return None
    return spelled(name, "reason.name.blanks")


def _particles_inside(done: list[str], words: list[str], part: Part) -> bool:
    """Fill the gaps of `done` with particles that stay low; False when others are left."""
    for place, word in enumerate(words):
        if not done[place]:
            if part is Part.FIRST or not 0 < place < len(words) - 1 or word not in _LOW:
                return False
            done[place] = word
    return True


def _read(text: str, part: Part) -> Formatted:
    name, reason = letters.mended(spaced(unicodedata.normalize("NFC", text)), guess=True)
    if letters.is_broken(name):
        return kept(text, "name_broken_letters")
    refusal = _nobody_there(text, name)
    if refusal is not None:
        return refusal
    return _person(text, name, reason, part)


def first_name(text: str) -> Formatted:
    """`person_name` of a field that holds first names alone."""
    return person_name(text, Part.FIRST)


def last_name(text: str) -> Formatted:
    """`person_name` of a field that holds a surname alone."""
    return person_name(text, Part.LAST)


def _nobody_there(text: str, name: str) -> Formatted | None:
    """The verdict on a cell that names nobody, or something else than a person."""
    folded = name.lower().rstrip(".: ")
    if folded in _nobody():
        return kept(text, "name_not_person")
    begin = re.split(r"[\s:]", name.lower(), maxsplit=1)[0]
    words = set(name.lower().replace(",", " ").split())
    if (
        begin in tables.words("not_persons", kind="begins")
        or begin.startswith(("v/", "c/o"))
        or words & tables.words("not_persons", kind="word")
    ):
        return kept(text, "name_not_person")
    if "@" in name:
        return kept(text, "name_is_email")
    if any(map(str.isdecimal, name)):
        return kept(text, "name_has_digits")
    return None


def _person(text: str, name: str, reason: str, part: Part) -> Formatted:
    """Titles off, the order right, then capitals."""
    spill: dict[str, str] = {}
    before, _, behind = name.rpartition(" - ")
    if before and _is_title(behind):
        name, reason = before, "reason.name.title"
        spill["title"] = behind
    elif "," in name:
        turned = _comma(name, part)
        if turned is None:
            return kept(text, "name_comma")
        name, title, reason = turned
        if title:
            spill["title"] = title
    elif part is not Part.LAST:
        title, rest = _front_title(name)
        if title:
            name, reason = rest, "reason.name.title"
            spill["title"] = title
    if not _is_name(name):
        return kept(text, "name_odd_characters", Severity.NOTICE)
    cased = capitalised(name, part)
    if letters.mended(cased, guess=True)[0] != cased:
        # Small letters that only look like broken ones once they are capitals.
        return kept(text, "name_broken_letters")
    if cased != name:
        reason = reason or "reason.name.capitals"
    if cased == text:
        return Formatted(text)
    return Formatted(cased, reason or "reason.name.blanks", spill=spill)


def _comma(name: str, part: Part) -> tuple[str, str, str] | None:
    """(name, title, reason) of a cell with a comma; None when the comma says nothing certain."""
    left, _, right = (side.strip() for side in name.partition(","))
    if not left or not right or "," in right:
        return None
    if _is_title(right):
        return left, right, "reason.name.title"
    if part is not Part.WHOLE:
        return None
    surname = left.lower().split()[-1]
    known = surname in tables.words("surnames") or surname.endswith(("sen", "gaard", "gård"))
    first = right.lower().split()[0].split("-")[0]
    if known and first in tables.words("first_names") and _is_name(right):
        return f"{right} {left}", "", "reason.name.turned"
    return None


def _is_name(text: str) -> bool:
    """Whether `text` begins with a letter and holds nothing but letters and the signs of names."""
    return text[:1].isalpha() and all(char.isalpha() or char in " .'’´`-" for char in text)


def _is_title(text: str) -> bool:
    folded = text.lower()
    titles = tables.pairs("name_titles")
    return folded in titles or folded.rstrip(".") in titles or f"{folded}." in titles


@lru_cache(maxsize=1)
def _front_titles() -> frozenset[str]:
    return frozenset(
        title for title, place in tables.pairs("name_titles").items() if place != "behind"
    )


def _front_title(name: str) -> tuple[str, str]:
    """(title, rest) of a name with one or more titles before it; an empty title when there is none.

    The rest must be a name: at least one word, and no word that is a known title.
    """
    words = name.split(" ")
    taken = 0
    while taken < len(words) - 1:
        for size in (3, 2, 1):
            if " ".join(
                words[taken : taken + size]
            ).lower() in _front_titles() and taken + size < len(words):
                taken += size
                break
        else:
            break
    rest = " ".join(words[taken:])
    return (" ".join(words[:taken]), rest) if taken else ("", name)


@lru_cache(maxsize=4096)
def unsettled_first(text: str) -> Formatted:
    """`first_name` without its quick look and with a bounded memory: first names repeat."""
    return unsettled(text, Part.FIRST)


@lru_cache(maxsize=4096)
def unsettled_last(text: str) -> Formatted:
    """`last_name` without its quick look and with a bounded memory: surnames repeat."""
    return unsettled(text, Part.LAST)
