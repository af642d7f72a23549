"""Job titles: a standard title where the cell is one, else function and level by its words (R37).

A cell that is a known spelling of a standard title becomes that title, in the language in which it
is written: `adm. dir.` is `Adm. direktør` and `Chief Executive Officer` is `CEO`. Nothing is
translated, because a title is what the person's colleagues call it, and because function and level
make the two comparable. Any other cell keeps its words; what they mean stands in
`rules.formats.title_words`. A word nobody knows is reported, never taken for the nearest one.

Not a judgement of who somebody is: no sex is read from a title, and titles that people chose
themselves (`Forkvinde`, `Forperson`) are standard titles of their own.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rules.changes import Severity
from rules.formats import letters
from rules.formats.cells import nothing, quoted, spaced, spelled, trimmed
from rules.formats.choices import Picklist
from rules.formats.formatted import Formatted, Issue
from rules.formats.title_words import GENERAL, Reading, read, standard, standard_names

VERSION = 1

settled = standard_names().__contains__
"""A quick look: True only when `title` would leave the cell alone and say nothing."""


def title(text: str) -> Formatted:
    """A job title: a standard title in its own language, or the words as they stand.

    Issues: `title_unknown`, `title_ambiguous`, `title_is_area`, `title_is_degree`, `title_former`;
    such a cell is not changed. Total, idempotent. (requirements R13, R37)
    """
    return Formatted(text) if settled(text) else unsettled(text)


@lru_cache(maxsize=16384)
def unsettled(text: str) -> Formatted:
    """`title` without its quick look, and with a bounded memory: titles repeat."""
    return nothing(text) or _title(text)


def _title(text: str) -> Formatted:
    words = _plain(text)
    if name := standard(words):
        return spelled(name, "" if name == text else "reason.title.standard")
    seen = read(words)
    if seen.issue:
        details = {"text": quoted(text), **seen.details}
        return Formatted(text, issues=(Issue(seen.issue, seen.severity, details),))
    return spelled(words, "" if words == text else "reason.title.blanks")


def _plain(text: str) -> str:
    """The cell with its blanks and broken letters put right.

    A line break is a blank where the lines make one title, and a slash where each is a title.
    """
    whole, _ = letters.mended(spaced(unicodedata.normalize("NFC", text)), guess=False)
    lines = [line for line in map(spaced, text.splitlines()) if line]
    if len(lines) < 2 or standard(whole) or not read(whole).issue:
        return whole
    several = " / ".join(lines)
    return whole if read(several).issue else several


@lru_cache(maxsize=16384)
def reading(text: str) -> Reading:
    """What a title says: functions, level, or the issue that keeps it from saying anything."""
    return read(_plain(text))


# --- function and level beside a title ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Function:
    """The function that a title names, as a value of its picklist."""

    values: Picklist

    def fill(self, text: str) -> Formatted:
        """The function of a title; None as value where it names none that the list has."""
        named = (self.values.label(name) for name in reading(text).functions)
        return _filled(next(filter(None, named), ""), "reason.title.function")

    def check(self, stands: str, text: str) -> tuple[Issue, ...]:
        """Whether what stands contradicts the title: another area than any that it names."""
        value = self.values.value(trimmed(stands))
        named = [name for name in reading(text).functions if name not in GENERAL]
        if not value or value in GENERAL or not named or value in named:
            return ()
        details = {
            "text": quoted(stands), "title": quoted(text), "suggestion": self.values.label(named[0])
        }  # fmt: skip
        return (Issue("function_contradicts_title", Severity.NOTICE, details),)


@dataclass(frozen=True, slots=True)
class Seniority:
    """The level that a title names, as a value of its picklist."""

    values: Picklist

    def fill(self, text: str) -> Formatted:
        """The level of a title; None as value where it names none that the list has."""
        return _filled(self.values.label(reading(text).seniority), "reason.title.seniority")


def _filled(label: str, reason: str) -> Formatted:
    return spelled(label, reason) if label else Formatted(None)
