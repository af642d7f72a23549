"""Notes: what people write there that belongs elsewhere, or nowhere (R66, R75).

A consent in a note is proposed for a person to confirm, a no must be recorded at once, and private
matters (GDPR art. 9) should not stand there at all. A finding says what was met, never the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Final

from rules import tables
from rules.catalogue import Catalogue, Role
from rules.changes import Finding, Severity
from rules.checks.desk import Check, Desk
from rules.opt_out_fields import CONSENTS
from rules.opt_out_words import ConsentMeaning, consent_meaning
from rules.records import Kind, Value
from rules.suppression import Channel

TABLE: Final = "note_phrases"
PROPOSED: Final = "note_holds_consent"
_WORD: Final = re.compile(r"[a-z0-9æøå]+|·")
"""A word, or what `kept` puts between phrases, so that two of them never make a third."""
_NEGATIONS: Final = frozenset(
    {"ikke", "aldrig", "ingen", "uden", "hverken", "not", "no", "never", "without", "didn", "t"}
)
_BEFORE: Final = 3
"""So many words before a consent may deny it: `har endnu ikke givet samtykke`."""

_CHANNELS: Final = {
    "consent_call": re.compile(r" (?:ring|opkald|telefon|tlf|call|phone)"),
    "consent_email": re.compile(r" (?:mail|e mail|email|nyhedsbrev|newsletter)"),
    "consent_sms": re.compile(r" (?:sms|tekstbesked|text message)"),
}
_LONGEST: Final = 20_000
"""Letters of a note that are read: beyond that it is a document."""


class _Phrase:
    """One row of the table: words in a row, the last of them perhaps a beginning only."""

    __slots__ = ("about", "first", "found")

    def __init__(self, phrase: str, about: str) -> None:
        open_end = phrase.endswith("*")
        words = phrase.rstrip("*").split()
        self.about = about
        self.first = words[0] if len(words) > 1 or not open_end else f"{words[0]}*"
        pattern = re.escape(f" {' '.join(words)}") + ("" if open_end else "(?= )")
        self.found = re.compile(pattern).finditer


@cache
def _phrases() -> tuple[_Phrase, ...]:
    return tuple(_Phrase(row["phrase"], row["about"]) for row in tables.rows(TABLE))


@cache
def _firsts() -> tuple[frozenset[str], re.Pattern[str]]:
    """First words of the phrases, and a pattern for those of which only the beginning is given."""
    firsts = {phrase.first for phrase in _phrases()}
    whole = frozenset(first for first in firsts if not first.endswith("*"))
    stems = sorted(first.rstrip("*") for first in firsts - whole)
    return whole, re.compile(f" (?:{'|'.join(map(re.escape, stems))})")


@lru_cache(maxsize=4096)
def met(text: str) -> tuple[str, ...]:
    """What a note holds: `consent`, `opt_out`, `health`, ... each once, in the table's order; total.

    A consent that is denied in the words before it is none.
    """
    words = _WORD.findall(text[:_LONGEST].casefold())
    whole, stems = _firsts()
    line = f" {' '.join(words)} "
    if whole.isdisjoint(words) and not stems.search(line):
        return ()
    about = (
        one.about
        for one in _phrases()
        if any(_stands(one, line, at.start()) for at in one.found(line))
    )
    return tuple(dict.fromkeys(about))


def _stands(phrase: _Phrase, line: str, at: int) -> bool:
    if phrase.about != "consent":
        return True
    return _NEGATIONS.isdisjoint(line[:at].split()[-_BEFORE:])


def kept(text: str) -> str | None:
    """What of a note is worth keeping: the words for which `met` and `channels` give what they give
    for all of it, and no other; None when it says nothing of the kind. Total.

    So that a note which is read in a system need not be stored: what people write about people
    there stays there.
    """
    words = _WORD.findall(text[:_LONGEST].casefold())
    if not met(text):
        return None
    line = f" {' '.join(words)} "
    found = [
        (one.about, at.group().strip())
        for one in _phrases()
        for at in one.found(line)
        if _stands(one, line, at.start())
    ]
    consents = [phrase for about, phrase in found if about == "consent"]
    named = [at.group().strip() for one in _CHANNELS.values() if (at := one.search(line))]
    # Consents first: a no before one would deny it.
    others = [phrase for about, phrase in found if about != "consent"]
    told = [*named, *consents, *others] if consents else others
    return " · ".join(dict.fromkeys(told))


def channels(text: str) -> tuple[str, ...]:
    """The consent fields that a note's words point to; all of them when it names no channel."""
    line = f" {' '.join(_WORD.findall(text[:_LONGEST].casefold()))} "
    named = tuple(name for name, found in _CHANNELS.items() if found.search(line))
    return named or tuple(_CHANNELS)


