"""What the store has counted, read once: the figures of the report are made from this alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rules.marks import Marks, unpacked
from rules.records import Kind
from state import coverage, doubles, overview, tallies
from state.coverage import Covered
from state.doubles import Double
from state.store import Tx

StreamRow = tuple[str, str, str, int]
"""(system, stream, kind, live records)."""

Mapped = Mapping[tuple[str, str], Sequence[str]]
"""(system, stream) -> its mapped fields: what a list has a column for."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """Records of one stream with the same marks."""

    where: tuple[str, str]
    kind: Kind
    marks: Marks
    records: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Records of the lists that have some columns, and how many stand on lists that do not."""

    counted: list[tuple[Marks, int]]
    not_asked: int

    @property
    def records(self) -> int:
        """How many were asked."""
        return sum(records for _, records in self.counted)


@dataclass(frozen=True, slots=True)
class Measured:
    """Streams, what they have columns for, what is filled and valid there, marks and doubles."""

    streams: Sequence[StreamRow]
    mapped: Mapped
    covered: Mapping[tuple[str, str, str], Covered]
    tallied: Sequence[Tallied]
    days: Sequence[Tallied]
    """The days of the last check; their marks say nothing else."""
    doubles: Mapping[str, Double] | None

    @classmethod
    def read(cls, tx: Tx, systems: Sequence[str]) -> Measured:
        """The figures as they stand now."""
        known = {(one.system, one.stream, one.field): one for one in coverage.read(tx, systems)}
        rows = coverage.streams(tx, systems)
        every = tallies.read(tx, systems)
        made = [
            (
                bool(one.marks & tallies.ONLY_DAY),
                Tallied((one.system, one.stream), Kind(one.kind), unpacked(one.marks), one.records),
            )
            for one in every
        ]
        return cls(
            rows,
            overview.mapped_fields(tx, systems),
            known,
            [one for is_day, one in made if not is_day],
            [one for is_day, one in made if is_day],
            doubles.read(tx),
        )

    def of_kinds(self, kinds: Collection[Kind]) -> int:
        """Live records of these kinds."""
        return sum(n for _, _, kind, n in self.streams if Kind(kind) in kinds)

    def asked(
        self, kinds: Collection[Kind], all_of: Collection[str] = (), any_of: Collection[str] = ()
    ) -> Asked:
        """Marks on lists that have `all_of` these columns, and `any_of` those unless it is empty."""
        there = {
            (system, stream)
            for system, stream, _, _ in self.streams
            if self._has(system, stream, all_of, any_of)
        }
        counted = [
            (one.marks, one.records)
            for one in self.tallied
            if one.kind in kinds and one.where in there
        ]
        return Asked(counted, self._elsewhere(kinds, there))

    def last_checked(self, kinds: Collection[Kind]) -> tuple[dict[date | None, int], int]:
        """Day of the last check -> records, and records on lists without such a column."""
        there = {
            (system, stream)
            for system, stream, _, _ in self.streams
            if self._has(system, stream, ("data_checked_at",), ())
        }
        days: Counter[date | None] = Counter()
        for one in self.days:
            if one.kind in kinds and one.where in there:
                days[one.marks.checked] += one.records
        return dict(days), self._elsewhere(kinds, there)

    def _has(
        self, system: str, stream: str, all_of: Collection[str], any_of: Collection[str]
    ) -> bool:
        columns = set(self.mapped.get((system, stream), ()))
        return columns.issuperset(all_of) and (not any_of or not columns.isdisjoint(any_of))

    def _elsewhere(self, kinds: Collection[Kind], there: Collection[tuple[str, str]]) -> int:
        return sum(
            n
            for system, stream, kind, n in self.streams
            if Kind(kind) in kinds and (system, stream) not in there
        )
