"""`sync suppression import`: a file of opt-outs into the list. Bad rows are told, the rest counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

from connectors.protocol import Page, Pulls, Stream
from rules.changes import Finding
from rules.errors import UserError
from rules.opt_out_rows import row_statements
from rules.records import Kind, Record
from rules.spans import COPENHAGEN
from rules.suppression import Statement
from state import ledger
from sync.app import App
from sync.suppression import desk
from sync.suppression.hearing import kept
from sync.suppression.one_file import one_file

IMPORT: Final = "import"
"""The system that statements of such files come from."""
MOST_TOLD: Final = 50


@dataclass(frozen=True, slots=True)
class Trouble:
    """A row that a person should look at: the rest went in."""

    stream: str
    row: int
    code: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: rows, new entries, rows that were known, rows nobody can be found by."""

    file: str
    rows: int
    new: int
    known: int
    unusable: int
    troubles: tuple[Trouble, ...]
    codes: dict[str, int]


def take(app: App, path: Path, by: str) -> Imported:
    """Record every row of the file as a no, page by page; UserError when it cannot be read."""
    if not path.is_file():
        raise UserError("import.no_file", file=str(path))
    found = _Import(app, by)
    for stream, page in _pages(app, path):
        found.page(stream, page)
    desk.carry(app)
    return found.outcome(path)


class _Import:
    def __init__(self, app: App, by: str) -> None:
        self.app, self.by = app, by
        self.rows = self.new = self.known = self.unusable = 0
        self.troubles: list[Trouble] = []
        self.codes: Counter[str] = Counter()

    def page(self, stream: Stream, page: Page) -> None:
        """Record the rows of a page at once: what is in stays in, whatever comes after it."""
        said: list[Statement] = []
        for record in page.records:
            said += self._row(stream, record)
        for broken in page.broken:
            self._trouble(stream, broken.place, broken.finding)
            self.unusable += 1
        with self.app.store.transaction(urgent=True) as tx:
            written = ledger.append(
                tx, self.app.keys, said, self.app.clock(), tuple(self.app.systems)
            )
        self.rows += len(page.records) + len(page.broken)
        self.new += len(written)
        self.known += len(said) - len(written)

    def _row(self, stream: Stream, record: Record) -> Sequence[Statement]:
        now, region = self.app.clock(), self.app.settings.region
        said, findings = row_statements(record, now, region, COPENHAGEN)
        for finding in findings:
            self._trouble(stream, record.place or 0, finding)
        return [_signed(one, self.by) for one in said]

    def _trouble(self, stream: Stream, place: int, finding: Finding) -> None:
        self.codes[finding.code] += 1
        if len(self.troubles) < MOST_TOLD:
            self.troubles.append(Trouble(stream.name, place, finding.code))

    def outcome(self, path: Path) -> Imported:
        """All of it."""
        return Imported(
            file=str(path),
            rows=self.rows,
            new=self.new,
            known=self.known,
            unusable=self.unusable + self.codes["opt_out_without_key"],
            troubles=tuple(self.troubles),
            codes=dict(self.codes),
        )


def _signed(said: Statement, by: str) -> Statement:
    return replace(kept(said), by=(by,))


def _pages(app: App, path: Path) -> Iterator[tuple[Stream, Page]]:
    """The sheets of the file, read as an opt-out list whatever its name is."""
    system = one_file(app, IMPORT, path, lambda _: Kind.OPT_OUT)
    for stream in system.streams():
        for page in cast("Pulls", system).pull(stream, None):
            yield stream, page
