"""Which cells of a sheet are to say what: changes held against the rows as they were read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from connectors.files.books.book import Book, Sheet
from connectors.files.books.edits import Edit, check
from connectors.files.books.sheets import SheetLayout
from connectors.files.cells import Refused
from connectors.files.records import Shaper
from connectors.files.rewrite import Changes
from connectors.files.tokens import Mark
from connectors.protocol import WRITTEN_AS, Applied, Conflict, Outcome, Rejected
from rules.changes import RecordChange
from rules.records import Ref


@dataclass(slots=True)
class Due:
    """A change that goes through unless its cells refuse it. `edits` are by column of the table."""

    change: RecordChange
    place: int
    row: list[str]
    edits: Mapping[int, Edit]
    outcome: Outcome
    after: list[str]
    before: dict[str, str] = field(default_factory=dict)


class Dues:
    """Decides for one sheet what becomes of a batch of changes."""

    def __init__(
        self, system: str, book: Book, sheet: Sheet, layout: SheetLayout, mark: Mark
    ) -> None:
        self.book, self.sheet, self.layout = book, sheet, layout
        self.fields = dict(layout.fields)
        self._mark = mark
        self._shaper = Shaper(system, layout, mark.identity)

    @property
    def fits(self) -> bool:
        """Whether the sheet still is what was read last."""
        return self.book.digest(self.sheet) == self._mark.digest

    def of(self, batch: Iterable[RecordChange]) -> Iterator[Outcome | Due]:
        """One for each change, in their order."""
        changes, layout, last = Changes(batch), self.layout, 0
        for block in layout.blocks(self.book.grid(self.sheet), layout.first_place):
            for change in changes.upto(block.place + len(block.rows)):
                place = change.place or 0
                row = block.rows[place - block.place] if place >= block.place else []
                if place <= last or not isinstance(row, list):
                    yield Conflict(change.ref)
                    continue
                last = place
                yield self._one(change, place, row)
        yield from (Conflict(change.ref) for change in changes.rest())

    def _one(self, change: RecordChange, place: int, row: list[str]) -> Outcome | Due:
        if not row or self._shaper.version(row) != change.base_version:
            return Conflict(change.ref)
        try:
            edits = self._edits(row, change)
        except Refused as refused:
            return self.rejected(change.ref, place, refused)
        after = [edits[at].text if at in edits else cell for at, cell in enumerate(row)]
        if not any(after):
            return self.rejected(change.ref, place, Refused("row_would_be_empty"))
        applied = Applied(change.ref, self._shaper.version(after), place)
        return Due(change, place, row, edits, applied, after)

    def _edits(self, row: list[str], change: RecordChange) -> dict[int, Edit]:
        edits: dict[int, Edit] = {}
        for one in change.changes:
            column, new = self.fields.get(one.field), one.new or ""
            if column is None:
                raise Refused("no_column", field=one.field)
            if new != row[column]:
                check(new)
                edits[column] = Edit(new, one.details.get(WRITTEN_AS, ""))
        return edits

    def rejected(self, ref: Ref, place: int, refused: Refused) -> Rejected:
        """Why a row is left alone."""
        details = {"file": self.layout.stream, "row": str(place), **refused.details}
        return Rejected(ref, refused.code, details)
