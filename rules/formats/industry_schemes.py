"""What an industry code means: DB07 or DB25, its label, and what became of it.

Danish Industry Code 2025 took the place of 2007 in the register on 1 January 2025. More than five
hundred codes stand in both, and two hundred of them mean something else in each, so that a bare code
does not tell which it is. What tells, the strongest first: the record's own field for the system, that
the code exists in one of them only, the official label beside it, the header of its column, a date
before 2025, the settings.
Codes are `dd.dd.dd`, labels Danish as Statistics Denmark writes them. (requirement R4, R35)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final

from rules import tables
from rules.changes import Severity
from rules.formats.cells import quoted, spelled
from rules.formats.formatted import Formatted, Issue

VERSION = 1
NOTHING = Formatted(None)
_LISTED = 5
"""How many candidates a finding names; the rest are counted."""


class Scheme(StrEnum):
    """The two systems, named as the catalogue's field `industry_scheme` has them."""

    DB07 = "DB07"
    DB25 = "DB25"


_NAMED = re.compile(r"(?<!\d)(?:20)?(07|25)(?!\d)")
_CODE_FIRST = re.compile(r"(\d\d)\.?(\d\d)\.?(\d\d)[\s:,–-]+(?=\D)(.+)", re.DOTALL)


@lru_cache(maxsize=256)
def named(text: str) -> Scheme | None:
    """The system that a text names (`DB07`, `db07 v3`, `Dansk Branchekode 2025`); None: neither."""
    found = set(_NAMED.findall(text)) if text else None
    return Scheme(f"DB{found.pop()}") if found and len(found) == 1 else None


@cache
def labels(scheme: Scheme) -> Mapping[str, str]:
    """All codes of a system with their Danish labels, retired ones too."""
    return tables.pairs(scheme.lower())


@lru_cache(maxsize=8192)
def folded(label: str) -> str:
    """A label for comparing: letters and digits only, in lower case."""
    return "".join(filter(str.isalnum, label.casefold()))


@cache
def _by_label() -> Mapping[str, frozenset[tuple[Scheme, str]]]:
    found: dict[str, set[tuple[Scheme, str]]] = {}
    for scheme in Scheme:
        for code, label in labels(scheme).items():
            found.setdefault(folded(label), set()).add((scheme, code))
    return {label: frozenset(there) for label, there in found.items()}


def said_by(label: str) -> frozenset[tuple[Scheme, str]]:
    """The systems and codes of which this is the official label; none for people's own words."""
    return _by_label().get(folded(label), frozenset()) if label else frozenset()


def split(label: str) -> tuple[str, str]:
    """(code, label) of a label that begins with a code, as registers print it; else ("", label)."""
    found = _CODE_FIRST.match(label.strip()) if label[:1].isdigit() else None
    return (".".join(found.group(1, 2, 3)), found[4]) if found else ("", label)


def same_meaning(code: str) -> bool:
    """Whether a code that stands in both systems has one label in both."""
    return folded(labels(Scheme.DB07)[code]) == folded(labels(Scheme.DB25)[code])


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of all codes of a list: in the header of their column, and in the settings."""

    header: Scheme | None = None
    settings: Scheme | None = None


NOT_TOLD: Final = Told()


def scheme_of(
    code: str, said: str = "", label: str = "", checked: str = "", told: Told = NOT_TOLD
) -> tuple[Scheme, str] | None:
    """The system that a code belongs to, and what tells so: code, said, label, header, date or
    settings.

    `said` is the record's field for it, `label` what stands beside the code, `checked` the ISO date
    of the last check of the data. None: no such code, or nothing tells.
    """
    old, new = code in labels(Scheme.DB07), code in labels(Scheme.DB25)
    if not (old and new):
        return ((Scheme.DB07 if old else Scheme.DB25), "code") if old or new else None
    own = named(said)
    if own:
        return own, "said"
    official = {scheme for scheme, there in said_by(split(label)[1]) if there == code}
    if len(official) == 1:
        return official.pop(), "label"
    if told.header:
        return told.header, "header"
    if checked[:4].isdecimal() and checked[4:5] == "-" and checked[:4] < "2025":
        return Scheme.DB07, "date"
    return (told.settings, "settings") if told.settings else None


# --- fields that follow from the code ---------------------------------------------------------------


def code_of_label(label: str, said: str) -> Formatted:
    """The code beside a label that names it (`620100 Computer…`) or is one code's official label."""
    code, _ = split(label)
    if code:
        known = any(code in labels(scheme) for scheme in Scheme)
        return spelled(code, "reason.industry.code_in_label") if known else NOTHING
    wanted = named(said)
    codes = {code for scheme, code in said_by(label) if wanted in {None, scheme}}
    return spelled(codes.pop(), "reason.industry.code_of_label") if len(codes) == 1 else NOTHING


_TOLD_BY = {
    "code": "reason.industry.scheme_by_code",
    "label": "reason.industry.scheme_by_label",
    "header": "reason.industry.scheme_by_header",
    "date": "reason.industry.scheme_by_date",
    "settings": "reason.industry.scheme_by_settings",
}


