"""The parts of the report that are figures: coverage, age, doubles, permissions, trend, 500 calls.

None means unknown and is never shown as 0.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from sync.report.part import Part, Said, Words


class KeyFigure(Part):
    """One measure of data quality (R85). `of` 0 or `good` None: nobody can tell.

    `good` once the repairs are made, `before` as it stands; None where repairs change nothing.
    """

    name: str
    label: Words
    how: Words
    """What is counted of what."""
    good: int | None
    before: int | None
    of: int
    not_asked: int
    """Records of lists that have no such column."""


class FieldCoverage(Part):
    """One field of one stream: filled as it stands, valid once the repairs are made.

    `before`: valid as it stands, so that nothing is to be repaired.
    """

    field: str
    label: Words
    filled: int
    before: int
    valid: int
    repaired: int
    needed: str
    """The moment from which on it must be filled; empty: never."""


class StreamCoverage(Part):
    """How full and right the fields of a stream are."""

    system: str
    stream: str
    records: int
    fields: tuple[FieldCoverage, ...]


class AgeBand(Part):
    """Records by the time since their data were last checked. `old`: longer ago than allowed."""

    name: str
    label: Words
    records: int
    old: bool


class DataAge(Part):
    """Dataopdateret. Every record is in one band; the day is unknown where none can be read.

    `old` of `known`: last checked more than `limit_days` ago. `not_asked`: on lists without
    such a column.
    """

    bands: tuple[AgeBand, ...]
    known: int
    old: int
    limit_days: int
    not_asked: int


class Doubles(Part):
    """A key that stands on several records: on how many keys, and records beyond the first."""

    key: str
    label: Words
    how: Words
    groups: int
    surplus: int


class Across(Part):
    """People, or companies, that stand in several lists: how many, how many of them in several
    systems, and their records."""

    kind: str
    label: Words
    parties: int
    in_systems: int
    records: int


class ChannelPermission(Part):
    """What people said about one channel, and whom it may be used with.

    documented + undocumented + no + unanswered + not_asked are all people. `permitted` have a
    documented consent or a lawful basis that carries the channel, `open` are those of them who
    have not opted out; `blocked` have opted out.
    """

    channel: str
    label: Words
    documented: int
    undocumented: int
    no: int
    unanswered: int
    not_asked: int
    permitted: int
    open: int
    blocked: int


class BasisCount(Part):
    """A lawful basis, and how many people have it. "": none is given."""

    value: str
    label: Words
    records: int


class Permissions(Part):
    """Consents and lawful bases of contacts and leads."""

    people: int
    channels: tuple[ChannelPermission, ...]
    bases: tuple[BasisCount, ...]
    bases_not_asked: int


class Point(Part):
    """A measure on one day."""

    day: date
    numerator: int
    denominator: int


class TrendLine(Part):
    """A measure day by day, today last. `unit` share: numerator of denominator; count: numerator."""

    name: str
    label: Words
    unit: Literal["share", "count"]
    better: Literal["more", "fewer", "neither"]
    points: tuple[Point, ...]


class Delta(Part):
    """A figure in the run before and in this one."""

    name: str
    label: Words
    better: Literal["more", "fewer", "neither"]
    before: int
    now: int


class Trend(Part):
    """Against the past. `since` None: no earlier run to compare with."""

    since: datetime | None
    since_run: int | None
    deltas: tuple[Delta, ...]
    lines: tuple[TrendLine, ...]


class Portion(Part):
    """A part of those who would be called, and how many of the calls it takes before."""

    name: str
    label: Words
    records: int


class Rate(Part):
    """One factor: a share, what it was made from, and where that comes from."""

    name: str
    label: Words
    how: Said
    source: Said
    measured: bool
    """False: assumed, because the user's own figures are too few."""
    before: float
    after: float
    numerator: int | None
    denominator: int | None


class WhatIf(Part):
    """So many calls before and after the clean-up (R91): calls × reach × contact × booking.

    None for the rates means nobody to call. `portions` add up to `records`.
    """

    calls: int
    records: int
    portions: tuple[Portion, ...]
    rates: tuple[Rate, ...]
    talks_before: float
    talks_after: float
    meetings_before: float
    meetings_after: float
    measured: bool
    """Whether contact and booking rate are the user's own."""
