"""Which question is answered by what: the company register as Datafordeler's GraphQL service has it.

Told from what its users wrote down of the live service in 2026: one entity a question, no aliases, a
moment (`virkningstid`) for all but head counts, a hundred values in a list, pages of a thousand, every
entity with one of its own keys in the filter, errors inside answers of status 200.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from simulators.cvr.register import BINS, FORMS, INDUSTRY, TOWNS, Company, Register
from simulators.web import Ask, Told, Vendor

HOST: Final = "https://graphql.datafordeler.dk"
KEY: Final = "opdigtet-noegle-til-datafordeler"
PATH: Final = "/CVR/v2"
MOST: Final = 100
_QUESTION: Final = re.compile(
    r"\{\s*(?P<root>\w+)\((?P<args>.*?)where:\s*\{\s*(?P<key>\w+):\s*\{\s*(?P<how>in|eq):\s*"
    r"(?P<values>\[[^\]]*\]|[^}\s]+)\s*\}\s*\}\s*\)\s*"
    r"\{\s*pageInfo\s*\{[^}]*\}\s*nodes\s*\{(?P<fields>[^}]*)\}\s*\}\s*\}",
)
_SPAN: Final = ("virkningFra", "virkningTil", "registreringFra", "registreringTil")
_ADDRESS: Final = (
    "vejnavn", "husnummerFra", "husnummerTil", "etagebetegnelse", "doerbetegnelse", "postnummer",
    "postdistrikt", "supplerendeBynavn", "kommunekode", "landekode", "adresseFritekst", "postboks",
)  # fmt: skip
ENTITIES: Final[Mapping[str, tuple[str, ...]]] = {
    "CVR_Virksomhed": (
        "id", "CVRNummer", "status", "virksomhedStartdato", "virksomhedOphoersdato", *_SPAN,
    ),
    "CVR_Navn": ("CVREnhedsId", "vaerdi", "sekvens", *_SPAN),
    "CVR_Adressering": (
        "CVREnhedsId", "AdresseringAnvendelse", "coNavn", *(f"CVRAdresse_{one}" for one in _ADDRESS),
        *_SPAN,
    ),
    "CVR_Branche": ("CVREnhedsId", "vaerdi", "vaerdiTekst", "sekvens", *_SPAN),
    "CVR_Virksomhedsform": ("CVREnhedsId", "vaerdi", "vaerdiTekst", *_SPAN),
    "CVR_Telefonnummer": ("CVREnhedsId", "vaerdi", *_SPAN),
    "CVR_e_mailadresse": ("CVREnhedsId", "vaerdi", *_SPAN),
    "CVR_Reklamebeskyttelse": ("CVREnhedsId", "vaerdi", *_SPAN),
    "CVR_Kreditoplysninger": (
        "CVREnhedsId", "Kreditoplysning", "kreditoplysningstekst", "statusvaerdi", *_SPAN,
    ),
    "CVR_Beskaeftigelse": (
        "CVREnhedsId", "antal", "intervalFra", "intervalTil", "beskaeftigelsestalstype", "datoFra",
        "datoTil",
    ),
}  # fmt: skip
"""The entities and their fields, as the service's users name them."""


