"""How a company stands: whether it still trades, who owns it in law, whether it wants advertising.

What the register writes is read by tables; a word or code that is in none says nothing, and whoever
asked hears of it. Sources: the Danish company acts (forms, statuses), CVR-loven § 19 (protection).
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Final

from rules import tables


class Owners(StrEnum):
    """Who stands behind a legal form: data on a natural person's business are data on the person."""

    PERSON = "person"
    PARTNERS = "partners"
    NONE = "none"


class Standing(StrEnum):
    """What a status means for whoever wants to call."""

    TRADING = "trading"
    WINDING_UP = "winding_up"
    """A person looks first: it may go on, or somebody else speaks for it."""
    BANKRUPT = "bankrupt"
    CEASED = "ceased"
    UNKNOWN = "unknown"


STANDING: Final = {
    "active": Standing.TRADING,
    "reconstruction": Standing.WINDING_UP,
    "liquidation": Standing.WINDING_UP,
    "compulsory_dissolution": Standing.WINDING_UP,
    "bankruptcy": Standing.BANKRUPT,
    "bankrupt": Standing.BANKRUPT,
    "dissolved": Standing.CEASED,
    "merged": Standing.CEASED,
}
"""By the values of the catalogue's field `company_status`."""


def standing_of(status: str) -> Standing:
    """What a status of the catalogue means; unknown for any other text."""
    return STANDING.get(status, Standing.UNKNOWN)


def status_of(said: str) -> str:
    """The catalogue's status for the register's word, in any case; empty: it is none we know."""
    return _statuses().get(" ".join(said.lower().split()), "")


def form_of(code: str) -> str:
    """The catalogue's legal form for the register's code; empty: it says nothing."""
    row = _forms().get(code)
    return row[0] if row else ""


@cache
def personal_forms() -> frozenset[str]:
    """The catalogue's legal forms whose owner is a natural person, whatever the register's code."""
    owners: dict[str, set[Owners]] = {}
    for form, behind in _forms().values():
        owners.setdefault(form, set()).add(behind)
    return frozenset(form for form, some in owners.items() if some == {Owners.PERSON})


@cache
def _statuses() -> dict[str, str]:
    return dict(tables.pairs("cvr_statuses"))


@cache
def _forms() -> dict[str, tuple[str, Owners]]:
    return {row["code"]: (row["form"], Owners(row["owners"])) for row in tables.rows("cvr_forms")}
