"""Made-up companies and people for an org of any size, messy in the usual ways.

By the rules of examples/README.md: domains `opdigtet-0001.dk`, numbers 68 xx xx xx, invented names.
"""

from __future__ import annotations

from itertools import islice
from random import Random

from simulators.salesforce.org import Org
from simulators.salesforce.schema import Field

MARK = ("Nordhav", "Æblegren", "Solkilde", "Granbæk", "Lyngtop", "Østerfjord", "Kløvermark")
TRADE = ("Teknik", "Rådgivning", "Transport", "Byg", "Regnskab", "Møbler", "Konsulenter")
FORM = ("ApS", "A/S", "aps", "a/s", "I/S")
FIRST = ("Birk", "Alma", "Storm", "Åse", "Viggo", "Freja", "Søren", "Ida", "Malthe", "Gry")
LAST = ("Elkedel", "Blyant", "Tordenskov", "Mælkebøtte", "Havregryn", "Paraply", "Kagerulle")
TITLE = ("Direktør", "salgschef", "Indkøbsansvarlig", "CEO", "økonomichef ", "it-chef", "")
TOWN = (("2100", "København Ø"), ("8000", "Aarhus C"), ("5000", "Odense C"), ("9000", "aalborg"))
CVR_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)


def own_fields(org: Org) -> None:
    """What a Danish customer adds to the standard objects."""
    org.add_field("Account", Field("CVR__c", "string", 20, label="CVR-nummer"))
    org.add_field("Lead", Field("CVR__c", "string", 20, label="CVR-nummer"))


def fill(org: Org, *, companies: int, contacts: int, leads: int = 0, seed: int = 7) -> None:
    """Enter so many of each. The same seed makes the same people."""
    r = Random(seed)
    own_fields(org)
    accounts = [_company(org, r, n) for n in range(1, companies + 1)]
    for n in range(1, contacts + 1):
        at = r.randrange(len(accounts)) if accounts else 0
        _contact(org, r, n, accounts[at] if accounts else None, at + 1)
    for n in range(1, leads + 1):
        _lead(org, r, n)


def edit_people(org: Org, many: int) -> None:
    """Somebody writes into so many contacts."""
    for number, ident in enumerate(islice(org.rows["Contact"], many)):
        org.edit(ident, Department=f"Afdeling {number}")


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
    """The n-th number from 90000000 on with a right modulus 11; each `n` its own number."""
    while True:
        first = f"{9_000_000 + n:07d}"
        rest = sum(w * int(d) for w, d in zip(CVR_WEIGHTS, first, strict=True)) % 11
        if rest != 1:
            return f"{first}{(11 - rest) % 11}"
        n += 500_000


def _name(r: Random, text: str) -> str:
    draw = r.random()
    if draw < 0.05:
        return text.upper()
    return text.lower() if draw < 0.1 else text


def _company(org: Org, r: Random, n: int) -> str:
    postcode, town = r.choice(TOWN)
    return org.add(
        "Account",
        Name=_name(r, f"{r.choice(MARK)} {r.choice(TRADE)} {n} {r.choice(FORM)}"),
        Phone=phone(r),
        Website=f"{'www.' if r.random() < 0.5 else 'https://'}opdigtet-{n:04d}.dk",
        BillingStreet=f"Opdigtet Vej {r.randrange(1, 200)}",
        BillingPostalCode=postcode,
        BillingCity=town,
        BillingCountry="Danmark",
        NumberOfEmployees=int(2 ** r.uniform(0, 9)),
        CVR__c=cvr(n) if r.random() < 0.8 else None,
    )


def _contact(org: Org, r: Random, n: int, account: str | None, company: int) -> str:
    first, last = r.choice(FIRST), r.choice(LAST)
    noes = {"DoNotCall": True} if r.random() < 0.03 else {}
    if r.random() < 0.03:
        noes["HasOptedOutOfEmail"] = True
    mail = f"p{n}@opdigtet-{company:04d}.dk"
    return org.add(
        "Contact",
        AccountId=account,
        FirstName=_name(r, first),
        LastName=_name(r, last),
        Email=mail.upper() if r.random() < 0.05 else mail,
        Phone=phone(r),
        MobilePhone=phone(r) if r.random() < 0.3 else None,
        Title=r.choice(TITLE),
        **noes,
    )


def _lead(org: Org, r: Random, n: int) -> str:
    return org.add(
        "Lead",
        FirstName=r.choice(FIRST),
        LastName=r.choice(LAST),
        Company=f"{r.choice(MARK)} {r.choice(TRADE)} {n}",
        Email=f"lead{n}@opdigtet-{n:04d}.dk",
        Phone=phone(r),
        Status="Open - Not Contacted",
        LeadSource="Web",
    )
