"""What a column's header says of its cells: the unit of a bare number, the system of a code. Pure.

`12,3` under `Omsætning (mio. kr.)` is millions of kroner, `2` under `Varighed min` is two minutes,
`62.10.00` under `DB25` is of that system. A cell that names its own unit is read by that, whatever
stands above it; a header that names none leaves the matter to the settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final, NamedTuple

from rules import tables
from rules.folding import fold, words_apart
from rules.formats import amounts

DKK, TDKK, MDKK = "DKK", "TDKK", "MDKK"
"""Kroner, thousands and millions of them, as `rules.formats.bins.UNITS` has them."""

SECONDS: Final = "seconds"


class Read(NamedTuple):
    """A header taken apart: its name without the unit, and the unit; both empty: it names none."""

    stem: str = ""
    unit: str = ""


def unit_of(field: str, header: str) -> str:
    """The unit in which the cells of `field` stand under `header`; empty: the header names none.

    Revenue: `DKK`, `TDKK`, `MDKK`, or the ISO code of a foreign currency. Duration: `seconds`,
    `milliseconds`, `minutes`, `hours`, or how a clock shows it: `mm:ss`, `hh:mm:ss`. Industry code:
    `DB07`, `DB25`. Total.
    """
    return _read(field, header).unit


def without_unit(field: str, header: str) -> str:
    """The header as it would be without its unit: `Omsætning` of `Omsætning i 1.000 kr.`.

    Empty when it names none, or a foreign currency: such a column is not the one to look for.
    """
    stem, unit = _read(field, header)
    return "" if field == "revenue" and unit not in _KRONER.values() else stem


@lru_cache(maxsize=4096)
def _read(field: str, header: str) -> Read:
    reading = MEASURED.get(field)
    if reading is None or len(header) > _LONGEST:
        return Read()
    found = reading(header)
    # `RevenueTDKK` is two words; `kDKK` and `DKKm` are one.
    return found if found.unit else reading(words_apart(header))


_LONGEST: Final = 200

# --- money ----------------------------------------------------------------------------------------

_MILLIONS = re.compile(r"(?<![\d.,])(?<!\d )1[ .,]?000[ .,]?000(?![\d])")
_THOUSANDS = re.compile(r"(?<![\d.,])(?<!\d )['’]?(?:1[ .,]?)?000(?:['’]?s)?(?![\d]|[.,]\d)")
_T_KRONER = re.compile(r"(?<!\w)t\.? (?=(?:kr|dkk)(?!\w))")
_KRONER: Final = {Decimal(1): DKK, Decimal(1000): TDKK, Decimal(1_000_000): MDKK}


def _money(header: str) -> Read:
    text = header.lower()
    written = _THOUSANDS.sub("tusind", _MILLIONS.sub("mio", text))
    stem, unit = _taken_apart(_T_KRONER.sub("t.", written), _money_words())
    if not unit:
        return Read()
    amount = amounts.read(f"1 {unit}")
    if not isinstance(amount, amounts.Amount):
        return Read()
    if amount.currency not in {"", DKK}:
        return Read(stem, amount.currency)
    # A number alone (`Kunder 1.000`) counts something else; a unit alone (`mio`) counts kroner.
    if not amount.currency and (amount.unit is None or written != text):
        return Read()
    counted = _KRONER.get(amount.unit or Decimal(1), "")
    return Read(stem, counted) if counted else Read()


@cache
def _money_words() -> frozenset[str]:
    return frozenset(
        row["word"] for row in tables.rows("amount_words") if row["kind"] in {"unit", "currency"}
    )


# --- time -----------------------------------------------------------------------------------------

_TIMES: Final = {
    word: unit
    for unit, words in {
        SECONDS: "s sek sekund sekunder sec secs second seconds",
        "milliseconds": "ms msek millisekunder millisecond milliseconds",
        "minutes": "m min mins minut minutter minute minutes",
        "hours": "t h time timer hr hrs hour hours",
    }.items()
    for word in words.split()
}
_CLOCKS: Final = {
    "hh:mm:ss": re.compile(r"(?<!\w)(?:[ht]{1,2}|timer?):(?:mm?|min):(?:ss?|sek|sec)(?!\w)"),
    "mm:ss": re.compile(r"(?<![\w:])(?:mm?|min):(?:ss?|sek|sec)(?!\w)"),
}


def _time(header: str) -> Read:
    text = header.lower()
    for clock, shape in _CLOCKS.items():
        if shape.search(text):
            return Read(shape.sub(" ", text), clock)
    stem, unit = _taken_apart(text, _TIMES)
    units = {_TIMES[word] for word in unit.split()}
    return Read(stem, units.pop()) if stem and len(units) == 1 else Read()


# --- industry codes -------------------------------------------------------------------------------

_SYSTEM = re.compile(
    r"(?<![^\W_])(?:(?:db[ .-]?|dansk branchekode )(?:20)?(?P<year>07|25)(?: ?v\d)?"
    r"|nace[ .-]*rev(?:ision)?[ .-]*2(?P<new>[.,]1)?)(?!\d)"
)


def _system(header: str) -> Read:
    """NACE alone tells nothing: both systems are built on it, DB07 on its second revision."""
    text = header.lower().replace("_", " ")
    found = {
        f"DB{one['year']}" if one["year"] else "DB25" if one["new"] else "DB07"
        for one in _SYSTEM.finditer(text)
    }
    stem = _SYSTEM.sub(" ", text)
    return Read(stem if fold(stem) else "branchekode", found.pop()) if len(found) == 1 else Read()


# --- words from the right -------------------------------------------------------------------------

_TOKEN = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*|\d+(?:[.,]\d+)*|[€£$]")
_LINKS: Final = frozenset({"i", "in"})
_ANDS: Final = frozenset({"og", "and", "eller", "or"})
_ASIDES: Final = frozenset(
    [
        "år",
        "året",
        "year",
        "seneste",
        "sidste",
        "latest",
        "last",
        "estimeret",
        "estimated",
        "est",
        "ca",
        "årlig",
        "årligt",
    ]
)
_YEAR = re.compile(r"(?:19|20)\d\d")


def _taken_apart(text: str, known: Container[str]) -> Read:
    """The words at the end of a header that are units, and what is left of it without them.

    Years and words about the year may stand among them; they belong to the name.
    """
    units: list[str] = []
    asides: list[str] = []
    end = len(text)
    for found in reversed(list(_TOKEN.finditer(text))):
        word = found[0]
        if word in known:
            units.append(word)
        elif word in _ASIDES or _YEAR.fullmatch(word):
            asides.append(word)
        elif word in _ANDS or word[0].isdigit():
            # `timer og minutter`, `2.000 kr.`: it says more than one unit.
            return Read()
        elif word not in _LINKS:
            break
        end = found.start()
    if not units:
        return Read()
    return Read(" ".join((text[:end], *reversed(asides))), " ".join(reversed(units)))


MEASURED: Final[Mapping[str, Callable[[str], Read]]] = {
    "revenue": _money,
    "duration_seconds": _time,
    "industry_code": _system,
}
"""The fields whose cells a header says how to read."""
