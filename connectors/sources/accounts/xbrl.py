"""Annual accounts as XBRL, read for two figures: revenue, and gross profit. Pure, streaming, bounded.

    figures(chunks, "90000017", date(2025, 12, 31)) -> Figures

The namespaces are told by their addresses, whatever their prefixes: the Danish ones (`fsa`) and IFRS.
A figure counts when it is of the company itself, of a whole year that ends on the day asked for, in
one currency. In the Danish taxonomy the company's own figures stand in contexts without dimensions,
or under `SoloMember`, and the group's under `ConsolidatedMember`; under IFRS what has no dimension is
the group's, and the company's own stands under `SeparateMember`. What is said twice and differently
is not said.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple
from xml.parsers import expat

from rules.enrichment.record import Money

MOST_BYTES: Final = 64 * 2**20
"""An instance that is larger is not read; large ones are of a few megabytes."""
MOST_CONTEXTS: Final = 50_000
A_YEAR: Final = range(350, 380)
"""Days of a year of accounts; a first year of five months or of eighteen is no year's revenue."""
INSTANCE: Final = "http://www.xbrl.org/2003/instance"
_NIL: Final = "http://www.w3.org/2001/XMLSchema-instance nil"
_MEMBERS: Final = (
    "http://xbrl.org/2006/xbrldi explicitMember",
    "http://xbrl.org/2006/xbrldi typedMember",
)
_FSA: Final = "http://xbrl.dcca.dk/fsa"
_REVENUE, _GROSS = "revenue", "gross_profit"
_FIGURES: Final = {
    (True, "Revenue"): _REVENUE,
    (True, "GrossProfitLoss"): _GROSS,
    (False, "Revenue"): _REVENUE,
    (False, "GrossProfit"): _GROSS,
}
"""(Danish taxonomy, else IFRS; name) -> figure. One never stands for the other."""
_OWN, _GROUP, _NEITHER = "own", "group", "neither"
_SCOPES: Final[Mapping[tuple[bool, tuple[str, ...]], str]] = {
    (True, ()): _OWN,
    (True, ("ConsolidatedSoloDimension=SoloMember",)): _OWN,
    (True, ("ConsolidatedSoloDimension=ConsolidatedMember",)): _GROUP,
    (False, ()): _GROUP,
    (False, ("ConsolidatedAndSeparateFinancialStatementsAxis=SeparateMember",)): _OWN,
    (False, ("ConsolidatedAndSeparateFinancialStatementsAxis=ConsolidatedMember",)): _GROUP,
}
"""Whose a figure is by its dimensions; any other is a part of something."""


class Unreadable(Exception):
    """It is no XBRL instance, or more than can be read."""


class Figures(NamedTuple):
    """What a year's accounts state; None: they do not."""

    revenue: Money | None = None
    gross_profit: Money | None = None


@dataclass(slots=True)
class _Context:
    number: str = ""
    start: str = ""
    end: str = ""
    dimensions: list[str] = field(default_factory=list)


class _Fact(NamedTuple):
    figure: str
    danish: bool
    context: str
    unit: str
    text: str
    digits: float


def figures(chunks: Iterable[bytes], number: str, ends: date, *, group: bool = False) -> Figures:
    """The figures of the company with that CVR number, of the year that `ends` then.

    `group`: those of its group are taken where it states none of its own.
    """
    return _Instance().read(chunks).figures(number, ends, group=group)


