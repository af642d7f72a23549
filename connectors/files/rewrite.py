"""Writing: one pass over the file, touched cells replaced, every other byte copied.

    copy     old file -> draft, hashing what is read; a row is touched only in its expected version
    check    the hash is that of the last reading, and nobody has written since: else all conflict
    publish  fsync, rename, fsync of the folder
    tell     outcomes, one per record, which waited in a temporary file

A crash before the rename leaves the old file and a draft that the next push sweeps away; after it,
the new file, whose outcomes are found out by reading back.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import Any, Final, Self

import orjson

from connectors.files.cells import Refused, Writer, quoted_columns
from connectors.files.drafts import Draft, Fault
from connectors.files.layout import Layout
from connectors.files.pages import Opened
from connectors.files.records import Shaper
from connectors.files.rows import Block, Flaw, blocks
from connectors.files.tokens import Mark, Stat, digest_upto
from connectors.protocol import Applied, Conflict, Moved, Outcome, Rejected
from rules.changes import RecordChange
from rules.records import Kind, Ref

_SPOOL_BYTES: Final = 1 << 20
_HABIT_ROWS: Final = 500


class Outcomes:
    """What became of each record, in order; beyond a megabyte it waits on disk."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, outcome: Outcome) -> None:
        """Remember one."""
        ref = outcome.ref
        told: list[Any] = [ref.system, ref.kind, ref.id]
        if isinstance(outcome, Applied):
            told += ["applied", outcome.version, outcome.place]
        elif isinstance(outcome, Rejected):
            told += ["rejected", outcome.code, outcome.details]
        self._file.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))

    def told(self, *, nothing_written: bool) -> Iterator[Outcome]:
        """All of them; nothing but conflicts when the file was not ours to replace."""
        self._file.seek(0)
        for line in self._file:
            system, kind, ident, *rest = orjson.loads(line)
            ref = Ref(system, Kind(kind), ident)
            if nothing_written or not rest:
                yield Conflict(ref)
            elif rest[0] == "applied":
                yield Applied(ref, rest[1], rest[2])
            else:
                yield Rejected(ref, rest[1], rest[2])


class Rewrite:
    """One push to one file."""

    def __init__(self, system: str, opened: Opened, layout: Layout, mark: Mark) -> None:
        self._opened = opened
        self._layout = layout
        self._mark = mark
        self._shaper = Shaper(system, layout, mark.identity)
        self._fields = dict(layout.fields)
        self._writer = Writer(layout.reading, self._habits())
        self._changed = False

    def outcomes(self, batch: Iterable[RecordChange], fault: Fault) -> Iterator[Outcome | Moved]:
        """Write the file anew; what became of each change comes after that."""
        moved: Moved | None = None
        with Outcomes() as outcomes:
            with Draft(self._opened.path, fault) as draft:
                changes = Changes(batch)
                same = self._copy(draft, changes, outcomes) == self._mark.digest
                for late in changes.rest():
                    outcomes.add(Conflict(late.ref))
                if same and self._changed:
                    draft.finish()
                same = same and self._opened.unchanged()
                if same and self._changed:
                    moved = Moved(self._mark_of(draft).token())
                    draft.publish()
            yield from outcomes.told(nothing_written=not same)
        if moved:
            yield moved

    def _mark_of(self, draft: Draft) -> Mark:
        """The mark of what we have just written: a pull from it finds nothing new."""
        stat = Stat.of(os.fstat(draft.file.fileno()))
        digest = draft.digest.hexdigest()
        return replace(self._mark, stat=stat, offset=stat.size, digest=digest)

    def _habits(self) -> frozenset[int]:
        """Which columns the file likes to quote, by its header and its first rows."""
        layout = self._layout
        source = layout.source(self._opened.file)
        first = next(blocks(source.read, layout.reading, layout.first_place), None)
        raws: list[bytes] = []
        if first and not first.goes_on:
            whole = zip(first.lines(), first.rows, strict=True)
            raws = [raw for raw, row in whole if not isinstance(row, Flaw)][:_HABIT_ROWS]
        return quoted_columns(layout.header, raws, layout.reading)

    def _copy(self, draft: Draft, changes: Changes, outcomes: Outcomes) -> str:
        """The whole file into the draft, changed on the way; the digest of what was read."""
        layout, file = self._layout, self._opened.file
        file.seek(0)
        digest = digest_upto(file, layout.begin)
        file.seek(0)
        draft.write(file.read(layout.begin))
        source = layout.source(file)
        for block in blocks(source.read, layout.reading, layout.first_place):
            raw = layout.dialect.raw(block.data)
            digest.update(raw)
            due = changes.upto(block.place + len(block.rows))
            lines = self._edited(block, due, outcomes)
            draft.write(layout.dialect.raw(b"".join(lines)) if lines else raw)
        return str(digest.hexdigest())

    def _edited(
        self, block: Block, due: Iterable[RecordChange], outcomes: Outcomes
    ) -> list[bytes] | None:
        """The lines of the block after the changes that are due in it; None when none is made."""
        lines: list[bytes] | None = None
        last = -1
        for change in due:
            at = (change.place or 0) - block.place
            if at <= last or block.goes_on:
                outcomes.add(Conflict(change.ref))
                continue
            last = at
            lines = lines or block.lines()
            outcome, line = self._written(block, at, lines[at], change)
            outcomes.add(outcome)
            if line != lines[at]:
                lines[at] = line
                self._changed = True
        return lines

    def _written(
        self, block: Block, at: int, raw: bytes, change: RecordChange
    ) -> tuple[Outcome, bytes]:
        """What becomes of one row, and its bytes afterwards."""
        row = block.rows[at]
        place = block.place + at
        if not row or isinstance(row, Flaw) or self._shaper.version(row) != change.base_version:
            return Conflict(change.ref), raw
        try:
            edits = self._edits(row, change)
            if edits:
                raw = self._writer.rewritten(raw, row, edits)
        except Refused as refused:
            details = {"file": self._layout.stream, "row": str(place), **refused.details}
            return Rejected(change.ref, refused.code, details), raw
        after = [edits.get(column, cell) for column, cell in enumerate(row)]
        return Applied(change.ref, self._shaper.version(after), place), raw

    def _edits(self, row: list[str], change: RecordChange) -> dict[int, str]:
        """The new texts by column, where they differ from what stands there."""
        edits: dict[int, str] = {}
        for one in change.changes:
            column = self._fields.get(one.field)
            new = one.new or ""
            if column is None:
                raise Refused("no_column", field=one.field)
            if column >= len(row):
                if new:
                    raise Refused("row_too_short", field=one.field)
            elif new != row[column]:
                edits[column] = new
        return edits


class Changes:
    """A batch in the order of its places, handed out block by block."""

    def __init__(self, batch: Iterable[RecordChange]) -> None:
        self._batch = iter(batch)
        self._next = next(self._batch, None)

    def upto(self, place: int) -> Iterator[RecordChange]:
        """What comes before `place`, and what has no place."""
        while self._next is not None and (self._next.place or 0) < place:
            yield self._next
            self._next = next(self._batch, None)

    def rest(self) -> Iterator[RecordChange]:
        """What is left beyond the end of the file."""
        while self._next is not None:
            yield self._next
            self._next = next(self._batch, None)
