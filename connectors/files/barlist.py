"""A list of numbers that must not be called, which a dialer reads: rows are added at its end.

It is ours to write and is read for nothing else than whether a number stands in it. What stands
there is never changed. Whoever removes a row finds it again after the next comparison.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from connectors.files.cells import needs_quotes
from connectors.files.drafts import Draft, Fault, no_fault
from connectors.files.layout import Layout, Unusable, layout_of
from connectors.files.locks import keep_apart
from connectors.files.meaning import Wishes
from connectors.files.pages import Opened
from connectors.files.rows import Flaw
from connectors.files.stops import told
from connectors.files.tokens import Stat
from rules.barring import Bar, Spelling, all_spellings, spelt
from rules.errors import SystemStopped, TryAgain
from rules.records import Kind

LISTED: Final = "listed"
_NEW: Final = b"telefon\r\n"
_NUMBERS: Final = ("direct_phone", "main_phone", "other_phone")
_WISHES: Final = Wishes(kind=Kind.OPT_OUT)
_BLANKS: Final = str.maketrans("", "", " \t\u00a0-().")


@dataclass(frozen=True, slots=True)
class BarList:
    """One such list. A file that is not there is made when the first number comes."""

    path: Path
    spelling: Spelling = Spelling.PLUS
    max_row_bytes: int = 1 << 20
    fault: Fault = no_fault

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """Those of the numbers that stand there, however they are spelt.

        The file may be much longer than the batch: only what is asked for is kept in memory.
        """
        if not self.path.exists():
            return {}
        spellings = {bar: all_spellings(bar.key.value) for bar in batch}
        with told(self.path), self.path.open("rb") as file:
            keep_apart(file, self.path, fcntl.LOCK_SH)
            opened = Opened(self.path, file, Stat.of(os.fstat(file.fileno())))
            asked = frozenset().union(*spellings.values())
            there = asked.intersection(self._numbers(file, self._layout(file)))
            if not opened.unchanged():
                raise TryAgain("files.changed_while_read", file=self.path.name)
        return {bar: LISTED for bar, some in spellings.items() if not there.isdisjoint(some)}

    def add(self, batch: Sequence[Bar]) -> None:
        """A row for each number that does not stand there."""
        there = self.barred(batch)
        new = [spelt(bar.key.value, self.spelling) for bar in batch if bar not in there]
        if not new:
            return
        with told(self.path):
            if not self.path.exists():
                self._make()
            with self.path.open("rb") as file:
                keep_apart(file, self.path, fcntl.LOCK_EX)
                self._append(file, dict.fromkeys(new))

    def _make(self) -> None:
        with self.path.open("xb") as file:
            file.write(_NEW)

    def _append(self, file: BinaryIO, numbers: Mapping[str, None]) -> None:
        opened = Opened(self.path, file, Stat.of(os.fstat(file.fileno())))
        layout = self._layout(file)
        column, width = self._column(layout), len(layout.columns)
        dialect, end = layout.dialect, _line_end(layout)
        file.seek(0)
        old = file.read()
        rows = [_row(number, column, width, dialect.delimiter) + end for number in numbers]
        with Draft(self.path, self.fault) as draft:
            draft.write(old)
            if not old.endswith(dialect.raw(dialect.eol)):
                draft.write(dialect.raw(end.encode()))
            draft.write(dialect.raw("".join(rows).encode(dialect.codec)))
            draft.finish()
            if not opened.unchanged():
                raise TryAgain("files.changed_while_read", file=self.path.name)
            draft.publish()

    def _layout(self, file: BinaryIO) -> Layout:
        try:
            return layout_of(file, self.path.name, _WISHES, self.max_row_bytes)
        except Unusable as unusable:
            problem = unusable.problem(self.path.name)
            raise SystemStopped(problem.message, problem.remedy, **problem.details) from unusable

    def _column(self, layout: Layout) -> int:
        places = dict(layout.fields)
        found = next((places[name] for name in _NUMBERS if name in places), None)
        if found is None:
            raise SystemStopped("files.do_not_call_no_column", file=self.path.name)
        return found

    def _numbers(self, file: BinaryIO, layout: Layout) -> Iterator[str]:
        column = self._column(layout)
        for rows in layout.rows(file):
            for row in rows:
                if not isinstance(row, Flaw) and len(row) > column:
                    yield row[column].translate(_BLANKS)


def _line_end(layout: Layout) -> str:
    header = layout.header
    return "\r\n" if header.endswith(b"\r\n") else layout.dialect.eol.decode()


def _row(number: str, column: int, width: int, delimiter: str) -> str:
    cells = [""] * width
    cells[column] = f'"{number}"' if needs_quotes(number, delimiter) else number
    return delimiter.join(cells)