class Refused(Exception):
    """A question that is refused, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass
class Service:
    """The service over a register. `stale`: what changed since it was filled has not arrived yet."""

    register: Register
    page: int = 1000
    months: int = 3
    """So many months of head counts each company has."""
    stale: bool = False
    broken: list[tuple[int, Any]] = field(default_factory=list)
    """Status and body of the next answers, instead of what would be said."""
    asked: list[str] = field(default_factory=list)
    """The entity of each question."""

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        if ask.one("apiKey") != KEY:
            return Told(401, "", type="text/plain")
        if ask.path != PATH or ask.method != "POST":
            return Told(404, "", type="text/plain")
        if self.broken:
            status, body = self.broken.pop(0)
            return Told(status, body)
        try:
            return Told(200, self._answered(str((ask.body or {}).get("query", ""))))
        except Refused as why:
            problem = {"message": why.message, "extensions": {"code": why.code}}
            return Told(200, {"errors": [problem], "data": None})

    def _answered(self, question: str) -> dict[str, Any]:
        entity, args, key, values, fields = _read(question)
        self.asked.append(entity)
        rows = [row for one in self._named(key, values) for row in _rows(entity, one, self.months)]
        first = min(int(args.get("first", 10)), self.page)
        begin = int(base64.b64decode(args["after"])) if "after" in args else 0
        nodes = [{name: row[name] for name in fields} for row in rows[begin : begin + first]]
        end = begin + len(nodes)
        more = end < len(rows)
        cursor = base64.b64encode(str(end).encode()).decode() if nodes else None
        info = {"hasNextPage": more, "endCursor": cursor}
        return {"data": {entity: {"pageInfo": info, "nodes": nodes}}}

    def _named(self, key: str, values: list[str]) -> Iterator[Company]:
        find = self.register.as_made if self.stale else self.register.find
        numbers = values if key == "CVRNummer" else [one.removeprefix("4") for one in values]
        found = (find(int(one)) for one in numbers)
        return (one for one in found if one)


def _read(question: str) -> tuple[str, dict[str, str], str, list[str], list[str]]:
    """(entity, arguments, key, values, fields) of a question that is allowed."""
    if re.search(r"\w+\s*:\s*CVR_\w+\s*\(", question):
        raise Refused("DAF-GQL-0008", "Aliases are not allowed")
    if len(re.findall(r"CVR_\w+\s*\(", question)) > 1:
        raise Refused("DAF-GQL-0010", "Only one root field is allowed")
    found = _QUESTION.fullmatch(question.strip())
    if not found or found["root"] not in ENTITIES:
        raise Refused("HC0016", "The question cannot be read")
    entity, fields = found["root"], found["fields"].split()
    args = dict(re.findall(r'(\w+):\s*"?([^",]+)"?', found["args"]))
    keys = ("CVRNummer", "id") if entity == "CVR_Virksomhed" else ("CVREnhedsId",)
    values = [one.strip(' "') for one in found["values"].strip("[]").split(",")]
    if found["key"] not in keys:
        raise Refused("DAF-GQL-0002", "One of the key fields is wanted in the filter")
    if len(values) > MOST:
        raise Refused("DAF-GQL-0016", "Too many values in the list")
    if ("virkningstid" in args) == (entity == "CVR_Beskaeftigelse"):
        raise Refused("DAF-GQL-0009", "virkningstid")
    for name in fields:
        if name not in ENTITIES[entity]:
            raise Refused("HC0011", f"The field {name} does not exist")
    return entity, args, found["key"], values, fields


# --- a company as rows ------------------------------------------------------------------------


def _rows(entity: str, one: Company, months: int) -> Iterator[dict[str, Any]]:
    """What an entity holds of a company, as of now."""
    if entity == "CVR_Beskaeftigelse":
        yield from _counts(one, months)
        return
    since = one.founded.isoformat() + "T00:00:00Z"
    span = {"virkningFra": since, "virkningTil": None, "registreringFra": since}
    ident = "id" if entity == "CVR_Virksomhed" else "CVREnhedsId"
    for row in _MADE[entity](one):
        yield {ident: f"4{one.cvr}", **span, "registreringTil": None, **row}


def _company(one: Company) -> Iterator[dict[str, Any]]:
    yield {
        "CVRNummer": one.cvr,
        "status": "ophørt" if one.ended else "aktiv",
        "virksomhedStartdato": one.founded.isoformat(),
        "virksomhedOphoersdato": one.ended.isoformat() if one.ended else None,
    }


def _names(one: Company) -> Iterator[dict[str, Any]]:
    for at, name in enumerate((one.name, *one.secondary)):
        yield {"vaerdi": name, "sekvens": at}


def _addresses(one: Company) -> Iterator[dict[str, Any]]:
    empty = dict.fromkeys(f"CVRAdresse_{name}" for name in _ADDRESS)
    row = {**empty, "AdresseringAnvendelse": "beliggenhedsadresse", "coNavn": None}
    if one.foreign:
        yield {**row, "CVRAdresse_landekode": "SE", "CVRAdresse_adresseFritekst": one.foreign}
        return
    _, town, council, _ = next(town for town in TOWNS if town[0] == one.postcode)
    letter = "A" if one.house % 5 == 0 else ""
    floor = one.house % 7 == 0
    yield {
        **row,
        "CVRAdresse_vejnavn": one.street,
        "CVRAdresse_husnummerFra": f"{one.house}{letter}",
        "CVRAdresse_etagebetegnelse": "2" if floor else None,
        "CVRAdresse_doerbetegnelse": "tv" if floor else None,
        "CVRAdresse_postnummer": f"{one.postcode:04d}",
        "CVRAdresse_postdistrikt": town,
        "CVRAdresse_kommunekode": str(council),
        "CVRAdresse_landekode": "DK",
    }


def _trades(one: Company) -> Iterator[dict[str, Any]]:
    since = date(2025, 1, 1) if one.ended is None or one.ended.year > 2024 else one.founded
    text = dict(INDUSTRY).get(one.industry, "Uoplyst")
    from_ = since.isoformat() + "T00:00:00Z"
    yield {"vaerdi": one.industry, "vaerdiTekst": text, "sekvens": 0, "virkningFra": from_}


def _forms(one: Company) -> Iterator[dict[str, Any]]:
    long = next(form[2] for form in FORMS if form[0] == one.form)
    yield {"vaerdi": str(one.form), "vaerdiTekst": long}


def _credit(one: Company) -> Iterator[dict[str, Any]]:
    if one.status.startswith("UNDER "):
        word = one.status.removeprefix("UNDER ").capitalize()
        yield {"Kreditoplysning": "1", "kreditoplysningstekst": word, "statusvaerdi": "1"}


def _counts(one: Company, months: int) -> Iterator[dict[str, Any]]:
    """Month by month, in no order, and the old series of intervals."""
    ident = {"CVREnhedsId": f"4{one.cvr}"}
    old = {"antal": None, "intervalFra": 5, "intervalTil": 9, "beskaeftigelsestalstype": "INTERVAL"}
    if one.employees is not None:
        low = max(edge for edge in BINS if edge <= one.employees)
        above = BINS[BINS.index(low) + 1 :]
        high = above[0] - 1 if above else 999_999
        ends = (one.counted, *(_months_before(one.counted, n) for n in range(1, months)))
        for at, month in enumerate(ends):
            yield {
                **ident,
                "antal": one.employees + at,
                "intervalFra": low,
                "intervalTil": high,
                "beskaeftigelsestalstype": "ANTAL",
                "datoFra": month.isoformat(),
                "datoTil": month.replace(day=28).isoformat(),
            }
    yield {**ident, **old, "datoFra": "2019-09-01", "datoTil": "2019-09-30"}


def _months_before(month: date, many: int) -> date:
    at = month.year * 12 + month.month - 1 - many
    return date(at // 12, at % 12 + 1, 1)


def _one(name: str) -> Callable[[Company], Iterator[dict[str, Any]]]:
    def rows(one: Company) -> Iterator[dict[str, Any]]:
        value = getattr(one, name)
        if value != "":
            yield {"vaerdi": value}

    return rows


_MADE: Final[Mapping[str, Callable[[Company], Iterator[dict[str, Any]]]]] = {
    "CVR_Virksomhed": _company,
    "CVR_Navn": _names,
    "CVR_Adressering": _addresses,
    "CVR_Branche": _trades,
    "CVR_Virksomhedsform": _forms,
    "CVR_Telefonnummer": _one("phone"),
    "CVR_e_mailadresse": _one("email"),
    "CVR_Reklamebeskyttelse": _one("protected"),
    "CVR_Kreditoplysninger": _credit,
}


@dataclass(slots=True)
class Datafordeler(Vendor):
    """The service and the line to it."""

    desk: Service

    @property
    def register(self) -> Register:
        """What it holds."""
        return self.desk.register


def build(
    companies: int = 100,
    *,
    seed: int = 7,
    clock: Callable[[], datetime] | None = None,
    register: Register | None = None,
) -> Datafordeler:
    """The service over so many companies, or over a register that others tell of as well."""
    now = clock or (lambda: datetime.now(UTC))
    held = register or Register(companies, seed, now)
    return Datafordeler(Service(held), HOST, clock=now)
