"""The part of the report about data quality: coverage of each field, and the key figures of R85."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rules.catalogue import Catalogue, Moment
from rules.fields.field import COMPANIES, PARTIES, PEOPLE
from rules.records import Kind
from state import coverage, overview
from state.coverage import Covered
from state.store import Tx
from sync.report import words
from sync.report.model import FieldCoverage, KeyFigure, StreamCoverage

StreamRow = tuple[str, str, str, int]
"""(system, stream, kind, live records)."""


class Measure(NamedTuple):
    """One key figure: how many records of some kinds have a field filled, or valid."""

    name: str
    kinds: frozenset[Kind]
    valid: bool


MEASURES: Final = (
    Measure("direct_phone", PEOPLE, valid=True),
    Measure("email", PEOPLE, valid=True),
    Measure("title", PEOPLE, valid=False),
    Measure("function", PEOPLE, valid=False),
    Measure("lawful_basis", PEOPLE, valid=False),
    Measure("consent_call", PEOPLE, valid=False),
    Measure("consent_email", PEOPLE, valid=False),
    Measure("consent_sms", PEOPLE, valid=False),
    Measure("data_checked_at", PARTIES, valid=False),
    Measure("cvr", COMPANIES, valid=True),
    Measure("main_phone", COMPANIES, valid=True),
    Measure("industry_code", COMPANIES, valid=False),
)


Mapped = Mapping[tuple[str, str], Sequence[str]]
"""(system, stream) -> its mapped fields: what a list has a column for."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was counted: streams, what they have columns for, what is filled and valid there."""

    streams: Sequence[StreamRow]
    mapped: Mapped
    covered: Mapping[tuple[str, str, str], Covered]

    @classmethod
    def read(cls, tx: Tx, systems: Sequence[str]) -> Measured:
        """The figures as they stand now."""
        known = {(one.system, one.stream, one.field): one for one in coverage.read(tx, systems)}
        rows = coverage.streams(tx, systems)
        return cls(rows, overview.mapped_fields(tx, systems), known)


def figures(measured: Measured) -> list[KeyFigure]:
    """The key figures; lists that have no such column are counted apart, not as empty."""
    kinds = {Kind(kind) for _, _, kind, records in measured.streams if records}
    return [_figure(measure, measured) for measure in MEASURES if measure.kinds & kinds]


def _figure(measure: Measure, measured: Measured) -> KeyFigure:
    good = of = not_asked = 0
    for system, stream, kind, records in measured.streams:
        if Kind(kind) not in measure.kinds:
            continue
        if measure.name not in measured.mapped.get((system, stream), ()):
            not_asked += records
            continue
        one = measured.covered.get((system, stream, measure.name))
        good += (one.valid if measure.valid else one.filled) if one else 0
        of += records
    return KeyFigure(
        name=measure.name,
        label=words.words(f"report.figure.{measure.name}"),
        good=good if of else None,
        of=of,
        not_asked=not_asked,
    )


def by_stream(
    measured: Measured, repaired: Mapping[tuple[str, str, str], int], catalogue: Catalogue
) -> list[StreamCoverage]:
    """Each stream's mapped fields in the order of the catalogue, empty ones included."""
    order = {field.name: place for place, field in enumerate(catalogue)}
    return [
        StreamCoverage(
            system=system,
            stream=stream,
            records=records,
            fields=tuple(
                FieldCoverage(
                    field=name,
                    label=words.label(catalogue, name),
                    filled=one.filled if one else 0,
                    valid=one.valid if one else 0,
                    repaired=repaired.get((system, stream, name), 0),
                    needed=_needed(catalogue, name, Kind(kind)),
                )
                for name in sorted(
                    measured.mapped.get((system, stream), ()),
                    key=lambda name: order.get(name, len(order)),
                )
                for one in [measured.covered.get((system, stream, name))]
            ),
        )
        for system, stream, kind, records in measured.streams
        if Kind(kind) is not Kind.OPT_OUT
    ]


def _needed(catalogue: Catalogue, name: str, kind: Kind) -> str:
    """The first moment at which the field must be filled on such records."""
    field = catalogue.get(name)
    moments = [moment for moment in Moment if field and field.mandatory(kind, moment)]
    return moments[0].value if moments else ""
