"""A company as a document of the index: the shapes that the real one has, odd ones too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulators.cvr.register import BINS, FORMS, INDUSTRY, TOWNS, Company

_HERE = ZoneInfo("Europe/Copenhagen")
_OVER = frozenset({"OPLØST EFTER KONKURS", "TVANGSOPLØST", "OPLØST EFTER FUSION", "OPHØRT"})


def stamp(at: datetime) -> str:
    """A moment as the index writes it: with its zone, in milliseconds."""
    return at.astimezone(_HERE).isoformat(timespec="milliseconds")


def document(one: Company) -> dict[str, Any]:
    """The `_source` of a company, whole."""
    return {"Vrvirksomhed": _company(one)}


def _company(one: Company) -> dict[str, Any]:
    since = stamp(one.moved)
    # Sole traders, partnerships and associations have no status of their own.
    has_status = one.form in {60, 80}
    status = [{"status": one.status, "periode": _span(one.founded), "sidstOpdateret": since}]
    return {
        "cvrNummer": one.cvr,
        "enhedsNummer": 4_000_000_000 + one.cvr % 1_000_000_000,
        "enhedstype": "VIRKSOMHED",
        "samtId": one.version,
        "reklamebeskyttet": one.protected,
        "dataAdgang": 0,
        "regNummer": [],
        "telefonNummer": _phones(one),
        "sekundaertTelefonNummer": [],
        "telefaxNummer": [],
        "elektroniskPost": _reached(one.email, one),
        "hjemmeside": _reached(one.website, one),
        "livsforloeb": [{"periode": _span(one.founded, one.ended), "sidstOpdateret": since}],
        "virksomhedsstatus": status if has_status else [],
        "status": [],
        "fusioner": [],
        "virksomhedMetadata": _metadata(one),
        "sidstOpdateret": since,
        "sidstIndlaest": stamp(one.loaded),
        "fejlVedIndlaesning": False,
        "fejlBeskrivelse": None,
    }


def _span(since: date, until: date | None = None) -> dict[str, Any]:
    return {"gyldigFra": since.isoformat(), "gyldigTil": until.isoformat() if until else None}


def _contact(text: str, one: Company, until: date | None = None, *, secret: bool = False) -> Any:
    span, moved = _span(one.founded, until), stamp(one.moved)
    return {"kontaktoplysning": text, "hemmelig": secret, "periode": span, "sidstOpdateret": moved}


def _reached(text: str, one: Company) -> list[Any]:
    return [_contact(text, one)] if text else []


def _phones(one: Company) -> list[Any]:
    found = [_contact(one.old_phone, one, date(2019, 12, 31))] if one.old_phone else []
    found += [_contact(one.secret_phone, one, secret=True)] if one.secret_phone else []
    return [*found, *_reached(one.phone, one)]


def _metadata(one: Company) -> dict[str, Any]:
    _, short, long, _ = next(form for form in FORMS if form[0] == one.form)
    form = {
        "virksomhedsformkode": one.form,
        "kortBeskrivelse": short,
        "langBeskrivelse": long,
        "ansvarligDataleverandoer": "E&S",
        "periode": _span(one.founded),
    }
    over = one.status in _OVER or one.ended
    return {
        "nyesteNavn": {"navn": one.name, "periode": _span(one.founded)},
        "nyesteBinavne": list(one.secondary),
        "nyesteVirksomhedsform": form,
        "nyesteBeliggenhedsadresse": _address(one),
        "nyesteHovedbranche": _industry(one),
        "nyesteBibranche1": None,
        "nyesteStatus": None,
        "nyesteKontaktoplysninger": [text for text in (one.phone, one.email) if text],
        "antalPenheder": 1,
        "nyesteAarsbeskaeftigelse": None,
        "nyesteKvartalsbeskaeftigelse": None,
        "nyesteMaanedsbeskaeftigelse": _heads(7, date(2019, 9, 1), one),
        "nyesteErstMaanedsbeskaeftigelse": _heads(one.employees, one.counted, one),
        "sammensatStatus": one.status if over or one.form in {60, 80} else "Aktiv",
        "stiftelsesDato": one.founded.isoformat(),
        "virkningsDato": one.founded.isoformat(),
    }


def _address(one: Company) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("fritekst", "vejkode", "vejnavn", "husnummerFra", "husnummerTil", "bogstavFra",
         "bogstavTil", "etage", "sidedoer", "conavn", "postboks", "bynavn", "postnummer",
         "postdistrikt", "adresseId", "kommune")
    )  # fmt: skip
    span = {"periode": _span(one.founded)}
    if one.foreign:
        return {**empty, "landekode": "SE", "fritekst": one.foreign, **span}
    _, town, number, council = next(town for town in TOWNS if town[0] == one.postcode)
    return {
        **empty,
        "landekode": "DK",
        "vejkode": 205,
        "vejnavn": one.street,
        "husnummerFra": one.house,
        "bogstavFra": "A" if one.house % 5 == 0 else None,
        "etage": "2" if one.house % 7 == 0 else None,
        "sidedoer": "tv" if one.house % 7 == 0 else None,
        "postnummer": one.postcode,
        "postdistrikt": town,
        "kommune": {"kommuneKode": number, "kommuneNavn": council},
        **span,
    }


def _industry(one: Company) -> dict[str, Any]:
    since = date(2025, 1, 1) if one.ended is None or one.ended.year > 2024 else one.founded
    text = dict(INDUSTRY).get(one.industry, "Uoplyst")
    return {"branchekode": one.industry, "branchetekst": text, "periode": _span(since)}


def _heads(many: int | None, counted: date, one: Company) -> dict[str, Any] | None:
    if many is None:
        return None
    low = max(edge for edge in BINS if edge <= many)
    above = BINS[BINS.index(low) + 1 :]
    code = f"ANTAL_{low}_{above[0] - 1 if above else 999999}"
    heads = {"aar": counted.year, "maaned": counted.month, "antalAnsatte": many}
    full = {"antalAarsvaerk": many * 0.9, "intervalKodeAntalAarsvaerk": code}
    stamps = {"sidstOpdateret": stamp(one.loaded)}
    return {**heads, **full, "intervalKodeAntalAnsatte": code, **stamps}


def picked(whole: Any, wanted: Sequence[str]) -> Any:
    """A document with the fields of `_source` only; a path names all that is below it."""
    out: dict[str, Any] = {}
    for path in wanted:
        _copy(whole, out, path.split("."))
    return out


def _copy(source: Mapping[str, Any], target: dict[str, Any], path: Sequence[str]) -> None:
    name, *rest = path
    if name not in source:
        return
    if not rest or not isinstance(source[name], dict):
        target[name] = source[name]
        return
    _copy(source[name], target.setdefault(name, {}), rest)
