"""What a person or company is recognised by, across systems: phone, e-mail, CVR number and so on.

A key is canonical text: the same number gives the same key however it is spelt, today and after
an update of the number plan. It says nothing about whether the value is any good; that is the
business of `rules.formats`. Hashing is the store's business: rules only compare.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from rules.formats import email, phone, web
from rules.formats.regions import region_of
from rules.records import ABSENT, Kind, Record, Ref, Value


class KeyKind(StrEnum):
    """The kinds of key; the values are stored and hashed, so they never change."""

    PHONE = "phone"
    EMAIL = "email"
    MAIL_DOMAIN = "mail_domain"
    CVR = "cvr"
    P_NUMBER = "p_number"
    NAME_ADDRESS = "name_address"
    REF = "ref"


_PHONE, _EMAIL, _CVR = KeyKind.PHONE, KeyKind.EMAIL, KeyKind.CVR

PERSONAL_KINDS: Final = frozenset({KeyKind.PHONE, KeyKind.EMAIL})
"""Kinds that can lead from one record to another record of the same person."""


class Key(NamedTuple):
    """A canonical key in clear: personal data, so it stays out of logs and chained tables."""

    kind: KeyKind
    value: str


@dataclass(frozen=True, slots=True)
class HashedKey:
    """A key as the ledger holds it: a keyed hash of 16 bytes and the id of the hashing key."""

    kind: KeyKind
    key_id: str
    digest: bytes


class Carried(NamedTuple):
    """A key on a record; `main` when it stands in the field of a company's main number."""

    key: Key
    main: bool


_FIELDS: Final[tuple[tuple[str, KeyKind, bool], ...]] = (
    ("direct_phone", KeyKind.PHONE, False),
    ("email", KeyKind.EMAIL, False),
    ("cvr", KeyKind.CVR, False),
    ("main_phone", KeyKind.PHONE, True),
    ("other_phone", KeyKind.PHONE, False),
    ("p_number", KeyKind.P_NUMBER, False),
)
KEY_FIELDS: Final = frozenset(name for name, _, _ in _FIELDS)
NAME_FIELDS: Final = ("full_name", "first_name", "last_name")


def record_keys(values: Mapping[str, Value], region: str = "DK") -> tuple[Carried, ...]:
    """The keys that a record carries in its fields, without repeats; `region` is ISO 3166.

    The record's own ref, its mail domain and its name with address are not among them:
    `ref_key`, `domain_key` and `name_address_key` give those where they are needed.
    """
    found: list[Carried] = []
    for field, kind, main in _FIELDS:
        text = values.get(field)
        if not text or text is ABSENT:
            continue
        for key in keys_in(kind, text, region):
            carried = _new(Carried, (key, main))
            if carried not in found:
                found.append(carried)
    return tuple(found)


_new = tuple.__new__
"""What a named tuple's own constructor comes to, at half its price."""


def also_keys(record: Record, region: str = "DK") -> tuple[Carried, ...]:
    """The keys in fields that nothing is mapped to, without repeats; their mail domains as well.

    `main` on those that lead on to no one person: a company's number, an address that several read.
    """
    found: dict[Carried, None] = {}
    for kind, text in record.also:
        for key in keys_in(KeyKind(kind), text, region):
            found[Carried(key, _is_common(key, record.ref.kind))] = None
            if key.kind is _EMAIL and (domain := domain_key(key)):
                found[Carried(domain, main=True)] = None
    return tuple(found)


def _is_common(key: Key, on: Kind) -> bool:
    return (
        on is Kind.COMPANY if key.kind is _PHONE else key.kind is not _EMAIL or is_role_mailbox(key)
    )


def keys_in(kind: KeyKind, text: str, region: str = "DK") -> tuple[Key, ...]:
    """The keys in one cell: two numbers give two keys, a cell with no value gives none."""
    if kind is _PHONE:
        return _phone_keys(text, region)
    if kind is _EMAIL:
        return _mail_keys(text)
    if kind is _CVR and len(text) == 8 and text.isascii() and text.isdigit():
        return (_new(Key, (kind, text)),)
    return tuple(Key(kind, value) for value in (_folded(kind, text),) if value)


