"""Dun & Bradstreet: groups that cross borders, and how risky it is to give a company credit.

Two calls a company: a match, which is believed only where it names the CVR number, or the domain, that
was asked for; then the blocks that the contract has, in one. What the vendor reckoned itself is marked so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import orjson

from connectors.rights import Right
from connectors.sources.dnb.client import Api, NotBought
from connectors.sources.dnb.reading import company, domains, number_of
from connectors.sources.shapes import text
from connectors.sources.source import Asking, Found, NotFound, Profile, Reply
from connectors.sources.verifying import one_by_one
from rules.enrichment.record import CompanyRecord
from rules.keys import Key, KeyKind

LOG = logging.getLogger(__name__)

LIFE: Final = timedelta(days=90)
NUMBERS: Final = 20
"""Companies that are noted as asked about at a time."""
CORE: Final = "companyinfo_L2_v1"
"""Who it is: without this block nothing of a company is believed."""
FIELDS: Final[Mapping[str, frozenset[str]]] = {
    CORE: frozenset(
        {
            "company_name", "cvr", "employees", "revenue", "main_phone", "website", "address",
            "postcode", "city", "country", "company_status",
        }
    ),
    "hierarchyconnections_L1_v1": frozenset({"parent_company", "ultimate_parent"}),
    "financialstrengthinsight_L2_v1": frozenset({"credit_rating"}),
}  # fmt: skip
"""The blocks that are read, and what each fills."""


class Dnb:
    """The vendor as a source, with the blocks of the customer's contract."""

    def __init__(
        self, name: str, api: Api, blocks: Sequence[str], ore: int, keeps_days: int
    ) -> None:
        self.name, self._api = name, api
        self._blocks = (CORE, *(one for one in FIELDS if one in blocks and one != CORE))
        asking = Asking(batch=NUMBERS, life=LIFE, calls=0, each=2)
        self.profile = Profile(
            asking=dict.fromkeys((KeyKind.CVR, KeyKind.MAIL_DOMAIN), asking),
            fields=_fields(self._blocks),
            licence="source.dnb.licence",
            ore=ore,
            repeats_free=False,
            keeps_days=keeps_days,
            asked_dry=False,
        )

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """One reply for each key."""
        return one_by_one(keys, self._one)

    def _one(self, key: Key) -> Reply:
        is_number = key.kind is KeyKind.CVR
        for candidate in self._api.match({"registrationNumber" if is_number else "url": key.value}):
            known = candidate.get("organization") or {}
            duns = text(known.get("duns"))
            if not duns or (is_number and number_of(known) != key.value):
                continue
            doc = self._told(duns)
            if doc is not None and _is_meant(doc, key):
                return Found(key, (self._record(doc),), orjson.dumps(doc))
            if not is_number:
                # The likeliest one is another's: to look at them all would be paid for each.
                break
        return NotFound(key)

    def _told(self, duns: str) -> Mapping[str, Any] | None:
        """The blocks of a company; those that turn out not to be bought are asked for no more."""
        try:
            return self._api.blocks(duns, self._blocks)
        except NotBought:
            if len(self._blocks) == 1:
                raise
        lacking = tuple(one for one in self._blocks if one != CORE and not self._has(duns, one))
        self._blocks = tuple(one for one in self._blocks if one not in lacking)
        self.profile = replace(self.profile, fields=_fields(self._blocks), not_bought=lacking)
        return self._api.blocks(duns, self._blocks)

    def _has(self, duns: str, block: str) -> bool:
        try:
            self._api.blocks(duns, (block,))
        except NotBought:
            LOG.warning("not bought", extra={"source": self.name, "part": block})
            return False
        return True

    def _record(self, doc: Mapping[str, Any]) -> CompanyRecord:
        return company(doc, self._api.now())

    def credit(self) -> int | None:
        """The vendor tells of no quota before it is used up."""
        return None

    def check(self) -> Iterator[Right]:
        """Whether we are let in, and what is asked for; whether it was bought is seen at the first company."""
        self._api.sign_in()
        yield Right(self.name, True, "source.firm.right.in", details={"source": "Dun & Bradstreet"})
        for block in FIELDS:
            if block not in self._blocks:
                yield Right(block, True, "source.dnb.right.block", details={"block": block})


def _is_meant(doc: Mapping[str, Any], key: Key) -> bool:
    """Whether it is the company with that number; or one with a number, whose domain it is."""
    if key.kind is KeyKind.CVR:
        return number_of(doc) == key.value
    return bool(number_of(doc)) and key.value in domains(doc)


def _fields(blocks: Sequence[str]) -> frozenset[str]:
    return frozenset().union(*(FIELDS[one] for one in blocks))
