"""`sync list check`: each row of a list held against suppression and permission; the rest let go.

Nothing is let go while the suppression list cannot be relied on. What is let go expires, because the
list of noes grows: a release remembers who stood on it and how the list stood.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from connectors.protocol import Judged, Sifts, Stream
from rules.errors import RunStopped, UserError
from rules.keys import KEY_FIELDS
from rules.records import Kind
from rules.suppression import Channel
from state import assurance, ledger, releases
from state.assurance import Gap
from state.ledger import Head
from state.releases import Heaps
from state.store import Tx
from sync.app import App
from sync.calling import members
from sync.calling.members import Member
from sync.calling.row_judge import SYSTEM, RowJudge
from sync.heap import roomy
from sync.stages import reaching
from sync.suppression.one_file import one_file

MOST_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that may not be contacted, and why. A list of a system has records for rows."""

    stream: str
    row: int | str
    code: str


@dataclass(frozen=True, slots=True)
class Washed:
    """What became of a list. Without `release` it was looked at only, or may not be called.

    `reasons` count the rows that are not callable, by code; `gaps` say why nothing is let go.
    """

    source: str
    channel: Channel
    rows: int
    callable: int
    reasons: Mapping[str, int]
    refused: tuple[Refusal, ...]
    written: str | None
    release: str | None
    made_at: datetime
    expires_at: datetime | None
    gaps: tuple[Gap, ...] = ()


@dataclass(slots=True)
class Wish:
    """What is asked for: the channel, where the cleaned list goes, where each row's verdict goes."""

    channel: Channel = Channel.CALL
    out: Path | None = None
    rows: Path | None = None
    name: str = ""
    """What the dialer calls the list."""
    system: str | None = None
    """Where the list stands, if several systems have one of that name."""


def wash(app: App, path: Path, wish: Wish) -> Washed:
    """Look at each row of the file, or of the list of a system that is called so; with `wish.out`,
    write the callable ones and let them go.

    RunStopped, and nothing written, when the suppression list cannot be relied on.
    """
    streams = list(_streams(app, path) if path.is_file() else _of_system(app, path, wish))
    if wish.out is not None and len(streams) > 1:
        raise UserError(
            "release.several_sheets", file=path.name, sheets=", ".join(streams_of(streams))
        )
    reaching.carry(app)
    reaching.settle_and_spread(app)
    reaching.carry(app)
    start, found = _start(app)
    if wish.out is not None and found:
        raise RunStopped("release.not_verified", gaps=told_gaps(found))
    now = app.clock()
    washing = _Washing(app, wish, now)
    name = releases.new_id(now) if wish.out is not None else None
    if name:
        with app.store.transaction() as tx:
            releases.begin(tx, name, wish.channel.value, path.name, app.actor, now)
        washing.release = name
    try:
        with roomy(), _verdicts(wish.rows) as tell:
            for system, stream in streams:
                washing.sift(system, stream, tell)
        expires = washing.finish(start) if name else None
    except BaseException:
        _take_back(app, wish, name)
        raise
    return washing.outcome(path, found, expires)


def streams_of(streams: Sequence[tuple[Any, Stream]]) -> list[str]:
    """The names of the sheets."""
    return [stream.name for _, stream in streams]


def told_gaps(found: Sequence[Gap]) -> str:
    """Gaps as codes, for an error; the command tells them in words."""
    return ", ".join(f"{gap.system}: {gap.code}" if gap.system else gap.code for gap in found)


def _take_back(app: App, wish: Wish, name: str | None) -> None:
    if name:
        with app.store.transaction() as tx:
            releases.drop(tx, name)
        if wish.out is not None:
            wish.out.unlink(missing_ok=True)


def _start(app: App) -> tuple[Head, list[Gap]]:
    terms = app.settings.release
    with app.store.reading() as tx:
        whole = assurance.followed(tx)
    if whole:
        with app.store.transaction() as tx:
            assurance.audited(tx, whole)
    with app.store.reading() as tx:
        found = assurance.gaps(
            tx,
            tuple(app.systems),
            app.clock(),
            timedelta(hours=terms.read_hours),
            timedelta(hours=terms.compared_hours),
        )
        return ledger.head(tx), found


