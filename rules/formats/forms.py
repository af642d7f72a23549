"""Legal form and status, as far as a company's name tells them. (requirements R3, R11)

Only what the letters cannot mean otherwise: `A/S`, `ApS` at the end, `v/` with an owner, `under
konkurs`. A name without any of them says nothing. Names are spelled by `names`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Final

from rules import tables
from rules.changes import Severity
from rules.fields.choices import COMPANY_STATUS, LEGAL_FORM
from rules.fields.field import Choice
from rules.formats.cells import quoted, spaced, spelled
from rules.formats.formatted import Formatted, Issue

VERSION = 1

_SLASHED = re.compile(r"(?<![\w/])([aikp])\s?/\s?s(?![\w/])")
_OWNER = re.compile(r"(?:^|\s)(?:v\s?/|v\.)\s?(?=\S)")
_ENDS = re.compile(r"[\s.,()\"]+$")


@lru_cache(maxsize=4096)
def form_of(name: str) -> str:
    """The legal form that a company's name tells, as the catalogue has it; empty: none, or two."""
    folded = spaced(name).lower()
    tail = _tail(folded)
    folded = _ENDS.sub("", folded[: len(folded) - len(tail)] if tail else folded)
    last = _forms().get(re.sub(r"\s?/\s?", "/", folded).rpartition(" ")[2])
    if last:
        return last
    slashed = set(_SLASHED.findall(folded))
    if slashed:
        return f"{slashed.pop().upper()}/S" if len(slashed) == 1 else ""
    first = tables.words("form_words", place="first")
    for row in tables.rows("form_words"):
        if row["form"] != "none" and _holds(folded, row["word"], first=row["word"] in first):
            return row["form"]
    return "ENK" if _OWNER.search(folded) and not _is_other_than_owner(folded) else ""


def _is_other_than_owner(folded: str) -> bool:
    """Whether a name with `v/` is that of a company or an association, and somebody its contact."""
    people = tables.words("form_words", form="none")
    words = re.split(r"[\s,.]+", folded)
    return any(word in folded for word in people) or not _forms().keys().isdisjoint(words)


def _holds(folded: str, word: str, *, first: bool) -> bool:
    return folded.startswith(word + " ") if first else f" {word} " in f" {folded} "


@cache
def _forms() -> Mapping[str, str]:
    """How a name may end, to the form's value in the catalogue."""
    values = {choice.value.lower(): choice.value for choice in LEGAL_FORM}
    return {
        row["seen"].rstrip("."): values[row["form"].lower()]
        for row in tables.rows("legal_forms")
        if row["form"].lower() in values
    }


@lru_cache(maxsize=4096)
def status_of(name: str) -> str:
    """The status that stands behind a company's name, as the catalogue has it; empty: none."""
    tail = _tail(spaced(name).lower())
    return _statuses()[tail.strip(" ()")] if tail else ""


def _tail(folded: str) -> str:
    """The words of status behind a name in lower case, with what sets them apart."""
    last = folded.rpartition(" ")[2].strip("()")
    if last not in _last_words():
        return ""
    fitting = [tail for tail in _statuses() if folded.endswith((" " + tail, f"({tail})"))]
    longest = max(fitting, key=len, default="")
    if not longest:
        return ""
    return f"({longest})" if folded.endswith(")") else f" {longest}"


@cache
def _statuses() -> Mapping[str, str]:
    return {row["tail"]: row["choice"] for row in tables.rows("company_tails")}


@cache
def _last_words() -> frozenset[str]:
    return frozenset(tail.rpartition(" ")[2] for tail in _statuses())


def legal_form(name: str) -> Formatted:
    """The legal form that belongs beside a name."""
    found = form_of(name)
    return spelled(found, "reason.form.from_name") if found else Formatted(None)


def status(name: str) -> Formatted:
    """The status that belongs beside a name, as its list calls it."""
    found = status_of(name)
    label = next((choice.da for choice in COMPANY_STATUS if choice.value == found), "")
    return spelled(label, "reason.form.status_from_name") if label else Formatted(None)


def check_legal_form(stands: str, name: str) -> tuple[Issue, ...]:
    """Whether the field names the form that the name has."""
    own, said = _LEGAL_FORMS.get(_folded(stands)), form_of(name)
    if own is None or not said or own == said or {own, said} <= {"ENK", "PMV"}:
        return ()
    details = {"text": quoted(stands), "form": said, "name": quoted(name)}
    return (Issue("legal_form_differs", Severity.WARNING, details),)


def check_status(stands: str, name: str) -> tuple[Issue, ...]:
    """Whether the field calls a company active whose name says that it is closing or closed."""
    if _COMPANY_STATUSES.get(_folded(stands)) != "active" or not status_of(name):
        return ()
    details = {"text": quoted(stands), "name": quoted(name)}
    return (Issue("company_status_differs", Severity.WARNING, details),)


def _names(choices: Sequence[Choice]) -> dict[str, str]:
    return {
        one.lower().rstrip("."): choice.value
        for choice in choices
        for one in (choice.value, choice.da, choice.en, *choice.spellings, *choice.english)
    }


_LEGAL_FORMS: Final = _names(LEGAL_FORM)
_COMPANY_STATUSES: Final = _names(COMPANY_STATUS)


@lru_cache(maxsize=1024)
def _folded(text: str) -> str:
    return spaced(text).lower().rstrip(".")
