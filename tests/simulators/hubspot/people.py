"""Made-up companies, people and calls for a portal of any size, messy in the usual ways.

By the rules of examples/README.md: domains `opdigtet-0001.dk`, numbers 68 xx xx xx, invented names.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from random import Random
from typing import Final

from simulators.hubspot.portal import Portal
from simulators.hubspot.schema import iso

MARK = ("Fabel", "Opdigt", "Luftkastel", "Skrøne", "Påfund", "Eventyr", "Drømme")
TRADE = ("teknik", "rådgivning", "transport", "byg", "regnskab", "møbler", "konsulenter")
FORM = ("ApS", "A/S", "aps", "a/s", "I/S")
FIRST = ("Birk", "Lyng", "Solsort", "Åkande", "Bellis", "Rav", "Spurv", "Hyben", "Stær", "Røn")
LAST = ("Elkedel", "Blyant", "Vandkande", "Gardin", "Paraply", "Skohorn", "Æggebæger")
TITLE = ("Direktør", "salgschef", "Indkøbschef", "CEO", "økonomichef", "it-chef", "")
TOWN = (("2100", "København Ø"), ("8000", "Aarhus C"), ("5000", "Odense C"), ("9000", "aalborg"))
OUTCOMES = (
    "f240bbac-87c9-4f6e-bf70-924b57d47db7",
    "73a0d17f-1163-4015-bdd5-ec830791da20",
    "9d9162e7-6cf3-4944-bf63-4dff82258764",
)
CVR_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
YEAR_MS: Final = 365 * 86_400_000


def fill(portal: Portal, *, companies: int, contacts: int, calls: int = 0, seed: int = 7) -> None:
    """Enter so many of each, all longer ago than a day. The same seed makes the same people."""
    r = Random(seed)
    portal.own("companies", "cvr_nummer", label="CVR-nummer")
    portal.owners |= {"501": ("Rav", "Elkedel", "rav@opdigtet-9001.dk")}
    portal.owners |= {"502": ("Birk", "Blyant", "birk@opdigtet-9001.dk")}
    until = int((portal.clock() - timedelta(days=1)).timestamp() * 1000)
    firms = [_company(portal, r, n, until) for n in range(1, companies + 1)]
    people = [_contact(portal, r, n, firms, until) for n in range(1, contacts + 1)]
    for _ in range(calls):
        _call(portal, r, r.choice(people), until)


def edit_people(portal: Portal, many: int) -> None:
    """Somebody writes into so many contacts."""
    for place, number in enumerate(list(islice(portal.rows["contacts"], many))):
        portal.edit("contacts", number, jobtitle=f"Titel {place}")


def phone(r: Random) -> str:
    """A number of the block, written in one of the usual ways."""
    digits = f"68{r.randrange(1_000_000):06d}"
    draw = r.random()
    if draw < 0.5:
        return f"+45{digits}"
    if draw < 0.75:
        return digits
    return " ".join(digits[i : i + 2] for i in range(0, 8, 2))


def cvr(n: int) -> str:
    """A number from 90000000 on with a right modulus 11; each `n` its own."""
    while True:
        first = f"{9_000_000 + n:07d}"
        rest = sum(w * int(d) for w, d in zip(CVR_WEIGHTS, first, strict=True)) % 11
        if rest != 1:
            return f"{first}{(11 - rest) % 11}"
        n += 500_000


def _spelled(r: Random, text: str) -> str:
    draw = r.random()
    if draw < 0.05:
        return text.upper()
    return text.lower() if draw < 0.1 else text


def _company(portal: Portal, r: Random, n: int, until: int) -> int:
    postcode, town = r.choice(TOWN)
    values = {
        "name": _spelled(r, f"{r.choice(MARK)}{r.choice(TRADE)} {n} {r.choice(FORM)}"),
        "phone": phone(r),
        "domain": f"opdigtet-{n:04d}.dk",
        "website": f"{'www.' if r.random() < 0.5 else 'https://'}opdigtet-{n:04d}.dk",
        "address": f"Fabelvej {r.randrange(1, 200)}",
        "zip": postcode,
        "city": town,
        "country": "Danmark",
        "numberofemployees": str(int(2 ** r.uniform(0, 9))),
        "hubspot_owner_id": r.choice(("501", "502")),
    }
    if r.random() < 0.8:
        values["cvr_nummer"] = cvr(n)
    return portal.load("companies", values, until - r.randrange(YEAR_MS))


def _contact(portal: Portal, r: Random, n: int, firms: list[int], until: int) -> int:
    at = r.randrange(len(firms)) if firms else 0
    values = {
        "firstname": _spelled(r, r.choice(FIRST)),
        "lastname": _spelled(r, r.choice(LAST)),
        "email": f"p{n}@opdigtet-{at + 1:04d}.dk",
        "phone": phone(r),
        "jobtitle": r.choice(TITLE),
        "hubspot_owner_id": r.choice(("501", "502")),
    }
    if r.random() < 0.3:
        values["mobilephone"] = phone(r)
    if r.random() < 0.03:
        values["hs_email_optout"] = "true"
    if firms:
        values["associatedcompanyid"] = str(firms[at])
    kept = {name: text for name, text in values.items() if text}
    return portal.load("contacts", kept, until - r.randrange(YEAR_MS))


def _call(portal: Portal, r: Random, contact: int, until: int) -> None:
    at = until - r.randrange(YEAR_MS // 4)
    values = {
        "hs_timestamp": iso(at),
        "hs_call_direction": "OUTBOUND",
        "hs_call_status": "COMPLETED",
        "hs_call_duration": str(r.randrange(5, 600) * 1000),
        "hs_call_to_number": portal.rows["contacts"][contact].values["phone"],
        "hs_call_disposition": r.choice(OUTCOMES),
        "hubspot_owner_id": r.choice(("501", "502")),
    }
    portal.associate("calls", portal.load("calls", values, at), "contacts", contact)
