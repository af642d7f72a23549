"""E-mail addresses: trimmed, lower case, right by the grammar.

Not a check whether a mailbox exists. What looks like a typing error is proposed, never applied:
an address that is one letter off may be somebody else's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from rules import tables
from rules.changes import Severity
from rules.formats import web
from rules.formats.cells import LONGEST, Guess, guessed, kept, nothing, spaced, trimmed
from rules.formats.formatted import Formatted, Issue

VERSION = 2

_LONGEST = 254
_USUAL = re.compile(r"[a-z0-9_+'&-][a-z0-9_+'&.-]*@([a-z0-9][a-z0-9.-]*\.[a-z]{2,63})")
_SPECIAL_USE = (".arpa", ".onion")
"""Top levels of RFC 6761 that are public suffixes all the same."""
_LOCAL = re.compile(r"[a-z0-9_+'&-]+(?:\.[a-z0-9_+'&-]+)*")
_PLAIN_DOMAIN = re.compile(
    # No top level for special use (RFC 6761). Names with "--" (IDN and what may come) go elsewhere.
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)$)[a-z]{2,63}"
)
_DISPLAY = re.compile(r"(?P<name>[^<>@;,]*[^<>@;,\s])\s*<\s*(?P<address>[^<>\s]+@[^<>\s]+)\s*>")
_AT_IN_WORDS = re.compile(r"\s*[(\[{]\s*(?:at|a|snabel-?a)\s*[)\]}]\s*|\s+(?:snabel-?a|at)\s+")
_DOT_IN_WORDS = re.compile(
    r"\s*[(\[{]\s*(?:dot|punktum|prik)\s*[)\]}]\s*|\s+(?:dot|punktum|prik)\s+"
)
_AROUND_AT = re.compile(r"\s*@\s*")
_BETWEEN = re.compile(r"\s*[;,/|\s]\s*(?:(?:og|eller|or|and|&)\s+)?")
_POPULAR: Final = (
    "gmail.com", "hotmail.com", "outlook.com", "hotmail.dk", "outlook.dk", "icloud.com",
    "yahoo.com", "yahoo.dk", "jubii.dk", "webspeed.dk", "stofanet.dk",
)  # fmt: skip
_LONGEST_POPULAR: Final = max(map(len, _POPULAR)) + 1


def settled(text: str) -> bool:
    """A quick look: True only when `email(text)` would leave the cell alone and say nothing."""
    found = _USUAL.fullmatch(text)
    if found is None or ".." in text or ".@" in text:
        return False
    domain = found[1]
    size = len(domain)
    if len(text) - size > 65:
        return False
    if size > _LONGEST_POPULAR and web.is_plain_host(domain) and "--" not in domain:
        return (
            web.root_of_host(domain) is not None
            and not domain.endswith(_SPECIAL_USE)
            and not domain.startswith("www.")
        )
    return len(text) <= _LONGEST and _domain(domain) == (domain, "", "")


def usual(text: str) -> Guess | None:
    """A guess at the spelling and its reason; sure once it is `settled`. None: no guess."""
    if len(text) > LONGEST:
        return None
    address = text.strip().lower().removeprefix("mailto:").rstrip(";,.").replace(" @ ", "@")
    return address, "reason.email.spelling"


def email(text: str) -> Formatted:
    """An address in lower case, its domain in ASCII, without blanks, `mailto:`, `<…>` and tails.

    Spill: `full_name` from `Name <address>`. Two addresses, words for @ and everything that is
    not an address by the grammar (RFC 5322, no quoted local parts) stay as they stand. Total,
    idempotent.
    """
    if settled(text):
        return Formatted(text)
    return guessed(usual(text), settled) or unsettled(text)


@lru_cache(maxsize=1024)
def unsettled(text: str) -> Formatted:
    """`email` without its quick look, for who has looked already, and with a bounded memory."""
    return nothing(text) or _read(text)


def _read(text: str) -> Formatted:
    bare, name = _unwrapped(text)
    parts = [part for part in _BETWEEN.split(bare) if part] if bare.count("@") > 1 else [bare]
    if len(parts) > 1:
        if len({_valid(part)[0] for part in parts}) > 1 or not _valid(parts[0])[0]:
            return _several(text, parts)
        bare = parts[0]
    address, code, suggestion = _valid(bare)
    if not address:
        return _refused(text, bare)
    return _accepted(text, address, code, suggestion, name)


def is_address(text: str) -> bool:
    """Whether it is an address by the grammar, in its canonical spelling."""
    return _valid(text)[0] == text != ""


def is_role_mailbox(address: str) -> bool:
    """Whether a canonical address belongs to a function (`info@`), not to a person."""
    return address.partition("@")[0] in tables.words("role_mailboxes")


def _unwrapped(text: str) -> tuple[str, str]:
    """The cell in lower case without what surrounds an address, and a display name if there is."""
    bare, name = trimmed(text), ""
    display = _DISPLAY.fullmatch(bare)
    if display:
        name, bare = spaced(display["name"]).strip("\"' "), display["address"]
    bare = bare.lower()
    for _ in range(4):
        before = bare
        bare = bare.strip(' \t\r\n\u00a0;,<>"').removeprefix("mailto:").rstrip(".")
        if len(bare) > 2 and bare[0] == bare[-1] == "'":
            bare = bare[1:-1]
        if bare == before:
            break
    head, question, _ = bare.partition("?")
    if question and "@" in head and "mailto:" in text.lower():
        bare = head
    return (_AROUND_AT.sub("@", bare) if bare.count("@") == 1 else bare), name


@lru_cache(maxsize=512)
def _valid(bare: str) -> tuple[str, str, str]:
    """(address, issue code, suggestion); an empty address when it is none."""
    local, at, domain = bare.rpartition("@")
    if not at or not local or len(local) > 64 or len(bare) > _LONGEST:
        return "", "", ""
    ascii_form, code, meant = _domain(domain)
    if not ascii_form:
        return "", "", ""
    if not _LOCAL.fullmatch(local):
        local = _grammar(local)
        if not local:
            return "", "", ""
        code = code or ("" if local.isascii() else "email_not_ascii")
    return f"{local}@{ascii_form}", code, f"{local}@{meant}" if meant else ""


def _grammar(local: str) -> str:
    """A rare local part by the full grammar; empty when it is wrong."""
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(f"{local}@example.com", check_deliverability=False)
    except EmailNotValidError:
        return ""
    lowered = checked.local_part.lower()
    return lowered if lowered.lower() == lowered and "@" not in lowered else ""


@lru_cache(maxsize=4096)
def _domain(domain: str) -> tuple[str, str, str]:
    """(ASCII spelling, issue code, the domain that was probably meant) of a mail domain.

    The spelling is empty when there can be no such domain.
    """
    plain = "--" not in domain and _PLAIN_DOMAIN.fullmatch(domain)
    ascii_form = domain if plain else _domain_by_grammar(domain)
    if not ascii_form:
        return "", "", ""
    meant = _probably(ascii_form) or web.meant_host(ascii_form)
    if meant:
        return ascii_form, "email_typo", meant
    if web.root_of_host(ascii_form) is None:
        return ascii_form, "email_domain_unknown", ""
    return ascii_form, "", ""


def _domain_by_grammar(domain: str) -> str:
    """The ASCII spelling of a domain that the quick look does not know; empty when it is none."""
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(f"a@{domain}", check_deliverability=False)
    except EmailNotValidError:
        return ""
    ascii_form = (checked.ascii_domain or checked.domain).lower()
    return ascii_form if web.ascii_host(ascii_form) == ascii_form else ""


def _probably(domain: str) -> str:
    """The popular mail domain that is a known slip, or one of a finger, away; empty: none."""
    known_slip = tables.pairs("mail_slips").get(domain)
    if known_slip:
        return known_slip
    if len(domain) > _LONGEST_POPULAR or domain in tables.pairs("shared_domains"):
        return ""
    return next((known for known in _POPULAR if _one_slip(domain, known)), "")


def _one_slip(typed: str, meant: str) -> bool:
    """Whether one letter is missing, too much, wrong or changed places with its neighbour."""
    if abs(len(typed) - len(meant)) > 1 or typed == meant:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    rest, wanted = typed[start:], meant[start:]
    return (
        (rest[1:] == wanted[1:] and len(rest) == len(wanted))
        or rest[1:] == wanted
        or rest == wanted[1:]
        or (rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:])
    )


def _accepted(text: str, address: str, code: str, suggestion: str, name: str) -> Formatted:
    details = {"text": address} | ({"suggestion": suggestion} if suggestion else {})
    severity = Severity.NOTICE if code == "email_not_ascii" else Severity.WARNING
    issues = (Issue(code, severity, details),) if code else ()
    reason = "" if address == text else "reason.email.spelling"
    if name:
        if name.lower() == address:
            name = ""
        reason = "reason.email.display_name"
    return Formatted(address, reason, issues=issues, spill={"full_name": name} if name else {})


def _several(text: str, parts: list[str]) -> Formatted:
    if all(_valid(part)[0] for part in parts):
        return kept(text, "email_several")
    return _refused(text, " ".join(parts))


def _refused(text: str, bare: str) -> Formatted:
    """Not an address: with a proposal where one typing error explains it."""
    with_signs = _DOT_IN_WORDS.sub(".", _AT_IN_WORDS.sub("@", bare))
    if with_signs != bare and _valid(with_signs)[0]:
        return kept(text, "email_at_in_words", suggestion=_valid(with_signs)[0])
    for guess in _guesses(bare):
        address = _valid(guess)[0]
        if address and guess != bare:
            return kept(text, "email_typo", suggestion=address)
    return kept(text, "email_invalid")


def _with_ending(bare: str) -> str:
    """`anne@gmail` with the ending that it lacks."""
    local, _, domain = bare.rpartition("@")
    return f"{local}@{tables.pairs('mail_slips').get(domain, domain)}"


def _guesses(bare: str) -> tuple[str, ...]:
    """What `bare` may have been meant to be."""
    return (
        bare.replace(",", "."),
        re.sub(r"@{2,}", "@", bare),
        re.sub(r"\.{2,}", ".", bare),
        re.sub(r"\s*([.@])\s*", r"\1", bare),
        bare.replace("@.", "@"),
        bare.replace(".@", "@"),
        bare.lstrip("."),
        re.sub(r"\s+(?=(?:dk|com)$)", ".", bare),
        _with_ending(bare),
        re.sub(r"(?<=[a-z0-9])(dk|com)$", r".\1", bare)
        if "." not in bare.rpartition("@")[2]
        else bare,
        re.sub(r"^(?:e-?mail|mail)\s*[:.]\s*", "", bare),
        re.sub(r"^www\.", "", bare),
    )
