"""The part of the report about data quality: coverage of each field, and the key figures of R85."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple

from rules import kpis
from rules.catalogue import Catalogue, Moment
from rules.fields.field import COMPANIES, PARTIES, PEOPLE
from rules.kpis import Counted, Share
from rules.marks import CHANNELS
from rules.records import Kind
from sync.report import words
from sync.report.figures import FieldCoverage, KeyFigure, StreamCoverage
from sync.report.measured import Asked, Measured

Repaired = Mapping[tuple[str, str, str], int]
"""(system, stream, field) -> records with a change in that field."""

PHONES: Final = ("direct_phone", "other_phone", "main_phone")


class Measure(NamedTuple):
    """A key figure about one field: how many records of some kinds have it filled, or valid."""

    name: str
    kinds: frozenset[Kind]
    valid: bool


MEASURES: Final = (
    Measure("email", PEOPLE, valid=True),
    Measure("title", PEOPLE, valid=False),
    Measure("cvr", COMPANIES, valid=True),
    Measure("main_phone", COMPANIES, valid=True),
    Measure("industry_code", COMPANIES, valid=False),
)


class Joint(NamedTuple):
    """A key figure about several fields of a record at once."""

    name: str
    kinds: frozenset[Kind]
    all_of: Collection[str]
    any_of: Collection[str]
    formula: Callable[[Counted], tuple[Share, Share]]


def _permitted(channel: str) -> Callable[[Counted], tuple[Share, Share]]:
    def both(counted: Counted) -> tuple[Share, Share]:
        share = kpis.permitted(counted, channel)
        return share, share

    return both


JOINTS: Final = (
    Joint("phone", PEOPLE, (), PHONES, kpis.with_phone),
    Joint("title_and_function", PEOPLE, ("title", "function"), (), kpis.titled),
    *(
        Joint(f"permitted_{one}", PEOPLE, (), (f"consent_{one}", "lawful_basis"), _permitted(one))
        for one in CHANNELS
    ),
)

ORDER: Final = (
    "phone", "email", "title", "title_and_function",
    *(f"permitted_{channel}" for channel in CHANNELS),
    "checked_recently", "cvr", "main_phone", "industry_code",
)  # fmt: skip


def figures(measured: Measured, repaired: Repaired, today: date) -> list[KeyFigure]:
    """The key figures; lists that have no such column are counted apart, not as empty."""
    made = {one.name: one for one in _figures(measured, repaired, today)}
    return [made[name] for name in ORDER if name in made]


def _figures(measured: Measured, repaired: Repaired, today: date) -> Iterator[KeyFigure]:
    kinds = {Kind(kind) for _, _, kind, records in measured.streams if records}
    for measure in MEASURES:
        if measure.kinds & kinds:
            yield _simple(measure, measured, repaired)
    for joint in JOINTS:
        if joint.kinds & kinds:
            yield _joint(joint, measured.asked(joint.kinds, joint.all_of, joint.any_of))
    if PARTIES & kinds:
        yield _checked(measured, today)


def _simple(measure: Measure, measured: Measured, repaired: Repaired) -> KeyFigure:
    good = of = not_asked = changed = 0
    for system, stream, kind, records in measured.streams:
        if Kind(kind) not in measure.kinds:
            continue
        where = (system, stream, measure.name)
        if measure.name not in measured.mapped.get(where[:2], ()):
            not_asked += records
            continue
        one = measured.covered.get(where)
        good += (one.valid if measure.valid else one.filled) if one else 0
        changed += repaired.get(where, 0) if measure.valid else 0
        of += records
    before = max(0, good - changed)
    return _figure(measure.name, Share(before, of), Share(good, of), not_asked)


def _joint(joint: Joint, asked: Asked) -> KeyFigure:
    return _figure(joint.name, *joint.formula(asked.counted), asked.not_asked)


def _checked(measured: Measured, today: date) -> KeyFigure:
    days, not_asked = measured.last_checked(PARTIES)
    old, of = kpis.older(days, today), sum(days.values())
    fresh = Share(old.denominator - old.numerator, of)
    return _figure("checked_recently", fresh, fresh, not_asked)


def _figure(name: str, before: Share, after: Share, not_asked: int) -> KeyFigure:
    of = after.denominator
    return KeyFigure(
        name=name,
        label=words.words(f"report.figure.{name}"),
        how=words.words(f"report.figure.{name}.how"),
        good=after.numerator if of else None,
        before=before.numerator if of and before != after else None,
        of=of,
        not_asked=not_asked,
    )


# --- coverage --------------------------------------------------------------------------------


def by_stream(measured: Measured, repaired: Repaired, catalogue: Catalogue) -> list[StreamCoverage]:
    """Each stream's mapped fields in the order of the catalogue, empty ones included."""
    order = {field.name: place for place, field in enumerate(catalogue)}
    return [
        StreamCoverage(
            system=system,
            stream=stream,
            records=records,
            fields=tuple(
                _field((system, stream, name), Kind(kind), measured, repaired, catalogue)
                for name in sorted(
                    measured.mapped.get((system, stream), ()),
                    key=lambda name: order.get(name, len(order)),
                )
            ),
        )
        for system, stream, kind, records in measured.streams
        if Kind(kind) is not Kind.OPT_OUT
    ]


def _field(
    where: tuple[str, str, str],
    kind: Kind,
    measured: Measured,
    repaired: Repaired,
    catalogue: Catalogue,
) -> FieldCoverage:
    one, changed = measured.covered.get(where), repaired.get(where, 0)
    filled, valid = (one.filled, one.valid) if one else (0, 0)
    return FieldCoverage(
        field=where[2],
        label=words.label(catalogue, where[2]),
        filled=filled,
        before=max(0, valid - changed),
        valid=valid,
        repaired=changed,
        needed=_needed(catalogue, where[2], kind),
    )


def _needed(catalogue: Catalogue, name: str, kind: Kind) -> str:
    """The first moment at which the field must be filled on such records."""
    field = catalogue.get(name)
    moments = [moment for moment in Moment if field and field.mandatory(kind, moment)]
    return moments[0].value if moments else ""