def _of_system(app: App, path: Path, wish: Wish) -> Iterator[tuple[Sifts, Stream]]:
    """The list of a connected system; UserError when nothing is called so."""
    if not app.systems:
        raise UserError("release.no_file", file=str(path))
    found = members.find(app, str(path), wish.system)
    yield cast("Sifts", found), found.stream()


def _streams(app: App, path: Path) -> Iterator[tuple[Sifts, Stream]]:
    """The lists in a file, as something to be called, whatever its name is."""
    system = one_file(app, SYSTEM, path, lambda said: said or Kind.LEAD)
    found = [(cast("Sifts", system), stream) for stream in system.streams()]
    for _, stream in found:
        mapped = {column.canonical for column in stream.columns}
        if not mapped & KEY_FIELDS:
            raise UserError("release.no_keys", file=stream.name)
    yield from found


Tell = Callable[[str, int | str, str], None]
"""Takes the list, the row and its code, empty for a good one."""


class _verdicts:  # noqa: N801 - used as a context manager only
    """Writes the verdict of each row as CSV, when that was asked for."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("w", encoding="utf-8", newline="") if path else None

    def __enter__(self) -> Tell | None:
        if self._file is None:
            return None
        write = csv.writer(self._file, lineterminator="\n").writerow
        write(("list", "row", "callable", "reason"))
        return lambda stream, row, code: write((stream, row, "no" if code else "yes", code))

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()


@dataclass(slots=True)
class _Washing:
    app: App
    wish: Wish
    now: datetime
    rows: int = 0
    callable: int = 0
    release: str | None = None
    reasons: Counter[str] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)
    heaps: Heaps = field(default_factory=Heaps)

    def sift(self, system: Sifts, stream: Stream, tell: Tell | None) -> None:
        """Judge all rows of one list."""
        judge = RowJudge(self.app, stream, self.wish.channel, self.now)

        def judged(place: int, rows: Sequence[Judged]) -> list[bool]:
            codes = judge.codes(rows, self.heaps if self.release else None)
            names = [
                row.ref.id if isinstance(row, Member) else n for n, row in enumerate(rows, place)
            ]
            self._count(stream.name, names, codes, tell)
            return [code == "" for code in codes]

        system.sift(stream, judged, self.wish.out)

    def _count(
        self,
        stream: str,
        names: Sequence[int | str],
        codes: Sequence[str | None],
        tell: Tell | None,
    ) -> None:
        counted = Counter(code for code in codes if code is not None)
        self.rows += counted.total()
        self.callable += counted.pop("", 0)
        self.reasons += counted
        for row, code in zip(names, codes, strict=True):
            if code and len(self.refused) < MOST_TOLD:
                self.refused.append(Refusal(stream, row, code))
            if tell and code is not None:
                tell(stream, row, code)
        if self.release and (pages := self.heaps.full()):
            with self.app.store.transaction() as tx:
                releases.put(tx, self.release, pages)

    def finish(self, start: Head) -> datetime:
        """Let the list go, unless somebody on it said no meanwhile; gives when it expires."""
        made = self.app.clock()
        expires = made + timedelta(hours=self.app.settings.release.hours)
        with self.app.store.transaction() as tx:
            name = cast("str", self.release)
            releases.put(tx, name, self.heaps.full(all_of_them=True))
            self._must_stand(tx, name, start)
            releases.finish(
                tx,
                name,
                ledger.head(tx),
                written=self.wish.name or cast("Path", self.wish.out).name,
                made_at=made,
                expires_at=expires,
                rows=self.rows,
                released=self.callable,
                reasons=self.reasons,
            )
        return expires

    def _must_stand(self, tx: Tx, name: str, start: Head) -> None:
        if ledger.head(tx) != start and releases.came_since(tx, name, start):
            raise RunStopped("release.list_moved")

    def outcome(self, path: Path, found: Sequence[Gap], expires: datetime | None) -> Washed:
        """All of it."""
        return Washed(
            source=path.name,
            channel=self.wish.channel,
            rows=self.rows,
            callable=self.callable,
            reasons=dict(self.reasons.most_common()),
            refused=tuple(self.refused),
            written=str(self.wish.out) if self.wish.out is not None else None,
            release=self.release,
            made_at=self.now,
            expires_at=expires,
            gaps=tuple(found),
        )
