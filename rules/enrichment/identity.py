"""What a record says of the company that it is about, and by which keys sources are asked for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rules.formats import web
from rules.formats.check_digits import passes
from rules.formats.countries import iso_code
from rules.formats.foreign import region_of_number
from rules.keys import Key, KeyKind
from rules.records import Value

HOME: Final = "DK"
_ABROAD: Final = re.compile(r"([a-z]{2})[- ]?\d", re.IGNORECASE | re.ASCII)
_TAX_UNIT: Final = re.compile(r"se[- ]?\d{8}", re.IGNORECASE | re.ASCII)
"""A Danish SE number, which looks like a Swedish one that is too short."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a record says of the company it is about.

    `site` is the root domain of its site, `mailbox` that of its mail; both empty where the domain is
    somebody else's (free mail, hosts, networks). `cvr` is a number with a right check digit.
    `country` is ISO 3166, empty when nothing tells.
    """

    site: str = ""
    mailbox: str = ""
    cvr: str = ""
    name: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""

    @property
    def foreign(self) -> bool:
        """Whether it says that it is another country's company."""
        return self.country not in ("", HOME)


def identity(values: Mapping[str, Value]) -> Identity:
    """What a company, contact or lead says; `values` are as the rules leave them."""
    cvr = _text(values, "cvr")
    return Identity(
        site=own_domain(_text(values, "root_domain")) or own_domain(_text(values, "website")),
        mailbox=own_domain(_text(values, "email")),
        cvr=cvr if passes(cvr) else "",
        name=_text(values, "company_name"),
        postcode=_text(values, "postcode"),
        city=_text(values, "city"),
        country=_country(values, cvr),
    )


def asked(who: Identity) -> tuple[Key, ...]:
    """The keys by which sources are asked for the company: its number, its domains."""
    keys = [Key(KeyKind.CVR, who.cvr)] if who.cvr else []
    domains = dict.fromkeys(domain for domain in (who.site, who.mailbox) if domain)
    return (*keys, *(Key(KeyKind.MAIL_DOMAIN, domain) for domain in domains))


@lru_cache(maxsize=4096)
def own_domain(text: str) -> str:
    """The root domain of a site, host or address; empty when it is somebody else's, or none."""
    root = web.root_domain(text) if text else None
    return root if root and web.identifies_company(root) else ""


def _country(values: Mapping[str, Value], cvr: str) -> str:
    """The country that it names; else that of its foreign number, else of its main number."""
    if said := iso_code(_text(values, "country")):
        return said
    if passes(cvr):
        return ""
    abroad = _ABROAD.match(cvr)
    if abroad and not _TAX_UNIT.fullmatch(cvr):
        return iso_code(abroad[1]) or ""
    return region_of_number(_text(values, "main_phone"))


def _text(values: Mapping[str, Value], name: str) -> str:
    text = values.get(name)
    return text.strip() if isinstance(text, str) else ""