def scheme_of_code(code: str, label: str, checked: str, told: Told = NOT_TOLD) -> Formatted:
    """The system that belongs beside a code."""
    found = scheme_of(code, "", label, checked, told)
    return spelled(found[0].value, _TOLD_BY[found[1]]) if found else NOTHING


def check_scheme(stands: str, code: str, *_: str, **_told: Told) -> tuple[Issue, ...]:
    """Whether the code exists in the system that the record names."""
    own = named(stands)
    other = scheme_of(code)
    if own is None or other is None or own is other[0]:
        return ()
    details = {"text": quoted(stands), "code": code, "scheme": other[0].value}
    return (Issue("industry_scheme_wrong", Severity.WARNING, details),)


def check_meaning(
    stands: str, _: str, said: str, label: str, checked: str, told: Told = NOT_TOLD
) -> tuple[Issue, ...]:
    """Whether anything tells what a code means that means two things, or a header says the wrong one."""
    old, new = labels(Scheme.DB07).get(stands), labels(Scheme.DB25).get(stands)
    if told.header and not named(said) and (old or new):
        other = scheme_of(stands)
        if other and other[0] is not told.header:
            details = {"text": told.header.value, "code": stands, "scheme": other[0].value}
            return (Issue("industry_scheme_wrong", Severity.WARNING, details),)
    if not (old and new) or scheme_of(stands, said, label, checked, told) or same_meaning(stands):
        return ()
    details = {"text": stands, "old": quoted(old), "new": quoted(new)}
    return (Issue("industry_scheme_unknown", Severity.NOTICE, details),)


def label_of_code(code: str, said: str, checked: str, told: Told = NOT_TOLD) -> Formatted:
    """The Danish label of a code whose meaning is certain."""
    found = scheme_of(code, said, "", checked, told)
    if found:
        return spelled(labels(found[0])[code], "reason.industry.label")
    if code in labels(Scheme.DB07) and same_meaning(code):
        return spelled(labels(Scheme.DB25)[code], "reason.industry.label")
    return NOTHING


def check_label(
    stands: str, code: str, said: str, checked: str, told: Told = NOT_TOLD
) -> tuple[Issue, ...]:
    """Whether an official label is that of the code. People's own words are not judged."""
    old, new = labels(Scheme.DB07).get(code), labels(Scheme.DB25).get(code)
    if stands in (old, new) and (old is None or new is None or old == new):
        return ()
    other, text = split(stands)
    official = said_by(text)
    if not official and not other:
        return ()
    if old is None and new is None:
        return ()
    found = scheme_of(code, said, stands, checked, told)
    schemes = (found[0],) if found else tuple(Scheme)
    right = {folded(labels(scheme)[code]) for scheme in schemes}
    if other in {"", code} and (not official or folded(text) in right):
        return ()
    expected = quoted(labels(schemes[0])[code])
    details = {"text": quoted(stands), "code": code, "label": expected}
    return (Issue("industry_label_wrong", Severity.WARNING, details),)


def successor(
    code: str,
    said: str,
    label: str,
    checked: str,
    told: Told = NOT_TOLD,
    *,
    fill_only: bool = False,
) -> Formatted:
    """The DB25 code beside a code (R35): itself where it is one; else the candidates, as a finding.

    A single candidate is filled when `fill_only` says so. The candidates are derived from Eurostat's
    classes and are not Statistics Denmark's key; the register's own code is better than any of them.
    """
    found = scheme_of(code, said, label, checked, told)
    if found is None:
        return NOTHING
    if found[0] is Scheme.DB25:
        return spelled(code, "reason.industry.is_db25")
    row = _successors().get(code)
    if row is None:
        return NOTHING
    sure, candidates = row
    if sure == "only" and fill_only:
        return spelled(candidates[0], "reason.industry.only_successor")
    return Formatted(None, issues=(_candidates(code, sure, candidates),))


def _candidates(code: str, sure: str, candidates: tuple[str, ...]) -> Issue:
    new = labels(Scheme.DB25)
    if sure in {"only", "label"}:
        said = f"{candidates[0]} {new[candidates[0]]}"
        details = {"text": code, "suggestion": quoted(said)}
        if sure == "only":
            return Issue("industry_successor_only", Severity.NOTICE, details)
        return Issue("industry_successor_label", Severity.NOTICE, details)
    more = "" if len(candidates) <= _LISTED else " …"
    details = {
        "text": code,
        "count": str(len(candidates)),
        "suggestion": ", ".join(candidates[:_LISTED]) + more,
    }
    return Issue("industry_successors", Severity.NOTICE, details)


@cache
def _successors() -> Mapping[str, tuple[str, tuple[str, ...]]]:
    return {
        row["db07"]: (row["sure"], tuple(row["db25"].split(" ")))
        for row in tables.rows("db07_to_db25")
    }
