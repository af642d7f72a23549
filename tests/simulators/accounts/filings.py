"""Annual accounts of made-up companies as XBRL: the shapes that real ones have, odd ones too.

A report is worked out from the company's number when somebody asks for it. Prefixes differ from one
maker's program to the next, last year stands beside this one, and most state gross profit only.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Final

_FSA: Final = "http://xbrl.dcca.dk/fsa"
_IFRS: Final = "https://xbrl.ifrs.org/taxonomy/2024-03-27/ifrs-full"
SOLO: Final = "cmn:ConsolidatedSoloDimension", "cmn:SoloMember"
GROUP: Final = "cmn:ConsolidatedSoloDimension", "cmn:ConsolidatedMember"
SEPARATE: Final = (
    "ifrs-full:ConsolidatedAndSeparateFinancialStatementsAxis",
    "ifrs-full:SeparateMember",
)
Dimension = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement. `last`: of the year before; `shown`: as it is written."""

    name: str
    shown: str
    dimension: Dimension | None = None
    last: bool = False
    decimals: str = "0"
    unit: str = "DKK"
    nil: bool = False


@dataclass(frozen=True, slots=True)
class Filing:
    """What a company publishes about the year that `ends` then."""

    cvr: int
    ends: date
    facts: tuple[Fact, ...]
    starts: date | None = None
    ifrs: bool = False
    prefix: str = "fsa"
    packed: bool = True
    xml: bool = True
    corrects: int = 0
    """So many corrections came before it."""
    noise: int = 0
    """So many notes of which nothing is wanted."""
    head: str = ""

    @property
    def begins(self) -> date:
        return self.starts or date(self.ends.year, 1, 1)

    def bytes_(self) -> bytes:
        """As it is downloaded: packed, and no header says so."""
        raw = "".join(self._text()).encode()
        return gzip.compress(raw, mtime=0) if self.packed else raw

    def _text(self) -> Iterator[str]:
        yield '<?xml version="1.0" encoding="UTF-8"?>\n' + self.head
        yield (
            '<xbrli:xbrl xmlns:xbrli="http://www.xbrl.org/2003/instance" '
            'xmlns:xbrldi="http://xbrl.org/2006/xbrldi" xmlns:cmn="http://xbrl.dcca.dk/cmn" '
            f'xmlns:ifrs-full="{_IFRS}" xmlns:iso4217="http://www.xbrl.org/2003/iso4217" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xmlns:{self.prefix}="{_IFRS if self.ifrs else _FSA}">\n'
        )
        for at, one in enumerate(self.facts):
            nil = ' xsi:nil="true"' if one.nil else ""
            yield (
                f'<{self.prefix}:{one.name} contextRef="c{at}" unitRef="{one.unit}" '
                f'decimals="{one.decimals}"{nil}>{one.shown}</{self.prefix}:{one.name}>\n'
            )
        for at in range(self.noise):
            yield f'<cmn:Note contextRef="c0" id="n{at}">{"ord " * 200}</cmn:Note>\n'
        # Contexts and units may stand behind what refers to them.
        for at, one in enumerate(self.facts):
            yield self._context(f"c{at}", one)
        for unit in sorted({one.unit for one in self.facts}):
            measure = f"<xbrli:measure>iso4217:{unit}</xbrli:measure>"
            yield f'<xbrli:unit id="{unit}">{measure}</xbrli:unit>\n'
        yield "</xbrli:xbrl>\n"

    def _context(self, ident: str, one: Fact) -> str:
        back = int(one.last)
        start, end = (day.replace(year=day.year - back) for day in (self.begins, self.ends))
        scenario = ""
        if one.dimension:
            name, member = one.dimension
            inner = f'<xbrldi:explicitMember dimension="{name}">{member}</xbrldi:explicitMember>'
            scenario = f"<xbrli:scenario>{inner}</xbrli:scenario>"
        return (
            f'<xbrli:context id="{ident}"><xbrli:entity><xbrli:identifier '
            f'scheme="http://www.dcca.dk/cvr">{self.cvr}</xbrli:identifier></xbrli:entity>'
            f"<xbrli:period><xbrli:startDate>{start}</xbrli:startDate>"
            f"<xbrli:endDate>{end}</xbrli:endDate></xbrli:period>{scenario}</xbrli:context>\n"
        )


@dataclass
class Filings:
    """All that companies published: generated, unless somebody put something else in its place."""

    seed: int
    put: dict[int, list[Filing]] = field(default_factory=dict)

    def of(self, cvr: int, form: int, today: date) -> list[Filing]:
        """The reports of a company, the oldest first; a sole trader or partnership has none."""
        if cvr in self.put:
            return self.put[cvr]
        if form not in {60, 80}:
            return []
        year = today.year - (1 if today >= date(today.year, 6, 1) else 2)
        return [self._made(cvr, form, date(one, 12, 31)) for one in (year - 1, year)]

    def _made(self, cvr: int, form: int, ends: date) -> Filing:
        r = Random(f"{self.seed} {cvr} {ends.year}")
        gross = r.randint(-200, 60_000) * 1000
        facts = [Fact("GrossProfitLoss", str(gross)), Fact("GrossProfitLoss", "77000", last=True)]
        # Companies of class C state their revenue, and groups that of the group beside their own.
        if form == 60 and r.random() < 0.5:
            facts += [
                Fact("Revenue", str(3 * abs(gross) + 1000)),
                Fact("Revenue", "5000", last=True),
            ]
            if r.random() < 0.4:
                facts.append(Fact("Revenue", str(30 * abs(gross) + 9000), GROUP))
        prefix = r.choice(("fsa", "e", "b"))
        return Filing(cvr, ends, tuple(facts), prefix=prefix, xml=r.random() < 0.95)
