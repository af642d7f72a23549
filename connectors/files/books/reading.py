"""A sheet as pages of records: from the beginning, from where a reading stopped, or not at all.

Not at all, when the parts that it is made of still have the digest of the last reading. A sheet is
loaded whole, so a reading that goes on loads it again and passes by the rows that it has shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.files.books.book import Book, Grid, Sheet
from connectors.files.books.sheets import SheetLayout
from connectors.files.identity import candidates, decide_identity
from connectors.files.pages import Opened
from connectors.files.records import Shaper
from connectors.files.tokens import Mark
from connectors.protocol import Page, Token
from rules.errors import StartOver


def pages(
    system: str, opened: Opened, book: Book, sheet: Sheet, layout: SheetLayout, token: Token | None
) -> Iterator[Page]:
    """The pages from `token` on; `StartOver` when an unfinished token no longer fits."""
    mark, digest = Mark.of(token), book.digest(sheet)
    same = mark is not None and mark.layout == layout.fingerprint and mark.digest == digest
    if token and (mark is None or (not mark.done and not (same and mark.stat == opened.stat))):
        raise StartOver("files.changed_while_read", file=layout.stream)
    if not opened.unchanged():
        raise StartOver("files.changed_while_read", file=layout.stream)
    if mark and mark.done and same:
        yield Page((), mark.seen_as(opened.stat).token(), complete=True, full=False)
        return
    grid = book.grid(sheet)
    if mark is None or mark.done:
        mark = _beginning(opened, layout, grid, digest, mark)
    yield from _from(mark, system, opened, layout, grid)


def _beginning(
    opened: Opened, layout: SheetLayout, grid: Grid, digest: str, last: Mark | None
) -> Mark:
    """The mark before the first row. The identity of the last reading is kept while it can be."""
    if last is not None and last.identity in candidates(layout):
        identity = last.identity
    else:
        identity = decide_identity(layout.rows(grid), layout)
    return Mark(
        done=False,
        stat=opened.stat,
        layout=layout.fingerprint,
        identity=identity,
        digest=digest,
        offset=0,
        place=layout.first_place,
        meaning=layout.meaning.as_json(),
    )


def _from(
    mark: Mark, system: str, opened: Opened, layout: SheetLayout, grid: Grid
) -> Iterator[Page]:
    shaper = Shaper(system, layout, mark.identity)
    waiting: Page | None = None
    for block in layout.blocks(grid, mark.place):
        if waiting:
            yield waiting
        if not opened.unchanged():
            raise StartOver("files.changed_while_read", file=layout.stream)
        records, broken = shaper.records(block)
        mark = replace(mark, place=block.place + len(block.rows))
        done = (mark.place - 1, grid.height)
        waiting = Page(records, mark.token(), complete=False, broken=broken, of=done)
    if not opened.unchanged():
        raise StartOver("files.changed_while_read", file=layout.stream)
    last = replace(mark, done=True).token()
    if waiting:
        yield replace(waiting, next=last, complete=True, full=True)
    else:
        yield Page((), last, complete=True, full=True, of=(1, 1))
