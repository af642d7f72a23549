"""A document of the company register as a `CompanyRecord`. Pure, and total on what the index holds.

Only what holds today is read: of lists with periods the open entry, of contact points none that
the company calls secret. The stamp counts versions and names the month of the head count, because a
new head count moves no other stamp.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

from rules.enrichment.record import Address, CompanyRecord, Headcount, Industry
from rules.enrichment.standing import status_of

SOURCE: Final = "cvr"
NEW_CODES: Final = date(2025, 1, 1)
"""From this day on the register holds codes of DB25 (Regulation (EU) 2023/137)."""
NO_TRADE: Final = frozenset({"980000", "999999"})
"""Codes that say that the trade is not known."""
_INTERVAL: Final = re.compile(r"ANTAL_(\d+)_(\d*)")
_OPEN_END: Final = 999_999
_COUNTS: Final = (
    "nyesteErstMaanedsbeskaeftigelse",
    "nyesteMaanedsbeskaeftigelse",
    "nyesteKvartalsbeskaeftigelse",
    "nyesteAarsbeskaeftigelse",
)


def company(doc: Mapping[str, Any], read_at: datetime) -> CompanyRecord:
    """The company that a document (what stands under `Vrvirksomhed`) tells of."""
    meta = doc.get("virksomhedMetadata") or {}
    heads = _headcount(meta)
    founded, ended = _life(doc, meta)
    return CompanyRecord(
        cvr=f"{doc['cvrNummer']:08d}",
        source=SOURCE,
        read_at=read_at,
        stamp=f"{doc.get('samtId')}/{heads.month if heads and heads.month else ''}",
        name=text_of((meta.get("nyesteNavn") or {}).get("navn")),
        secondary_names=tuple(filter(None, map(text_of, meta.get("nyesteBinavne") or ()))),
        status=_status(doc, meta, ended),
        founded=founded,
        ended=ended,
        form_code=text_of((meta.get("nyesteVirksomhedsform") or {}).get("virksomhedsformkode")),
        industry=_industry(meta.get("nyesteHovedbranche")),
        headcount=heads,
        address=_address(meta.get("nyesteBeliggenhedsadresse") or {}),
        phone=_first(doc, "telefonNummer") or _first(doc, "sekundaertTelefonNummer"),
        email=_first(doc, "elektroniskPost"),
        website=_first(doc, "hjemmeside"),
        protected=_flag(doc.get("reklamebeskyttet")),
    )


def text_of(value: Any) -> str:
    """Text without blanks around and doubled; empty for nothing."""
    return "" if value is None else " ".join(str(value).split())


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def moment_of(value: Any) -> date | None:
    """The day at the beginning of a date or a moment; None: there is none."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _rows(value: Any) -> list[Mapping[str, Any]]:
    """A list, or what should be one: the index has both."""
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, Mapping)]


def _span(row: Mapping[str, Any]) -> tuple[date | None, date | None]:
    span = row.get("periode") or {}
    return moment_of(span.get("gyldigFra")), moment_of(span.get("gyldigTil"))


def _first(doc: Mapping[str, Any], name: str) -> str:
    """The contact point that holds today and is not secret; of several the one that came last."""
    found = [
        (_span(row)[0] or date.min, text)
        for row in _rows(doc.get(name))
        if row.get("hemmelig") is False
        and _span(row)[1] is None
        and (text := text_of(row.get("kontaktoplysning")))
    ]
    return max(found)[1] if found else ""


def _life(doc: Mapping[str, Any], meta: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """When it was founded and when it ended. More than one period: it was opened again."""
    spans = [_span(row) for row in _rows(doc.get("livsforloeb"))]
    begins = [begin for begin, _ in spans if begin]
    ends = [end for _, end in spans]
    over = max((end for end in ends if end), default=None) if ends and None not in ends else None
    return moment_of(meta.get("stiftelsesDato")) or min(begins, default=None), over


def _status(doc: Mapping[str, Any], meta: Mapping[str, Any], ended: date | None) -> str:
    """Sole traders and partnerships have no status of their own: theirs is put together."""
    own = [row for row in _rows(doc.get("virksomhedsstatus")) if _span(row)[1] is None]
    last = max(own, key=lambda row: _span(row)[0] or date.min, default={})
    word = text_of(last.get("status")) or text_of(meta.get("sammensatStatus"))
    said = (status_of(word) or "unknown") if word else ""
    return "dissolved" if ended and said in {"", "active"} else said


def _industry(row: Any) -> Industry | None:
    return (
        industry_of(row.get("branchekode"), row.get("branchetekst"), *_span(row)) if row else None
    )


def industry_of(code: Any, label: Any, since: date | None, until: date | None) -> Industry | None:
    """An industry with its system, which its period tells; None where the trade is not known."""
    digits = text_of(code).zfill(6)
    if len(digits) != 6 or not digits.isdecimal() or digits in NO_TRADE | {"000000"}:
        return None
    scheme = "DB25" if since and since >= NEW_CODES else ""
    if until and until < NEW_CODES:
        scheme = "DB07"
    return Industry(code=digits, scheme=scheme, label=text_of(label))


def _headcount(meta: Mapping[str, Any]) -> Headcount | None:
    """The newest of the four series: the first began late, the others ended."""
    found = [_counted(row) for name in _COUNTS for row in _rows(meta.get(name))]
    known = [one for one in found if one]
    return max(known, key=lambda one: one.month or date.min, default=None)


def _counted(row: Mapping[str, Any]) -> Headcount | None:
    span = _INTERVAL.fullmatch(text_of(row.get("intervalKodeAntalAnsatte")))
    exact = row.get("antalAnsatte")
    exact = exact if isinstance(exact, int) else None
    if exact is None and not span:
        return None
    low, high = (int(span[1]), int(span[2] or _OPEN_END)) if span else (None, None)
    month = row.get("maaned") or 3 * (row.get("kvartal") or 4)
    day = moment_of(f"{row.get('aar')}-{month:02d}-01")
    return Headcount(exact=exact, low=low, high=None if high == _OPEN_END else high, month=day)


def _address(row: Mapping[str, Any]) -> Address:
    postcode = row.get("postnummer")
    return Address(
        street=", ".join(_street(row)),
        postcode=f"{postcode:04d}" if isinstance(postcode, int) else text_of(postcode),
        city=text_of(row.get("postdistrikt")),
        country=text_of(row.get("landekode")),
    )


def _street(row: Mapping[str, Any]) -> Iterator[str]:
    """`Havnegade 16A, 2. tv`; an address abroad is free text of several lines."""
    free = row.get("fritekst")
    if free and not row.get("vejnavn"):
        yield from filter(None, map(text_of, str(free).splitlines()))
        return
    begin = _house(row, "Fra")
    end = _house(row, "Til")
    number = f"{begin}-{end}" if begin and end else begin
    if row.get("vejnavn"):
        yield f"{text_of(row['vejnavn'])} {number}".strip()
    elif row.get("postboks"):
        yield f"Postboks {text_of(row['postboks'])}"
    floor, side = text_of(row.get("etage")), text_of(row.get("sidedoer"))
    if floor or side:
        yield f"{floor + '.' if floor else ''} {side}".strip()


def _house(row: Mapping[str, Any], which: str) -> str:
    return text_of(row.get(f"husnummer{which}")) + text_of(row.get(f"bogstav{which}"))
