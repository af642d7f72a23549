"""The door by the distribution index: all there is, closed companies too, sites and mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import orjson

from connectors.rights import Right
from connectors.sources.cvr.client import NUMBERS, Index
from connectors.sources.cvr.doors import INDEX, LIFE, SOURCE, Can
from connectors.sources.cvr.reading import company
from connectors.sources.distribution import HOST, Incomplete
from connectors.sources.source import INCOMPLETE, Asking, Found, NotFound, Reply, Unknown
from rules.enrichment.record import CompanyRecord
from rules.formats.web import root_domain
from rules.keys import Key, KeyKind

CAN: Final = Can(
    asking={
        KeyKind.CVR: Asking(batch=NUMBERS, life=LIFE),
        KeyKind.MAIL_DOMAIN: Asking(batch=50, life=timedelta(days=30)),
    },
    fields=frozenset(
        {
            "company_name", "cvr", "legal_form", "industry_code", "industry_scheme",
            "industry_label", "industry_code_db25", "employees", "main_phone", "website",
            "address", "postcode", "city", "country", "company_status", "ad_protected",
        }
    ),
)  # fmt: skip


class IndexDoor:
    """The register by its distribution index: numbers, and the domains of sites."""

    name = INDEX
    can = CAN

    def __init__(self, index: Index) -> None:
        self._index = index

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """One reply for each key. An answer of the index that is not whole is no answer."""
        look = self._numbers if keys[0].kind is KeyKind.CVR else self._domains
        try:
            replies = look(keys)
        except Incomplete:
            replies = [Unknown(key, INCOMPLETE) for key in keys]
        yield from replies

    def check(self) -> Iterator[Right]:
        """Whether we are let in, how much there is, and whether the line can be listened to."""
        details = {"count": str(self._index.count())}
        yield Right(SOURCE, True, "source.cvr.right.index", details=details)
        if self._index.url.startswith("http:"):
            yield Right(
                HOST, False, "source.cvr.right.plain", "source.cvr.right.plain.remedy", stops=False
            )

    def _numbers(self, keys: Sequence[Key]) -> list[Reply]:
        documents = self._index.by_numbers([key.value for key in keys])
        found = {f"{doc['cvrNummer']:08d}": doc for doc in documents}
        return [
            Found(key, (self._record(found[key.value]),), orjson.dumps(found[key.value]))
            if key.value in found
            else NotFound(key)
            for key in keys
        ]

    def _domains(self, keys: Sequence[Key]) -> list[Reply]:
        """All companies that give a site of the domain. That none does says little: few give one."""
        found: dict[str, list[CompanyRecord]] = {}
        for doc in self._index.by_sites([one for key in keys for one in spellings(key.value)]):
            record = self._record(doc)
            found.setdefault(root_domain(record.website) or "", []).append(record)
        return [
            Found(key, tuple(found[key.value])) if key.value in found else NotFound(key)
            for key in keys
        ]

    def _record(self, doc: dict[str, object]) -> CompanyRecord:
        return company(doc, self._index.now())


def spellings(domain: str) -> Iterator[str]:
    """How companies write the address of their site."""
    for host in (domain, f"www.{domain}"):
        yield host
        for scheme in ("http", "https"):
            yield f"{scheme}://{host}"
            yield f"{scheme}://{host}/"
