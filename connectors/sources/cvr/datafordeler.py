"""Questions to Datafordeler's GraphQL service (CVR v2), which holds the register in entities.

There is no client library for it, and none is needed: a question is one entity for at most a hundred
companies. The key stands in the query of the address, which is logged nowhere. What is wrong with a
question stands in an answer of status 200, under `errors`; of such an answer no data are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
import requests

from connectors.caller import Busy, Patience, json_object
from connectors.session import NoAnswer, Read
from connectors.sources.means import Means, unsigned
from rules.errors import SystemStopped

HOST: Final = "https://graphql.datafordeler.dk"
PATH: Final = "/CVR/v2"
READS: Final = (Read("POST", PATH),)
"""What a dry run may send: the service has nothing that writes."""
AT_ONCE: Final = 100
"""Numbers or ids in one question (DAF-GQL-0016)."""
PAGE: Final = 1000
READ_SECONDS: Final = 150.0
"""An answer may take two minutes."""
COMPANY: Final = "CVR_Virksomhed"
COUNTS: Final = "CVR_Beskaeftigelse"
PARTS: Final = {
    "CVR_Navn": "vaerdi sekvens",
    "CVR_Adressering": (
        "AdresseringAnvendelse CVRAdresse_vejnavn CVRAdresse_husnummerFra "
        "CVRAdresse_husnummerTil CVRAdresse_etagebetegnelse CVRAdresse_doerbetegnelse "
        "CVRAdresse_postnummer CVRAdresse_postdistrikt CVRAdresse_landekode "
        "CVRAdresse_adresseFritekst CVRAdresse_postboks"
    ),
    "CVR_Branche": "vaerdi vaerdiTekst sekvens",
    "CVR_Virksomhedsform": "vaerdi",
    "CVR_Telefonnummer": "vaerdi",
    "CVR_e_mailadresse": "vaerdi",
    "CVR_Reklamebeskyttelse": "vaerdi",
    "CVR_Kreditoplysninger": "kreditoplysningstekst",
}
"""The entities that a company is put together from, and what is read of each."""
QUESTIONS: Final = 2 + len(PARTS)
"""For a hundred companies, at least: their head counts may take several pages."""
_SPAN: Final = "virkningFra virkningTil registreringTil"
_CODE: Final = re.compile(r"\b(?:DAF-[A-Z]+-\d+|HC\d+)\b")
_LATER: Final = frozenset({"HC0045", "DAF-GQL-0001"})
"""Codes of errors that may pass: too long under way, their own trouble."""

Row = dict[str, Any]


class Service:
    """The service, with the key of an IT system."""

    def __init__(self, system: str, key: str, means: Means, *, url: str = HOST) -> None:
        self.system, self.now, self._key = system, means.clock, key
        self._url = url.rstrip("/") + PATH
        self._caller = means.caller(
            system,
            READS,
            "",
            unsigned,
            patience=Patience(),
            explain=explained,
            read_seconds=READ_SECONDS,
        )

    def companies(self, numbers: Sequence[str]) -> list[Row]:
        """The company of each number that there is one of; `AT_ONCE` at most."""
        fields = "id CVRNummer status virksomhedStartdato virksomhedOphoersdato"
        wanted = ", ".join(str(int(one)) for one in numbers)
        return list(self._rows(COMPANY, f"CVRNummer: {{ in: [{wanted}] }}", f"{fields} {_SPAN}"))

    def parts(self, ids: Sequence[str]) -> Iterator[tuple[str, Row]]:
        """All rows of all entities about these companies: (entity, row)."""
        wanted = f"CVREnhedsId: {{ in: {orjson.dumps(list(ids)).decode()} }}"
        for entity, fields in PARTS.items():
            for row in self._rows(entity, wanted, f"CVREnhedsId {fields} {_SPAN}"):
                yield entity, row
        fields = "CVREnhedsId antal intervalFra intervalTil beskaeftigelsestalstype datoTil"
        for row in self._rows(COUNTS, wanted, fields, at=False):
            yield COUNTS, row

    # --- inside ---

    def _rows(self, entity: str, where: str, fields: str, *, at: bool = True) -> Iterator[Row]:
        """All pages. Head counts have no time at which they hold, and come with all their history."""
        after = ""
        moment = f', virkningstid: "{_stamp(self.now())}"' if at else ""
        while True:
            said = self._asked(
                f"{{ {entity}(first: {PAGE}{after}{moment}, where: {{ {where} }}) "
                f"{{ pageInfo {{ hasNextPage endCursor }} nodes {{ {fields} }} }} }}"
            )
            found = said.get(entity)
            if not isinstance(found, dict) or not isinstance(found.get("nodes"), list):
                raise NoAnswer(self.system, "no nodes")
            yield from found["nodes"]
            page = found.get("pageInfo") or {}
            if not page.get("hasNextPage"):
                return
            after = f", after: {orjson.dumps(page.get('endCursor')).decode()}"

    def _asked(self, question: str) -> dict[str, Any]:
        answer = self._caller.call(
            "POST",
            self._url,
            repeat=True,
            params={"apiKey": self._key},
            data=orjson.dumps({"query": question}),
            headers={"Content-Type": "application/json"},
        )
        codes = codes_of(answer)
        if codes and codes <= _LATER:
            raise Busy(self._caller, answer, None, done_nothing=False)
        if codes or answer.status_code != requests.codes.ok:
            raise SystemStopped("source.cvr.refused", system=self.system, why=explained(answer))
        body = json_object(answer)
        data = body.get("data") if body else None
        if not isinstance(data, dict):
            raise NoAnswer(self.system, "no JSON")
        return data


def codes_of(answer: requests.Response) -> frozenset[str]:
    """The codes of the errors in an answer; `error` where one has none. Its text may quote us."""
    said = (json_object(answer) or {}).get("errors")
    if not said:
        return frozenset()
    rows = said if isinstance(said, list) else [said]
    return frozenset(_code(row) for row in rows)


def _code(row: Any) -> str:
    found = _CODE.search(orjson.dumps(row).decode())
    return found[0] if found else "error"


def explained(answer: requests.Response) -> str:
    """What may be shown of an answer: status and codes."""
    return " · ".join([f"HTTP {answer.status_code}", *sorted(codes_of(answer))])


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
