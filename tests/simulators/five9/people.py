"""Calling lists and calls for a domain of any size."""

from __future__ import annotations

from random import Random

from simulators.five9.domain import Domain
from simulators.made_up import people

DAY = 86_400
LISTS = ("Efterår 1", "Efterår 2", "Genkald")


def fill(domain: Domain, *, contacts: int, calls: int, seed: int = 7) -> None:
    """So many of each; the same seed makes the same ones."""
    r = Random(seed)
    everybody = list(people(contacts, seed))
    for name in LISTS:
        domain.lists[name] = []
    for at, one in enumerate(everybody):
        row = {
            "number1": idd(one.phone), "first_name": one.first, "last_name": one.last,
            "company": one.company,
        }  # fmt: skip
        domain.lists[LISTS[at % len(LISTS)]].append(row)
    for _ in range(calls if everybody else 0):
        draw = r.random()
        said = "Ring ikke" if draw < 0.02 else "Ring igen" if draw < 0.1 else "No Answer"
        domain.call(
            idd(r.choice(everybody).phone), ago=r.randrange(60, 60 * DAY),
            seconds=r.randrange(10, 600), disposition=said, list_name=r.choice(LISTS),
        )  # fmt: skip


def idd(phone: str) -> str:
    """As a classic domain writes a Danish number."""
    return "01145" + "".join(phone.split())[-8:]


def edit_people(domain: Domain, many: int) -> None:
    """Somebody writes into so many contacts."""
    rows = [row for held in domain.lists.values() for row in held]
    for at, row in enumerate(rows[:many]):
        row["company"] = f"Firma {at}"
