"""Made-up companies and people for an org of any size, by the rules of examples/README.md.

Everything is plainly invented, and about every sixth value is written as people write them.
"""

from __future__ import annotations

import importlib
import sys
import uuid
from pathlib import Path
from random import Random
from typing import Any

from simulators.dynamics.org import Org

EXAMPLES = Path(__file__).parents[3] / "examples"


def fill(org: Org, companies: int, contacts: int, leads: int = 0, seed: int = 1) -> None:
    """Companies, contacts of theirs, and leads, as a telemarketing team would have them."""
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))
    words, r = importlib.import_module("words"), Random(seed)
    homes: list[tuple[str, str]] = []
    for n in range(companies):
        name = f"{r.choice(words.MARK)}{r.choice(words.TRADE)} {r.choice(words.FORM[:5])}"
        domain = f"opdigtet-{n + 1:04d}.dk"
        homes.append((_id(1, n), domain))
        org.add("account", _id(1, n), "import", **_company(r, words, name, domain))
    for n in range(contacts):
        home, domain = homes[n % len(homes)]
        person = _person(r, words, n, domain)
        org.add("contact", _id(2, n), "import", _parentcustomerid_value=home, **person)
    for n in range(leads):
        person = _person(r, words, contacts + n, f"opdigtet-{n % 9999 + 1:04d}.dk")
        name = f"{r.choice(words.MARK)} {r.choice(words.TRADE)} ApS"
        about = {"companyname": name, "subject": "Messe 2026"}
        org.add("lead", _id(3, n), "import", **person, **about)


def edit_people(org: Org, many: int) -> None:
    """Somebody writes into so many contacts."""
    for number, ident in enumerate(org.order["contact"][:many]):
        org.edit("contact", ident, jobtitle=f"Titel {number}")


def _id(table: int, number: int) -> str:
    return str(uuid.UUID(int=(table << 96) + number))


def _company(r: Random, words: Any, name: str, domain: str) -> dict[str, Any]:
    postcode, town = r.choice(words.TOWNS)
    return {
        "name": name if r.random() < 0.9 else name.upper(),
        "telephone1": _phone(r),
        "websiteurl": f"https://www.{domain}" if r.random() < 0.8 else f"www,{domain}",
        "emailaddress1": f"info@{domain}",
        "address1_line1": f"{r.choice(words.STREET)} {r.randrange(1, 190)}",
        "address1_postalcode": postcode,
        "address1_city": town,
        "address1_country": r.choice(("Danmark", "DK", "Denmark")),
        "numberofemployees": int(2 ** r.uniform(0, 9)),
        "donotphone": r.random() < 0.01,
    }


def _person(r: Random, words: Any, number: int, domain: str) -> dict[str, Any]:
    first, last = r.choice(words.FIRST), r.choice(words.LAST)
    shouted = r.random() < 0.06
    return {
        "firstname": first.upper() if shouted else first,
        "lastname": last.upper() if shouted else last,
        "jobtitle": r.choice(words.TITLES) if r.random() < 0.8 else None,
        "emailaddress1": f"p{number}@{domain}" if r.random() < 0.9 else f" P{number}@{domain}",
        "telephone1": _phone(r),
        "mobilephone": _phone(r) if r.random() < 0.35 else None,
        "donotphone": r.random() < 0.04,
        "donotbulkemail": r.random() < 0.05,
    }


def _phone(r: Random) -> str:
    digits = f"68{r.randrange(1_000_000):06d}"
    draw = r.random()
    if draw < 0.8:
        return f"+45{digits}"
    spaced = " ".join(digits[at : at + 2] for at in range(0, 8, 2))
    return spaced if draw < 0.9 else f"(+45) {spaced}"
