"""Industry codes as people, spreadsheets and registers write them, to `dd.dd.dd`.

A cell by itself: dots, blanks, a lost first zero, a name of the system in front, the label behind.
What the code means is a matter of the whole record (`industry_schemes`). A group (`6201`, `62`) is
no code and is never completed; a code that does not exist stays as it stands.
"""

from __future__ import annotations

import re
from functools import cache

from rules import tables
from rules.changes import Severity
from rules.formats.cells import kept, nothing, quoted, spaced, unshielded
from rules.formats.formatted import Formatted, Issue
from rules.formats.industry_schemes import Scheme, labels, named, said_by, same_meaning, scheme_of

VERSION = 1

_SYSTEM = r"db ?-?(?:20)?\d\d(?: v\d)?|dansk branchekode (?:20)?\d\d|nace(?: rev\.? ?2(?:\.1)?)?"
_PREFIX = rf"(?:(?P<said>{_SYSTEM}|(?:hoved)?branche(?:kode)?(?:nr)?|kode)[\s:.,-]*)?"
_CODE = r"(?P<code>\d{1,2}[. ]?\d\d[. ]?\d\d|\d{3}\.\d{3})(?:[.,]0)?"
_GAP = r"[\s:;,.–—|/(\[-]+"
_CODE_FIRST = re.compile(
    rf"{_PREFIX}{_CODE}(?:{_GAP}(?P<label>[^\W\d_].*?)[)\]]?)?\.?", re.IGNORECASE
)
_LABEL_FIRST = re.compile(rf"(?P<label>[^\W\d_][^\d]*?){_GAP}{_CODE}[)\]]?\.?")
_GROUP = re.compile(
    rf"(?:(?:{_SYSTEM})[\s:.,-]+)?(?:[A-V][ .-]?)?(\d{{1,2}}(?:\.?\d{{1,2}})?)\.?", re.IGNORECASE
)
_FULL = re.compile(r"(?<!\d)\d\d\.?\d\d\.?\d\d(?!\d)")


@cache
def _known(scheme: Scheme | None) -> frozenset[str]:
    """The codes that exist in a system, or in either."""
    if scheme is not None:
        return frozenset(labels(scheme))
    return frozenset(labels(Scheme.DB07)) | frozenset(labels(Scheme.DB25))


@cache
def _plain() -> frozenset[str]:
    """Codes of either system of which there is nothing to say."""
    return _known(None) - _retired().keys() - {_NOT_STATED}


@cache
def _retired() -> dict[str, str]:
    """DB07's retired codes that DB25 has not taken up again, with their last day."""
    return {
        row["code"]: row["until"]
        for row in tables.rows("db07")
        if row["until"] and row["code"] not in labels(Scheme.DB25)
    }


_NOT_STATED = "99.99.99"


def settled(text: str) -> bool:
    """A quick look: True only when `code(text)` would leave the cell alone and say nothing."""
    return text in _plain()


def settled_db25(text: str) -> bool:
    """The same for `code_db25`."""
    return text in _known(Scheme.DB25)


def code(text: str) -> Formatted:
    """A DB07 or DB25 code as `dd.dd.dd` (R35).

    Spill: `industry_label` where the cell held words that its code does not bring back, or
    `industry_scheme` where it named the system of a code that means two things. Total, idempotent.
    """
    return Formatted(text) if settled(text) else unsettled(text)


def unsettled(text: str) -> Formatted:
    """`code` without its quick look, for who has looked already."""
    return _unsettled(text, None)


def code_db25(text: str) -> Formatted:
    """The same where only DB25 is right: a code that DB07 alone has is reported."""
    return Formatted(text) if settled_db25(text) else unsettled_db25(text)


def unsettled_db25(text: str) -> Formatted:
    """`code_db25` without its quick look, for who has looked already."""
    return _unsettled(text, Scheme.DB25)


def _unsettled(text: str, scheme: Scheme | None) -> Formatted:
    empty = nothing(text)
    if empty is not None:
        return empty
    bare = spaced(unshielded(spaced(text)))
    if len(_FULL.findall(bare)) > 1:
        return kept(text, "industry_codes_several")
    group = _GROUP.fullmatch(bare)
    if group:
        return _within(text, group[1].replace(".", ""), scheme)
    found = _CODE_FIRST.fullmatch(bare) or _LABEL_FIRST.fullmatch(bare)
    if found is None:
        return kept(text, "industry_code_invalid")
    digits = re.sub(r"\D", "", found["code"])
    value = ".".join(re.findall("..", digits.zfill(6)))
    if value == _NOT_STATED:
        return kept(text, "industry_not_stated", Severity.NOTICE)
    if value not in _known(scheme):
        if scheme is not None and value in _known(None):
            return kept(text, "industry_code_old")
        return kept(text, "industry_code_unknown")
    words = found.groupdict(default="")
    return _read(text, value, words.get("said", ""), words["label"], zero=len(digits) < 6)


def _read(text: str, value: str, said: str, label: str, *, zero: bool) -> Formatted:
    issues: tuple[Issue, ...] = ()
    until = _retired().get(value)
    if until:
        details = {"text": value, "until": until}
        issues = (Issue("industry_code_retired", Severity.NOTICE, details),)
    scheme = named(said)
    if scheme and value not in labels(scheme):
        other = Scheme.DB07 if scheme is Scheme.DB25 else Scheme.DB25
        details = {"text": quoted(text), "code": value, "scheme": other.value}
        issue = Issue("industry_scheme_wrong", Severity.WARNING, details)
        return Formatted(text, issues=(issue,))
    spill = _spill(value, scheme, label)
    if len(spill) > 1:
        return kept(text, "industry_code_mixed")
    if value == text:
        return Formatted(text, issues=issues)
    reason = "reason.industry.zero" if zero else "reason.industry.spelling"
    reason = "reason.industry.label_out" if label else reason
    return Formatted(value, reason, issues=issues, spill=spill)


def _spill(value: str, scheme: Scheme | None, label: str) -> dict[str, str]:
    """What the code alone would not bring back: a system that it needs, words that are not its label."""
    double = scheme_of(value) is None and not same_meaning(value)
    official = value in {code for _, code in said_by(label)}
    spill = {}
    if double and not official and scheme:
        spill["industry_scheme"] = scheme.value
    if label and (double or not official):
        spill["industry_label"] = label
    return spill


def _within(text: str, begins: str, scheme: Scheme | None) -> Formatted:
    """A group of codes, with the codes that it holds."""
    within = sorted(one for one in _known(scheme) if one.replace(".", "").startswith(begins))
    if not within:
        return kept(text, "industry_code_unknown")
    listed = ", ".join(within[:4]) + (" …" if len(within) > 4 else "")
    return kept(text, "industry_code_within", suggestion=quoted(listed))
