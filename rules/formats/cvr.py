"""CVR numbers: eight digits, the last of which makes modulus 11 come out.

Not a look-up: a number that passes may belong to nobody. About 9 % of all phone numbers pass, and
two CVR numbers in three could be phone numbers, so passing proves nothing, and a failure is a
warning, never a reason to erase.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rules.changes import Severity
from rules.formats import phone
from rules.formats.cells import Guess, guessed, kept, nothing, spelled, trimmed, unshielded
from rules.formats.check_digits import passes
from rules.formats.formatted import Formatted, Issue
from rules.formats.phone_number import PLACEHOLDERS, PLAN

VERSION = 1

_NUMBER = re.compile(
    r"(?P<word>(?:cvr|vat|moms|s\.?e|org)?[-\s.]*(?:nummer|number|nr|no|reg)?[\s.:#-]*)"
    r"(?P<dk>\(?dk\)?[-\s.:]*)?"
    r"(?P<digits>\d(?:[ .\u00a0-]?\d){7})(?P<float>[.,]0{1,2})?",
    re.IGNORECASE | re.ASCII,
)
_NO_NUMBER = re.compile(r"(?:dk|cvr|cvr[-. ]*nr|vat|moms|[-.: ])+", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"(\d)[.,](\d+)e\+?0?(\d)", re.IGNORECASE | re.ASCII)
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?e\+?\d+", re.IGNORECASE | re.ASCII)
_ACCOUNT = re.compile(r"dk(?:\s*\d){16}", re.IGNORECASE | re.ASCII)
_FOREIGN = re.compile(
    r"(?:se|no|de|gb|nl|fi|pl|be|fr|it|es|at|ie|is|fo|gl|eu|lu|ee|lv|lt|cz|che?)[-\s.]*\d[\d .-]{5,14}"
    r"(?:\s*mva)?|\d{3}[ .]?\d{3}[ .]?\d{3}\s*mva",
    re.IGNORECASE | re.ASCII,
)
_USUAL = re.compile(r"(?:DK|CVR)?[-: ]{0,2}(\d\d ?\d\d ?\d\d ?\d\d)", re.ASCII)
_NOT_DIGIT = re.compile(r"\D", re.ASCII)


settled = passes
"""A quick look: True only when `cvr(text)` would leave the cell alone and say nothing."""


def usual(text: str) -> Guess | None:
    """A guess at the spelling and its reason; sure once it is `settled`. None: no guess."""
    found = _USUAL.fullmatch(text)
    return (found[1].replace(" ", ""), "reason.cvr.digits") if found else None


def cvr(text: str) -> Formatted:
    """A CVR number as eight digits.

    `DK 12 34 56 78`, `CVR-nr. 12345678` and `12345678.0` become the digits. A number that fails
    modulus 11 is only spelled anew when the cell itself says that it is a CVR number; without that
    word it may be a phone number, and stays. Total, idempotent. (denmark: CVR-loven; VAT number =
    DK + CVR number.)
    """
    if settled(text):
        return Formatted(text)
    return guessed(usual(text), settled) or unsettled(text)


@lru_cache(maxsize=1024)
def unsettled(text: str) -> Formatted:
    """`cvr` without its quick look, for who has looked already, and with a bounded memory."""
    return nothing(text) or _read(text)


def _read(text: str) -> Formatted:
    bare = unshielded(trimmed(text))
    found = _NUMBER.fullmatch(bare)
    if _NO_NUMBER.fullmatch(bare):
        return kept(text, "placeholder")
    if found is None:
        return _other(text, bare)
    digits = _NOT_DIGIT.sub("", found["digits"])
    if digits in PLACEHOLDERS:
        return kept(text, "placeholder_number")
    if re.match(r"s\.?e", found["word"], re.IGNORECASE):
        return kept(text, "cvr_is_se_number")
    return _eight(text, digits, said=bool(found["word"].strip(" .:#-") or found["dk"]))


def _eight(text: str, digits: str, *, said: bool) -> Formatted:
    """The verdict on eight digits; `said`: the cell calls them a CVR number."""
    if passes(digits):
        return spelled(digits, "" if digits == text else "reason.cvr.digits")
    if digits[0] == "0":
        return kept(text, "cvr_invalid")
    if not said:
        code = "cvr_looks_like_phone" if digits[:3] in PLAN else "cvr_checksum"
        return kept(text, code)
    issue = Issue("cvr_checksum", Severity.WARNING, {"text": digits})
    return Formatted(digits, "reason.cvr.digits", issues=(issue,))


def _other(text: str, bare: str) -> Formatted:
    """The verdict on a cell that is not eight digits with or without a word before them."""
    exact = _SCIENTIFIC.fullmatch(bare)
    if exact and int(exact[3]) == 7 == len(exact[2]):
        return _eight(text, exact[1] + exact[2], said=False)
    if _ROUNDED.fullmatch(bare):
        return kept(text, "number_rounded")
    if _ACCOUNT.fullmatch(bare):
        return Formatted(text, issues=(Issue("cvr_is_account", Severity.WARNING),))
    if _FOREIGN.fullmatch(bare):
        return kept(text, "cvr_foreign", Severity.NOTICE)
    digits = re.sub(r"[ .-]", "", bare)
    if digits.isascii() and digits.isdecimal():
        if len(digits) == 10 and digits[0] == "1":
            return kept(text, "cvr_is_p_number")
        if len(digits) == 13 and digits.startswith("579"):
            return kept(text, "cvr_is_gln")
    reading = phone.phone(bare)
    if (reading.value or "").startswith("+") and "other_phone" not in reading.spill:
        return kept(text, "cvr_looks_like_phone")
    return kept(text, "cvr_invalid")
