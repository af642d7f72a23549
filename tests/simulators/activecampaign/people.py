"""Contacts for an account of any size, some of whom have said no."""

from __future__ import annotations

from itertools import islice
from random import Random

from simulators.activecampaign.account import Account
from simulators.made_up import people


def fill(account: Account, *, contacts: int, lists: int = 2, seed: int = 7) -> None:
    """So many contacts, each on one list or two; the same seed makes the same ones."""
    r = Random(seed)
    there = [account.add_list(f"Nyhedsbrev {n}") for n in range(1, lists + 1)]
    account.automations |= {1: "Velkomst", 2: "Ring til dem, der klikker"}
    for one in people(contacts, seed):
        on = there if r.random() < 0.3 else [r.choice(there)]
        made = account.add(
            one.address,
            *on,
            firstName=one.first,
            lastName=one.last,
            phone=one.phone,
            orgname=one.company,
        )
        draw = r.random()
        if draw < 0.03:
            account.unsubscribe(made.email, on[0], "for mange mails")
        elif draw < 0.04:
            account.bounce(made.email)


def edit_people(account: Account, many: int) -> None:
    """Somebody writes into so many contacts."""
    for at, one in enumerate(list(islice(account.contacts.values(), many))):
        account.edit(one.email, orgname=f"Firma {at}")
