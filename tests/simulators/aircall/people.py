"""Agents, contacts, queues and calls for a company of any size."""

from __future__ import annotations

from itertools import islice
from random import Random

from simulators.aircall.company import Company
from simulators.made_up import people

AGENTS = ("Rav Elkedel", "Birk Blyant", "Lyng Paraply", "Bellis Gardin", "Solsort Skohorn")
DAY = 86_400


def fill(company: Company, *, contacts: int, calls: int, seed: int = 7) -> None:
    """So many of each; the same seed makes the same ones."""
    r = Random(seed)
    users = [company.user(name) for name in AGENTS]
    number = company.number("+45 68 99 99 99")
    stop, later = company.tag("Ring ikke"), company.tag("Ring igen")
    everybody = list(people(contacts, seed))
    for one in everybody:
        company.contact(
            first_name=one.first, last_name=one.last, company_name=one.company,
            phone_numbers=[one.phone], emails=[one.address],
        )  # fmt: skip
    for at, user in enumerate(users[:3]):
        waiting = dict.fromkeys("".join(one.phone.split()) for one in everybody[at::7][:100])
        company.queue(user, *waiting)
    for _ in range(calls if everybody else 0):
        one = r.choice(everybody)
        to = "+45" + "".join(one.phone.split())[-8:]
        made = company.call(
            to, user=r.choice(users), number=number, answered=r.random() < 0.4,
            seconds=r.randrange(10, 600), ago=r.randrange(60, 150 * DAY),
        )  # fmt: skip
        draw = r.random()
        if draw < 0.05:
            company.put_tag(made, stop if draw < 0.02 else later)


def edit_people(company: Company, many: int) -> None:
    """Somebody writes into so many contacts."""
    for at, ident in enumerate(list(islice(company.contacts, many))):
        company.edit(ident, company_name=f"Firma {at}")