def fields_of(kind: Kind, catalogue: Catalogue) -> tuple[str, ...]:
    """The fields of such records in which people write what they like."""
    return tuple(row.name for row in catalogue.for_kind(kind) if row.role is Role.FREE_TEXT)


def notes(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Check | None:
    """Each free-text field of the record."""
    fields = tuple(name for name in fields_of(kind, catalogue) if name in mapped)
    if not fields or kind is Kind.OPT_OUT:
        return None

    def check(desk: Desk) -> None:
        for name in fields:
            text = desk.values.get(name)
            if text and isinstance(text, str) and (found := met(text)):
                _tell(desk, name, text, found)

    return check


def _tell(desk: Desk, name: str, text: str, found: tuple[str, ...]) -> None:
    private = [about for about in found if about not in {"consent", "opt_out"}]
    if "opt_out" in found:
        if not desk.refuses():
            desk.note("note_holds_opt_out", Severity.ERROR, name)
    elif "consent" in found:
        open_ones = [one for one in channels(text) if not _is_given(desk, one)]
        if open_ones:
            desk.note("note_holds_consent", Severity.NOTICE, name, fields=", ".join(open_ones))
    if private:
        desk.note("note_private", Severity.WARNING, name, about=", ".join(private))


def _is_given(desk: Desk, name: str) -> bool:
    return _says_yes(desk.values, name)


def _says_yes(values: Mapping[str, Value], name: str) -> bool:
    said = values.get(name)
    return isinstance(said, str) and consent_meaning(said.strip()) is ConsentMeaning.YES


# --- what became of a proposal ---------------------------------------------------------------


def marked(text: str) -> str:
    """By what a note is known to somebody who answered it: what it says, as far as that is read.

    Tells nothing of the text. Who writes more of the kind into the note has a new one.
    """
    return blake2b((kept(text) or "").encode(), digest_size=8).hexdigest()


def proposed(
    values: Mapping[str, Value], name: str, answered: Mapping[str, str | None]
) -> tuple[Channel, ...]:
    """The channels for which the note in this field proposes a consent that nobody has answered.

    `answered` is consent field -> by what the note was known that was answered. A no in the same
    note wins: then nothing is proposed.
    """
    text = values.get(name)
    if not text or not isinstance(text, str):
        return ()
    found = met(text)
    if "consent" not in found or "opt_out" in found:
        return ()
    mark = marked(text)
    open_ones = (
        one for one in channels(text) if not _says_yes(values, one) and answered.get(one) != mark
    )
    return tuple(CONSENTS[one] for one in open_ones)


def unanswered(
    found: Iterable[Finding], values: Mapping[str, Value], answered: Mapping[str, str | None]
) -> tuple[Finding, ...]:
    """The findings without proposals that a person has answered."""
    left = []
    for one in found:
        if one.code != PROPOSED or one.field is None:
            left.append(one)
        elif open_ones := proposed(values, one.field, answered):
            fields = ", ".join(f"consent_{channel}" for channel in open_ones)
            left.append(one._replace(details={**one.details, "fields": fields}))
    return tuple(left)