def _folded(kind: KeyKind, text: str) -> str:
    if kind in (KeyKind.CVR, KeyKind.P_NUMBER):
        return _register_number(text)
    if kind is KeyKind.MAIL_DOMAIN:
        return _domain(text)
    return fold(text) if kind is KeyKind.NAME_ADDRESS else text.strip()


def ref_key(ref: Ref) -> Key:
    """The record itself as a key: what is left when it carries nothing else."""
    return Key(KeyKind.REF, str(ref))


def domain_key(address: Key) -> Key | None:
    """The mail domain of an e-mail key, None when the text has none."""
    _, at, domain = address.value.rpartition("@")
    return Key(KeyKind.MAIL_DOMAIN, domain) if at and domain else None


def name_address_key(values: Mapping[str, Value]) -> Key | None:
    """Name with address and postcode, as registers list people; None when a part is missing."""
    name, address, postcode = name_of(values), values.get("address"), values.get("postcode")
    if not (name and isinstance(address, str) and isinstance(postcode, str)):
        return None
    parts = (fold(name), fold(address), fold(postcode))
    return Key(KeyKind.NAME_ADDRESS, "|".join(parts)) if all(parts) else None


def name_company_key(values: Mapping[str, Value]) -> Key | None:
    """Name with company: what is left of a person whose number and address are shared."""
    name = fold(name_of(values))
    for field in ("company_name", "cvr"):
        text = values.get(field)
        company = fold(text) if isinstance(text, str) else ""
        if name and company:
            return Key(KeyKind.NAME_ADDRESS, f"{name}|{field}|{company}")
    return None


SITE: Final = "site"
"""What `site_key` is called in a store: it is no kind of key that an opt-out may name."""


def site_key(values: Mapping[str, Value], region: str = "DK") -> Key | None:
    """Root domain and country, by which companies are told to be the same (R50).

    None without a domain, or when it is somebody else's (a free mail, a host, a network). The bar
    keeps it apart from every real mail domain.
    """
    site = values.get("root_domain") or values.get("website")
    root = web.root_domain(site) if site and site is not ABSENT else None
    if not root or not web.identifies_company(root):
        return None
    country = values.get("country")
    where = region_of(country, region) if country and country is not ABSENT else region
    return Key(KeyKind.MAIL_DOMAIN, f"{root}|{where}")


def name_of(values: Mapping[str, Value]) -> str:
    """The person's name on a record, as spelt there; empty when it names nobody."""
    full = values.get("full_name")
    if isinstance(full, str) and full.strip():
        return full
    parts = (values.get("first_name"), values.get("last_name"))
    return " ".join(part for part in parts if isinstance(part, str) and part.strip())


def who(values: Mapping[str, Value]) -> str:
    """Tells people apart where a key is on several records: by name, else by company."""
    company = values.get("company_name")
    return fold(name_of(values) or (company if isinstance(company, str) else ""))


def stands_for_company(kind: Kind, values: Mapping[str, Value]) -> bool:
    """Whether what this record says, it says for a company: a company, or a row naming nobody."""
    return kind is Kind.COMPANY or not name_of(values)


def is_role_mailbox(key: Key) -> bool:
    """info@, bogholderi@ …: several people read it, so it leads to no one person."""
    return key.kind is KeyKind.EMAIL and email.is_role_mailbox(key.value)