class _Instance:
    """What is needed of one instance, as its parts go by."""

    def __init__(self) -> None:
        self.contexts: dict[str, _Context] = {}
        self.units: dict[str, str] = {}
        self.facts: list[_Fact] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self._at = ""
        self._attributes: dict[str, str] = {}

    def read(self, chunks: Iterable[bytes]) -> _Instance:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._said
        parser.StartDoctypeDeclHandler = _no_doctype
        try:
            for chunk in plain(chunks):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise Unreadable(f"not XML, line {error.lineno}") from None
        return self

    # --- what the parser says ---

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path and name != f"{INSTANCE} xbrl":
            raise Unreadable("no XBRL instance")
        self._path.append(name)
        depth = len(self._path)
        if depth == 2:
            self._at = attributes.get("id", "")
            if name == f"{INSTANCE} context":
                self.contexts[self._at] = _Context()
                if len(self.contexts) > MOST_CONTEXTS:
                    raise Unreadable("too many contexts")
        self._attributes = attributes
        self._text.clear()

    def _said(self, text: str) -> None:
        # A note of many pages is text as well, and is not wanted.
        if len(self._text) < 64:
            self._text.append(text)

    def _end(self, name: str) -> None:
        top = self._path[1] if len(self._path) > 1 else ""
        text = "".join(self._text).strip()
        if top == f"{INSTANCE} context":
            self._in_context(self.contexts[self._at], name, text)
        elif top == f"{INSTANCE} unit":
            self._in_unit(name, text)
        elif len(self._path) == 2:
            self._fact(name, text)
        self._path.pop()
        self._text.clear()

    def _in_context(self, one: _Context, name: str, text: str) -> None:
        match name.removeprefix(f"{INSTANCE} "):
            case "identifier":
                one.number = text
            case "startDate":
                one.start = text
            case "endDate":
                one.end = text
        if name in _MEMBERS:
            dimension = _local(self._attributes.get("dimension", ""))
            one.dimensions.append(f"{dimension}={_local(text)}")

    def _in_unit(self, name: str, text: str) -> None:
        """A currency; a unit that is put together, such as kroner a share, is none."""
        if name == f"{INSTANCE} measure":
            self.units[self._at] = "" if self._at in self.units else _local(text)

    def _fact(self, name: str, text: str) -> None:
        space, _, local = name.rpartition(" ")
        danish = space == _FSA
        figure = _FIGURES.get((danish, local)) if danish or space.endswith("/ifrs-full") else None
        said = self._attributes
        if figure and said.get(_NIL) not in {"true", "1"}:
            digits = _digits(said.get("decimals", ""))
            where = said.get("contextRef", ""), said.get("unitRef", "")
            self.facts.append(_Fact(figure, danish, *where, text, digits))

    # --- what it comes to ---

    def figures(self, number: str, ends: date, *, group: bool) -> Figures:
        found = {}
        for figure in (_REVENUE, _GROSS):
            own = self._stated(figure, _OWN, number, ends)
            theirs = self._stated(figure, _GROUP, number, ends) if group else []
            found[figure] = _agreed(own or theirs, ends)
        return Figures(**found)

    def _stated(
        self, figure: str, scope: str, number: str, ends: date
    ) -> list[tuple[float, Decimal, str]]:
        """(how exact, amount, currency) of each statement of a figure."""
        found = []
        for one in self.facts:
            context = self.contexts.get(one.context)
            amount, currency = _amount(one.text), self.units.get(one.unit, "")
            if (
                one.figure == figure
                and context
                and context.number == number
                and _is_year(context, ends)
                and _SCOPES.get((one.danish, tuple(context.dimensions)), _NEITHER) == scope
                and amount is not None
                and len(currency) == 3
            ):
                found.append((one.digits, amount, currency))
        return found


def _agreed(found: list[tuple[float, Decimal, str]], ends: date) -> Money | None:
    """The most exact of several that say the same; nothing where they do not."""
    if not found:
        return None
    digits, amount, currency = max(found, key=lambda one: one[0])
    for other_digits, other, other_currency in found:
        least = min(digits, other_digits)
        off = Decimal(10) ** int(-least) if least < 20 else Decimal(0)
        if other_currency != currency or abs(other - amount) > off:
            return None
    return Money(amount=amount, currency=currency, period_end=ends)


def _is_year(context: _Context, ends: date) -> bool:
    try:
        start, end = date.fromisoformat(context.start), date.fromisoformat(context.end)
    except ValueError:
        return False
    return end == ends and (end - start).days in A_YEAR


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _digits(text: str) -> float:
    """`decimals`: so many digits behind the comma are right, before it where it is negative. It says
    how exact a figure is, not that it stands in thousands."""
    if text == "INF":
        return 100
    return int(text) if text.lstrip("-").isdecimal() else 0


def _local(name: str) -> str:
    return name.strip().rpartition(":")[2]


def _no_doctype(*_: object) -> None:
    raise Unreadable("a document type of its own")


def plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes as they are, or unpacked: they come packed, and no header says so."""
    unpack: Callable[[bytes], Iterator[bytes]] | None = None
    size, begin = 0, b""
    for chunk in chunks:
        data, begin = begin + chunk, b""
        if unpack is None and len(data) < 2:
            begin = data
            continue
        unpack = unpack or (_unpacking() if data.startswith(b"\x1f\x8b") else _as_it_is)
        for part in unpack(data):
            size += len(part)
            if size > MOST_BYTES:
                raise Unreadable("too large")
            yield part


def _as_it_is(data: bytes) -> Iterator[bytes]:
    yield data


def _unpacking() -> Callable[[bytes], Iterator[bytes]]:
    """Never more at once than a part: a small file may hold a very large one."""
    packed = zlib.decompressobj(wbits=31)

    def unpack(data: bytes) -> Iterator[bytes]:
        while data:
            try:
                yield packed.decompress(data, 2**18)
            except zlib.error:
                raise Unreadable("broken off, or not packed") from None
            data = packed.unconsumed_tail

    return unpack
