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
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, cast

from connectors.protocol import UNREADABLE, Judged, Sifts, Stream
from connectors.registry import files
from rules.errors import RunStopped, UserError
from rules.keys import KEY_FIELDS, KeyKind, record_keys
from rules.permission import NATURAL, Answer, Permission, Purpose, permission
from rules.permission_facts import facts_of, person_of
from rules.records import Kind, Record, Ref, Value
from rules.registers import UNCHECKED, Registered, in_force, keys_of
from rules.suppression import Channel
from state import assurance, ledger, registers, releases
from state.assurance import Gap
from state.ledger import Head
from state.releases import Heaps
from state.screen import HashedRecord, Screen
from state.store import Tx
from sync.app import App
from sync.heap import roomy
from sync.permitting import terms_of
from sync.stages import reaching

MOST_TOLD: Final = 20
_SYSTEM: Final = "list"
_NO_NUMBER: Final = {
    Channel.CALL: "no_number",
    Channel.SMS: "no_number",
    Channel.EMAIL: "no_address",
}
_WANTED: Final = {
    Channel.CALL: KeyKind.PHONE,
    Channel.SMS: KeyKind.PHONE,
    Channel.EMAIL: KeyKind.EMAIL,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that may not be contacted, and why."""

    stream: str
    row: int
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


def wash(app: App, path: Path, wish: Wish) -> Washed:
    """Look at each row of the file; with `wish.out`, write the callable ones and let them go.

    RunStopped, and nothing written, when the suppression list cannot be relied on.
    """
    streams = list(_streams(app, path))
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


def _streams(app: App, path: Path) -> Iterator[tuple[Sifts, Stream]]:
    """The lists in a file, as something to be called, whatever its name is."""
    if not path.is_file():
        raise UserError("release.no_file", file=str(path))

    def wishes(file: str) -> dict[str, Any]:
        one = app.settings.files.of(file)
        kind = one.kind or Kind.LEAD
        return {
            "columns": one.columns,
            "kind": kind,
            "encoding": one.encoding or "",
            "delimiter": one.delimiter or "",
        }

    limit = app.settings.files.max_workbook_mb
    system = files(_SYSTEM, path, said=wishes, known=lambda _: None, max_workbook_mb=limit)
    for problem in system.problems():
        if problem.stops:
            raise UserError(problem.message, problem.remedy, **problem.details)
    found = [(cast("Sifts", system), stream) for stream in system.streams()]
    for _, stream in found:
        mapped = {column.canonical for column in stream.columns}
        if not mapped & KEY_FIELDS:
            raise UserError("release.no_keys", file=stream.name)
    yield from found


class _verdicts:  # noqa: N801 - used as a context manager only
    """Writes the verdict of each row as CSV, when that was asked for."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("w", encoding="utf-8", newline="") if path else None

    def __enter__(self) -> Callable[[str, int, str], None] | None:
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

    def sift(
        self, system: Sifts, stream: Stream, tell: Callable[[str, int, str], None] | None
    ) -> None:
        """Judge all rows of one list."""
        judge = _Judge(self.app, stream, self.wish.channel, self.now)

        def judged(place: int, rows: Sequence[Judged]) -> list[bool]:
            codes = judge.codes(rows, self.heaps if self.release else None)
            self._count(stream.name, place, codes, tell)
            return [code == "" for code in codes]

        system.sift(stream, judged, self.wish.out)

    def _count(
        self,
        stream: str,
        place: int,
        codes: Sequence[str | None],
        tell: Callable[[str, int, str], None] | None,
    ) -> None:
        for row, code in enumerate(codes, place):
            if code is None:
                continue
            self.rows += 1
            if code:
                self.reasons[code] += 1
                if len(self.refused) < MOST_TOLD:
                    self.refused.append(Refusal(stream, row, code))
            else:
                self.callable += 1
            if tell:
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


class _Judge:
    """Gives each row of a list its code: empty for callable, None for a blank row."""

    def __init__(self, app: App, stream: Stream, channel: Channel, now: datetime) -> None:
        self.app, self.kind, self.channel, self.now = app, stream.kind, channel, now
        self.screen = Screen(app.keys)
        self.ref = Ref(_SYSTEM, stream.kind, "")
        self.wanted, self.missing = _WANTED[channel], _NO_NUMBER[channel]
        self.terms = terms_of(app)
        mapped = {column.canonical for column in stream.columns if column.canonical}
        self.facts = [name for name in _FACTS if name in mapped]
        self.pick: Callable[[Mapping[str, Value]], Any] = (
            itemgetter(*self.facts) if self.facts else lambda _: ()
        )
        self.known: dict[Any, str] = {}

    def codes(self, rows: Sequence[Judged], heaps: Heaps | None) -> list[str | None]:
        """One code for each row."""
        hashed: list[HashedRecord] = []
        codes: list[str | None] = [None] * len(rows)
        ring, region, wanted, ref = self.app.keys, self.app.settings.region, self.wanted, self.ref
        for at, row in enumerate(rows):
            if row is None or row == UNREADABLE:
                codes[at] = row and UNREADABLE
                continue
            values = cast("Mapping[str, Value]", row)
            carried = record_keys(values, region)
            for key in carried:
                if key[0][0] is wanted:
                    break
            else:
                codes[at] = self.missing
                continue
            record = Record(ref, "", values, at)
            hashed.append(HashedRecord(at, record, carried, ring.digests(carried)))
        with self.app.store.reading() as tx:
            standing = self.screen.blocked(tx, hashed, self.now, bounces=True)
            listed = self._registered(tx, hashed)
        for one in hashed:
            stands = standing.get(one.rid)
            code = "opted_out" if stands and self.channel in stands.channels else None
            said = listed.get(one.rid, UNCHECKED)
            codes[one.rid] = code or self._permitted(one.record.values, said)
            if heaps is not None and codes[one.rid] == "":
                heaps.add(one.digests)
        return codes

    def _registered(self, tx: Tx, hashed: Sequence[HashedRecord]) -> Mapping[int, Registered]:
        """What the registers say of the people among these; they are about calls alone."""
        issues = in_force(registers.issues(tx), self.now) if self.channel is Channel.CALL else ()
        if not issues:
            return {}
        region = self.app.settings.region
        people = {
            one.rid: keys_of(one.record.values, region)
            for one in hashed
            if person_of(self.kind, one.record.values) in NATURAL
        }
        return registers.look_up(tx, self.app.keys, issues, people)

    def _permitted(self, values: Mapping[str, Value], registered: Registered) -> str:
        """The reason against contact, or nothing. Rows that say the same are decided once."""
        who = person_of(self.kind, values)
        key = (who, self.pick(values), registered.on, registered.checked)
        code = self.known.get(key)
        if code is None:
            said = self._permission(values, registered)
            code = "" if said.answer is Answer.ALLOWED else said.code
            if len(self.known) < _MOST_KNOWN:
                self.known[key] = code
        return code

    def _permission(self, values: Mapping[str, Value], registered: Registered) -> Permission:
        facts = facts_of(self.kind, values, (), registered)
        return permission(facts, self.channel, Purpose.MARKETING, self.app.today, self.terms)


_MOST_KNOWN: Final = 50_000
_FACTS: Final = (
    "lawful_basis", "lawful_basis_ref", "ad_protected", "data_checked_at", "last_contact_at",
    *(f"consent_{one}{end}" for one in ("call", "email", "sms") for end in ("", "_at", "_source")),
)  # fmt: skip
"""What `facts_of` reads beside who the person is."""