def fold(text: str) -> str:
    """Text for comparison: compatibility form, lower case, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


# --- phones ----------------------------------------------------------------------------------

_BLANKS: Final = {ord(sign): None for sign in " \u00a0\u202f\u2009-().\t"}
_CLEAN_DANISH: Final = re.compile(r"\+45[2-9][0-9]{7}")
_FEWEST_DIGITS: Final = 5
_DIGITS: Final = re.compile(r"\d+")


def _phone_keys(text: str, region: str) -> tuple[Key, ...]:
    """The usual cell never meets the number plan, and a clean one not even a look for blanks."""
    if _CLEAN_DANISH.fullmatch(text):
        return (_new(Key, (_PHONE, text)),)
    if region == "DK" and text.isascii():
        tight = text if text.isalnum() else text.translate(_BLANKS)
        if len(tight) == 8 and tight.isdigit() and tight[0] > "1":
            return (Key(_PHONE, "+45" + tight),)
        if len(tight) == 11 and tight[:3] == "+45" and tight[3:].isdigit() and tight[3] > "1":
            return (Key(_PHONE, tight),)
    found = tuple(Key(_PHONE, number) for number in _unusual_phones(text, region))
    return found or (_mail_keys(text) if "@" in text else ())


@lru_cache(maxsize=4096)
def _unusual_phones(text: str, region: str) -> tuple[str, ...]:
    """What the format makes of the cell; where it gives up, the digits of each piece."""
    if phone.settled(text) and _E164.fullmatch(text):
        return (text,)
    formatted = phone.phone(text, region)
    if any(issue.code == "number_rounded" for issue in formatted.issues):
        return ()
    sure = [formatted.value, *(formatted.spill.get(field) for field in _SPILLS)]
    sure += [issue.details.get("suggestion") for issue in formatted.issues]
    numbers = [number for cell in sure if cell for number in _E164.findall(cell)]
    if not numbers:
        pieces = [_number(piece, region) for piece in _BETWEEN_NUMBERS.split(text)]
        numbers = [piece for piece in pieces if len(piece) >= 8] or [_number(text, region)]
    return tuple(dict.fromkeys(number for number in numbers if number))


_SPILLS: Final = ("other_phone", "direct_phone")
_E164: Final = re.compile(r"(?<![\w+])\+\d{7,15}(?!\w)", re.ASCII)
_BETWEEN_NUMBERS: Final = re.compile(r"[/;,|&\n]|\b(?:eller|og|or|and)\b")


def _number(text: str, region: str) -> str:
    """E.164 without asking the number plan; empty when there are too few digits for a number.

    So a number that the plan does not know, or does not know yet, keeps its key for ever.
    """
    plain = unicodedata.normalize("NFKC", text)
    digits = "".join(_DIGITS.findall(plain))
    digits = "".join(str(unicodedata.digit(digit)) for digit in digits)
    if len(digits) < _FEWEST_DIGITS:
        return ""
    if plain.lstrip(" (").startswith("+"):
        return "+" + digits
    if digits.startswith("00"):
        return "+" + digits[2:]
    if region == "DK" and len(digits) == 8:
        return "+45" + digits
    if region == "DK" and len(digits) == 10 and digits.startswith("45"):
        return "+" + digits
    return digits


# --- mail, registers -------------------------------------------------------------------------

_MAIL_PARTS: Final = re.compile(r"[\s,;<>|]+")
_USUAL_MAIL: Final = re.compile(r"[a-z0-9_+-][a-z0-9._+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.ASCII)
_MAIL_TRIM: Final = " .\"'()[]"


def _mail_keys(text: str) -> tuple[Key, ...]:
    usual = text.strip().lower()
    if _USUAL_MAIL.fullmatch(usual):
        return (_new(Key, (_EMAIL, usual)),)
    return _unusual_mails(text)


@lru_cache(maxsize=4096)
def _unusual_mails(text: str) -> tuple[Key, ...]:
    parts = _MAIL_PARTS.split(unicodedata.normalize("NFKC", text).lower())
    found = [key for part in parts if "@" in part for key in _mail_key(part)]
    return tuple(dict.fromkeys(found))


def _mail_key(address: str) -> tuple[Key, ...]:
    """One address, lower case already. `@firma.dk` alone means the whole domain."""
    local, _, domain = address.removeprefix("mailto:").strip(_MAIL_TRIM).rpartition("@")
    domain = _domain(domain)
    if not domain:
        return (Key(_EMAIL, address),) if local else ()
    if not local:
        return (Key(KeyKind.MAIL_DOMAIN, domain),)
    return (Key(_EMAIL, f"{local}@{domain}"),)


def _domain(text: str) -> str:
    """Lower case, in the ASCII form of Danish letters; as it stands when that form is refused."""
    domain = text.strip().strip(".@").lower()
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def _register_number(text: str) -> str:
    """The digits of a CVR or P-number; a spreadsheet's `.0` is no digit of it."""
    tight = text.strip()
    if not (tight.isascii() and tight.isdigit()):
        tight = "".join(
            _DIGITS.findall(re.sub(r"[.,]0+$", "", unicodedata.normalize("NFKC", tight)))
        )
    return tight if len(tight) >= _FEWEST_DIGITS else ""
