"""Members for an account of any size, some of whom have said no."""

from __future__ import annotations

from itertools import islice
from random import Random

from simulators.made_up import people
from simulators.mailchimp.account import Account


def fill(account: Account, *, members: int, audiences: int = 2, seed: int = 7) -> None:
    """So many members in all; the same seed makes the same ones."""
    r = Random(seed)
    names = [f"a{n:09d}" for n in range(1, audiences + 1)]
    for at, name in enumerate(names):
        account.audience(name, f"Nyhedsbrev {at + 1}")
    for at, one in enumerate(people(members, seed)):
        where = names[at % audiences]
        merge = {"FNAME": one.first, "LNAME": one.last, "PHONE": one.phone, "COMPANY": one.company}
        account.add(where, one.address, **merge)
        draw = r.random()
        if draw < 0.03:
            account.unsubscribe(where, one.address)
        elif draw < 0.04:
            account.bounce(where, one.address)
        elif draw < 0.045:
            account.complain(where, one.address)


def edit_people(account: Account, many: int) -> None:
    """Somebody writes into so many members."""
    everybody = (
        (name, one.email_address)
        for name, audience in account.audiences.items()
        for one in list(audience.members.values())
    )
    for at, (name, address) in enumerate(islice(everybody, many)):
        account.edit(name, address, COMPANY=f"Firma {at}")
