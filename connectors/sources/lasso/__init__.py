"""Lasso X: the Danish register with what the vendor adds: web sites, group, accounts, credit rating.

What it has from the register is a copy, and no second opinion (`rules.enrichment.policy`); its own are
the sites that it has tied to a company. A company takes a call, and one more for each addition that is
switched on; only owners are asked about for 25 companies at once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, NamedTuple

import orjson

from connectors.rights import Right
from connectors.sources.lasso.client import GRAPH, Api, NotBought
from connectors.sources.lasso.reading import above, company, lists
from connectors.sources.shapes import cvr_number
from connectors.sources.source import Asking, Found, NotFound, Profile, Reply
from connectors.sources.verifying import one_by_one
from rules.enrichment.record import CompanyRecord
from rules.keys import Key, KeyKind

LOG = logging.getLogger(__name__)

LIFE: Final = timedelta(days=30)
"""The vendor's feed of changes is not proven to be whole: everything is read anew each month."""
CANDIDATES: Final = 3
"""Companies of a search that are looked at more closely."""
_ALWAYS: Final = frozenset(
    {
        "company_name", "cvr", "legal_form", "industry_code", "industry_scheme", "industry_label",
        "industry_code_db25", "employees", "address", "postcode", "city", "country",
        "company_status", "ad_protected",
    }
)  # fmt: skip
RATING: Final = "creditsafe/rating"
_OF_SITES: Final = frozenset({"website"})
_OF_REPORTS: Final = frozenset({"revenue", "gross_profit"})
_OF_GROUP: Final = frozenset({"parent_company", "ultimate_parent"})
_OF_RATING: Final = frozenset({"credit_rating"})


class Parts(NamedTuple):
    """What is asked for beside the company itself, each with calls of its own."""

    sites: bool = True
    reports: bool = False
    group: bool = False
    rating: bool = False


class Lasso:
    """The vendor as a source."""

    def __init__(self, name: str, api: Api, parts: Parts, ore: int, keeps_days: int) -> None:
        self.name, self._api, self._parts = name, api, parts
        each = 1 + parts.sites + parts.reports + parts.rating
        self.profile = Profile(
            asking={
                KeyKind.CVR: Asking(batch=GRAPH, life=LIFE, calls=int(parts.group), each=each),
                KeyKind.MAIL_DOMAIN: Asking(batch=GRAPH, life=LIFE, calls=0, each=2 + each),
            },
            fields=_fields(parts),
            licence="source.lasso.licence",
            ore=ore,
            keeps_days=keeps_days,
        )

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """One reply for each key."""
        if keys[0].kind is KeyKind.MAIL_DOMAIN:
            return one_by_one(keys, self._domain)
        day = self._api.now().date().isoformat()
        cvrs = [key.value for key in keys]
        graph = self._api.owners(cvrs, day) if self._parts.group else {}
        return one_by_one(keys, lambda key: self._number(key, graph))

    def _number(self, key: Key, graph: dict[str, Any]) -> Reply:
        doc = self._api.company(key.value)
        if doc is None:
            return NotFound(key)
        sites = self._api.sites(key.value) if self._parts.sites else []
        return Found(key, (self._record(doc, sites, graph),), orjson.dumps(doc))

    def _domain(self, key: Key) -> Reply:
        """The active companies of a search whose sites lie in the domain, and no others."""
        found = []
        for row in self._api.search(key.value, CANDIDATES):
            cvr = cvr_number(str(row.get("lassoId") or "").removeprefix("CVR-1-"))
            sites = self._api.sites(cvr) if cvr else []
            doc = self._api.company(cvr) if lists(sites, key.value) else None
            if doc is not None:
                found.append(self._record(doc, sites, {}))
        return Found(key, tuple(found)) if found else NotFound(key)

    def _record(
        self, doc: dict[str, Any], sites: Sequence[Any], graph: dict[str, Any]
    ) -> CompanyRecord:
        cvr = cvr_number(doc.get("cvr"))
        reports = self._api.reports(cvr) if self._parts.reports else ()
        rating = self._rating(cvr) if self._parts.rating else None
        owners = above(graph, cvr)
        return company(
            doc, self._api.now(), sites=sites, reports=reports, rating=rating, owners=owners
        )

    def _rating(self, cvr: str) -> dict[str, Any] | None:
        try:
            return self._api.rating(cvr)
        except NotBought:
            # The key has just been good for the company: it is the add-on, and asked for no more.
            LOG.warning("not bought", extra={"source": self.name, "part": RATING})
            self._parts = self._parts._replace(rating=False)
            fields = _fields(self._parts)
            self.profile = replace(self.profile, fields=fields, not_bought=(RATING,))
            return None

    def credit(self) -> int | None:
        """The vendor tells of no quota but that of the minute."""
        return None

    def check(self) -> Iterator[Right]:
        """Whether the key is good, and which additions are asked for."""
        self._api.search("ApS", 1)
        yield Right(self.name, True, "source.firm.right.in", details={"source": "Lasso X"})
        for part, on in self._parts._asdict().items():
            if not on:
                yield Right(part, True, f"source.lasso.right.{part}")


def _fields(parts: Parts) -> frozenset[str]:
    added = ((parts.sites, _OF_SITES), (parts.reports, _OF_REPORTS), (parts.group, _OF_GROUP))
    more = frozenset[str]().union(*(fields for on, fields in added if on))
    return _ALWAYS | more | (_OF_RATING if parts.rating else frozenset())
