"""The door by Datafordeler: rows of entities as one company. What it cannot tell stands in `CAN`.

No entity holds sites. Whether a company that is there goes on as usual it does not say either: it
names proceedings (`CVR_Kreditoplysninger`) and ends, and their absence is not taken for a yes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import orjson

from connectors.rights import Right
from connectors.sources.cvr.datafordeler import AT_ONCE, COUNTS, QUESTIONS, Row, Service
from connectors.sources.cvr.doors import DATAFORDELER, LIFE, SOURCE, Can
from connectors.sources.cvr.reading import industry_of, moment_of, text_of
from connectors.sources.source import Asking, Found, NotFound, Reply, Unknown
from rules.enrichment.record import Address, CompanyRecord, Headcount, Industry
from rules.enrichment.standing import status_of
from rules.keys import Key, KeyKind

CAN: Final = Can(
    asking={KeyKind.CVR: Asking(batch=AT_ONCE, life=LIFE, calls=QUESTIONS)},
    fields=frozenset(
        {
            "company_name", "cvr", "legal_form", "industry_code", "industry_scheme",
            "industry_label", "industry_code_db25", "employees", "main_phone", "address",
            "postcode", "city", "country", "company_status", "ad_protected",
        }
    ),
    blank=frozenset({"stamp", "website", "status"}),
    seconds=2.0,
)  # fmt: skip
_SEAT: Final = "beliggenhedsadresse"
UNSURE: Final = "absent_unsure"
Parts = Mapping[str, Sequence[Row]]


class DatafordelerDoor:
    """The register by Datafordeler. `absence`: a number that it has nothing of is of no company."""

    name = DATAFORDELER
    can = CAN

    def __init__(self, service: Service, *, absence: bool) -> None:
        self._service, self._absence = service, absence

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """One reply for each key, a hundred of them at a time."""
        for at in range(0, len(keys), AT_ONCE):
            yield from self._some(keys[at : at + AT_ONCE])

    def check(self) -> Iterator[Right]:
        """Whether the key is taken."""
        self._service.companies(["10000009"])
        yield Right(SOURCE, True, "source.cvr.right.datafordeler")

    def _some(self, keys: Sequence[Key]) -> Iterator[Reply]:
        rows = _current(self._service.companies([key.value for key in keys]))
        found = {f"{row['CVRNummer']:08d}": row for row in rows}
        parts: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        ids = [row["id"] for row in found.values()]
        for entity, row in self._service.parts(ids) if ids else ():
            parts[row["CVREnhedsId"]][entity].append(row)
        for key in keys:
            if key.value in found:
                own = found[key.value]
                theirs = parts[own["id"]]
                record = company(own, theirs, self._service.now())
                yield Found(key, (record,), orjson.dumps([own, theirs]))
            else:
                yield NotFound(key) if self._absence else Unknown(key, UNSURE)


def company(row: Row, parts: Parts, read_at: datetime) -> CompanyRecord:
    """A company by its own row and by those of the entities that belong to it."""
    names = sorted(_current(parts.get("CVR_Navn", ())), key=_place)
    main = [one for one in names if _place(one) == 0]
    ended = moment_of(row.get("virksomhedOphoersdato"))
    return CompanyRecord(
        cvr=f"{row['CVRNummer']:08d}",
        source=SOURCE,
        read_at=read_at,
        name=text_of(main[0].get("vaerdi")) if main else "",
        secondary_names=tuple(
            filter(None, (text_of(one.get("vaerdi")) for one in names if _place(one)))
        ),
        status=_status(row, parts, ended),
        founded=moment_of(row.get("virksomhedStartdato")),
        ended=ended,
        form_code=_value(parts, "CVR_Virksomhedsform"),
        industry=_industry(parts),
        headcount=_headcount(parts.get(COUNTS, ())),
        address=_address(parts),
        phone=_value(parts, "CVR_Telefonnummer"),
        email=_value(parts, "CVR_e_mailadresse"),
        protected=_protected(parts),
    )


def _current(rows: Sequence[Row]) -> list[Row]:
    """Those that hold, the newest first."""
    held = [one for one in rows if not (one.get("virkningTil") or one.get("registreringTil"))]
    return sorted(held, key=lambda one: str(one.get("virkningFra") or ""), reverse=True)


def _place(row: Row) -> int:
    """0: the main one; from 1: others beside it."""
    return int(row.get("sekvens") or 0)


def _value(parts: Parts, entity: str) -> str:
    held = _current(parts.get(entity, ()))
    return text_of(held[0].get("vaerdi")) if held else ""


def _protected(parts: Parts) -> bool | None:
    """Of several rows that hold, protection wins."""
    said = [one.get("vaerdi") for one in _current(parts.get("CVR_Reklamebeskyttelse", ()))]
    known = [one for one in said if isinstance(one, bool)]
    return any(known) if known else None


def _status(row: Row, parts: Parts, ended: date | None) -> str:
    """What it is known to be; that a company goes on as usual is not among it."""
    for one in _current(parts.get("CVR_Kreditoplysninger", ())):
        word = text_of(one.get("kreditoplysningstekst"))
        if said := status_of(word) or status_of(f"under {word}"):
            return said
    said = status_of(text_of(row.get("status")))
    return "dissolved" if ended and said in {"", "active"} else "" if said == "active" else said


def _industry(parts: Parts) -> Industry | None:
    main = [one for one in _current(parts.get("CVR_Branche", ())) if _place(one) == 0]
    if not main:
        return None
    row = main[0]
    since, until = moment_of(row.get("virkningFra")), moment_of(row.get("virkningTil"))
    return industry_of(row.get("vaerdi"), row.get("vaerdiTekst"), since, until)


def _headcount(rows: Sequence[Row]) -> Headcount | None:
    """The newest that counts anything."""
    counted = [one for one in rows if _number(one, "antal", "intervalFra") is not None]
    newest = max(counted, key=lambda one: str(one.get("datoTil") or ""), default=None)
    if newest is None:
        return None
    until = moment_of(newest.get("datoTil"))
    month = until.replace(day=1) if until else None
    exact = _number(newest, "antal")
    low, high = _number(newest, "intervalFra"), _number(newest, "intervalTil")
    return Headcount(exact=exact, low=low, high=None if high == _OPEN_END else high, month=month)


_OPEN_END: Final = 999_999


def _number(row: Row, *names: str) -> int | None:
    return next((row[name] for name in names if isinstance(row.get(name), int)), None)


def _address(parts: Parts) -> Address:
    """That of its seat; an address abroad is free text."""
    held = _current(parts.get("CVR_Adressering", ()))
    seat = [one for one in held if text_of(one.get("AdresseringAnvendelse")).lower() == _SEAT]
    if not seat:
        return Address()
    row = {name.removeprefix("CVRAdresse_"): text_of(one) for name, one in seat[0].items()}
    free = seat[0].get("CVRAdresse_adresseFritekst")
    lines = filter(None, map(text_of, str(free or "").splitlines()))
    return Address(
        street=", ".join(_street(row)) or ", ".join(lines),
        postcode=row.get("postnummer", ""),
        city=row.get("postdistrikt", ""),
        country=row.get("landekode", ""),
    )


def _street(row: Mapping[str, str]) -> Iterator[str]:
    """`Havnegade 16A, 2. tv`."""
    number = "-".join(filter(None, (_house(row, "Fra"), _house(row, "Til"))))
    if row.get("vejnavn"):
        yield f"{row['vejnavn']} {number}".strip()
    elif row.get("postboks"):
        yield f"Postboks {row['postboks']}"
    else:
        return
    floor, side = row.get("etagebetegnelse", ""), row.get("doerbetegnelse", "")
    if floor or side:
        yield f"{floor + '.' if floor.isdecimal() else floor} {side}".strip()


def _house(row: Mapping[str, str], which: str) -> str:
    return row.get(f"husnummer{which}", "").lstrip("0")
