"""A file as pages of records: from the beginning, from where a reading stopped, or not at all.

Not at all, when the whole content still has the digest of the last reading. Size and time alone
are never taken as proof: some programs keep both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from connectors.files.dialect import Source
from connectors.files.identity import candidates, decide_identity
from connectors.files.layout import Layout
from connectors.files.records import Shaper
from connectors.files.rows import blocks
from connectors.files.tokens import Mark, Stat, digest_upto
from connectors.protocol import Broken, Page, Token
from rules.errors import StartOver
from rules.records import Record


@dataclass(frozen=True, slots=True)
class Opened:
    """A file being read: its path, the open file, and its stat at the beginning."""

    path: Path
    file: BinaryIO
    stat: Stat

    def unchanged(self) -> bool:
        """Whether the path still leads to this file, and nobody has written to it."""
        return Stat.of(os.fstat(self.file.fileno())) == self.stat == Stat.of(self.path.stat())


def pages(system: str, opened: Opened, layout: Layout, token: Token | None) -> Iterator[Page]:
    """The pages from `token` on; `StartOver` when an unfinished token no longer fits."""
    mark = Mark.of(token)
    if token and (mark is None or (not mark.done and not _fits(mark, opened, layout))):
        raise StartOver("files.changed_while_read", file=layout.stream)
    if mark and mark.done and mark.layout == layout.fingerprint and _same(mark, opened):
        yield Page((), mark.seen_as(opened.stat).token(), complete=True, full=False)
        return
    if mark is None or mark.done:
        mark = _beginning(opened, layout, mark)
    yield from _from(mark, system, opened, layout)


def _fits(mark: Mark, opened: Opened, layout: Layout) -> bool:
    """Whether a reading can go on: same file, same layout, and the same bytes up to there."""
    return (
        mark.stat == opened.stat
        and mark.layout == layout.fingerprint
        and digest_upto(opened.file, mark.offset).hexdigest() == mark.digest
    )


def _same(mark: Mark, opened: Opened) -> bool:
    """Whether the content is what it was; the size spares the reading when it differs."""
    if mark.stat.size != opened.stat.size:
        return False
    same = digest_upto(opened.file).hexdigest() == mark.digest
    if not opened.unchanged():
        raise StartOver("files.changed_while_read", file=opened.path.name)
    return bool(same)


def _beginning(opened: Opened, layout: Layout, last: Mark | None) -> Mark:
    """The mark before the first row. The identity of the last reading is kept while it can be."""
    if last is not None and last.identity in candidates(layout):
        identity = last.identity
    else:
        identity = decide_identity(layout.rows(opened.file), layout)
    digest = digest_upto(opened.file, layout.begin).hexdigest()
    return Mark(
        done=False,
        stat=opened.stat,
        layout=layout.fingerprint,
        identity=identity,
        digest=digest,
        offset=layout.begin,
        place=layout.first_place,
        meaning=layout.meaning.as_json(),
    )


def _from(mark: Mark, system: str, opened: Opened, layout: Layout) -> Iterator[Page]:
    shaper = Shaper(system, layout, mark.identity)
    digest = digest_upto(opened.file, mark.offset)
    source = Source(opened.file, layout.dialect, mark.offset)
    waiting: Page | None = None
    records: list[Record] = []
    broken: list[Broken] = []
    for block in blocks(source.read, layout.reading, mark.place):
        raw = layout.dialect.raw(block.data)
        digest.update(raw)
        mark = replace(mark, offset=mark.offset + len(raw), place=block.place + len(block.rows))
        found, flawed = shaper.records(block)
        records += found
        broken += flawed
        if block.goes_on:
            continue
        if waiting:
            yield waiting
        if not opened.unchanged():
            raise StartOver("files.changed_while_read", file=layout.stream)
        mark = replace(mark, digest=digest.copy().hexdigest())
        done = (mark.offset, opened.stat.size)
        waiting = Page(records, mark.token(), complete=False, broken=broken, of=done)
        records, broken = [], []
    if not opened.unchanged():
        raise StartOver("files.changed_while_read", file=layout.stream)
    last = replace(mark, done=True, digest=digest.hexdigest()).token()
    size = opened.stat.size
    if waiting:
        yield replace(waiting, next=last, complete=True, full=True)
    else:
        yield Page((), last, complete=True, full=True, of=(size, size))
