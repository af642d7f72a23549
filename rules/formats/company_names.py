"""Names of companies: blanks, Unicode, broken letters, the spelling of the company form.

Capitals stay: the register writes many names in capitals alone, and many are chosen so. Not the
form and status themselves: those are read from the name by `forms`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rules import tables
from rules.changes import Severity
from rules.formats import letters
from rules.formats.cells import LONGEST, Guess, guessed, kept, nothing, quoted, spaced
from rules.formats.formatted import Formatted, Issue

VERSION = 2

_FORMS = tables.pairs("legal_forms")
_FORM = re.compile(
    r"(?<![\w/])[A-Za-z]\s*/\s*[Ss](?![\w/])\.?$|(?<![\w/])[A-Za-z]\s*/\s*[Ss](?![\w/])"
)
_LAST_WORD = re.compile(
    r"(?P<before>.*\S)(?P<gap>\s+)(?P<form>[A-Za-z](?:[A-Za-z]{2}|(?:\.\s?[A-Za-z]){3})\.?)"
    r"(?P<after>(?:\s+(?:under|i)\s[^,]{1,40})?)",
    re.IGNORECASE,
)
_SOLE_TRADER = re.compile(r"(?:^|\s)(?:[vV]\s?/|v\.)\s?(?=\S)")
_COMPANY = re.compile(r"[A-Za-zÆØÅæøå0-9][A-Za-zÆØÅæøåÖÜÄöüäé0-9&'., -]*")
_RIGHT_FORMS = frozenset({"A/S", "ApS", "I/S", "P/S", "K/S", "IVS"})
_PLAIN = re.compile("[^.,]+")


def settled(text: str) -> bool:
    """A quick look: True only when `company_name` would leave the cell alone and say nothing."""
    head, _, last = text.rpartition(" ")
    right = last in _RIGHT_FORMS
    if _COMPANY.fullmatch(head if right else text) is None or not (right or _PLAIN.fullmatch(last)):
        return False
    if "  " in text or "v." in text or " under " in text or " i " in text or len(text) > LONGEST:
        return False
    if right:
        return head[-1] != " "
    if last.lower() in _telling_ends():
        # Written in capitals throughout, it may be the register's own way.
        return text[-4:] == " APS" and text.isupper()
    return text.lower() not in _no_company()


def usual(text: str) -> Guess | None:
    """A guess at the spelling and its reason; sure once it is `settled`. None: no guess."""
    if len(text) > LONGEST:
        return None
    name = " ".join(text.split())
    head, _, last = name.rpartition(" ")
    form = _FORMS.get(last.lower())
    if form and form != last and head and not name.isupper():
        return f"{head} {form}", "reason.company.form"
    return name, "reason.name.blanks"


@lru_cache(maxsize=1)
def _no_company() -> frozenset[str]:
    return tables.words("not_companies") | tables.words("placeholders") | {"nan"}


@lru_cache(maxsize=1)
def _telling_ends() -> frozenset[str]:
    """Last words that make a company's name worth a second look: forms, and how it went."""
    tails = tables.words("company_tails")
    return tables.words("legal_forms") | {tail.rpartition(" ")[2] for tail in tails}


def company_name(text: str) -> Formatted:
    """A company's name with its blanks, broken letters and the spelling of its form put right.

    Capitals stay (`idverde A/S`, `KØLEGRUPPEN A/S`); a form is spelled anew only where the letters
    mean nothing else, and never in a name written in capitals throughout, which may be the
    register's own. Status words and `v/` owners stay in the name and are noted. Total, idempotent.
    """
    if settled(text):
        return Formatted(text)
    return guessed(usual(text), settled) or unsettled(text)


def unsettled(text: str) -> Formatted:
    """`company_name` without its quick look, for who has looked already."""
    return nothing(text) or _read_company(text)


def _read_company(text: str) -> Formatted:
    name, reason = letters.mended(spaced(unicodedata.normalize("NFC", text)), guess=False)
    if name.lower() in tables.words("not_companies"):
        return kept(text, "placeholder")
    right = _forms(name)
    if right != name:
        reason = reason or "reason.company.form"
    if right == text:
        return Formatted(text, issues=_company_issues(right))
    return Formatted(right, reason or "reason.name.blanks", issues=_company_issues(right))


def _forms(name: str) -> str:
    """`name` with its company form as the register writes it."""
    if "/" in name:
        name = _FORM.sub(lambda found: _slashed(found[0]), name)
    last = _LAST_WORD.fullmatch(name)
    if last and not name.isupper():
        seen = last["form"].lower().rstrip(".").replace(" ", "")
        if seen in _FORMS:
            name = f"{last['before']}{last['gap']}{_FORMS[seen]}{last['after']}"
    return name


def _slashed(seen: str) -> str:
    return _FORMS.get(re.sub(r"[\s.]", "", seen).lower(), seen)


def _company_issues(name: str) -> tuple[Issue, ...]:
    """What a company's name says beside the name."""
    folded = name.lower()
    issues: list[Issue] = []
    ends = folded.rpartition(" ")[2].strip("()") in _telling_ends()
    for tail, status in tables.pairs("company_tails").items() if ends else ():
        if folded.endswith((" " + tail, f"({tail})")):
            details = {"text": quoted(name), "status": status}
            issues.append(Issue("company_status_in_name", Severity.WARNING, details))
            break
    if _SOLE_TRADER.search(name):
        issues.append(Issue("company_sole_trader", Severity.NOTICE, {"text": quoted(name)}))
    return tuple(issues)
