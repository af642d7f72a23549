"""`sync registers`: lists of people who declined in general, taken in issue by issue, and their age.

The file is read to its end before anything counts: what would change is shown, and let in at once
when somebody says so. Until then, and after a kill, the issue before it is the one in force.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Final, cast

from connectors.protocol import Page, Pulls, Stream
from rules.errors import UserError
from rules.permission import quarter
from rules.records import Kind, Record
from rules.registers import NAME, ROBINSON, Issue, Lack, row_key
from state import acts, coverage, registers
from state.store import Tx
from sync.app import App
from sync.suppression.importing import MOST_TOLD, Trouble
from sync.suppression.lifts import named
from sync.suppression.one_file import one_file

_SYSTEM: Final = "register"
_NAMES: Final = frozenset({"full_name", "last_name"})
_ABOUT: Final = frozenset({Kind.COMPANY.value, Kind.CONTACT.value, Kind.LEAD.value})


@dataclass(frozen=True, slots=True)
class Planned:
    """What letting an issue in changes. `replaces` is the day of the issue that is in force now."""

    register: str
    dated: date
    file: str
    rows: int
    entries: int
    added: int
    removed: int
    unusable: int
    replaces: date | None
    troubles: tuple[Trouble, ...]
    codes: dict[str, int]
    done: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """One register as it stands: `state` is current, old or missing."""

    register: str
    state: str
    dated: date | None = None
    days: int | None = None
    entries: int = 0
    imported_at: datetime | None = None
    by: str = ""
    earlier: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Protection:
    """Protection from advertising: no list, but a field of each record (`ad_protected`).

    What was looked up more than `days` days ago is not known any more.
    """

    records: int
    known: int
    days: int


@dataclass(frozen=True, slots=True)
class State:
    """All registers, and what is known of protection from advertising."""

    registers: tuple[Held, ...]
    protection: Protection


# --- how they stand --------------------------------------------------------------------------


def look(app: App) -> State:
    """The Robinson list first, there or not."""
    with app.store.reading() as tx:
        issues, who = registers.issues(tx), registers.actors(tx)
        protection = _protection(tx, app)
    names = sorted({one.register for one in issues} | {ROBINSON}, key=lambda n: (n != ROBINSON, n))
    held = tuple(
        _held(app, name, [one for one in issues if one.register == name], who) for name in names
    )
    return State(held, protection)


def _protection(tx: Tx, app: App) -> Protection:
    names = sorted(app.systems)
    there = {(s, stream) for s, stream, kind, _ in coverage.streams(tx, names) if kind in _ABOUT}
    known = sum(
        one.filled
        for one in coverage.read(tx, names)
        if one.field == "ad_protected" and (one.system, one.stream) in there
    )
    records = sum(n for s, stream, _, n in coverage.streams(tx, names) if (s, stream) in there)
    return Protection(records, known, app.settings.permission.protection_days)


def _held(app: App, name: str, issues: list[Issue], who: dict[int, str]) -> Held:
    if not issues:
        return Held(name, "missing")
    newest = issues[0]
    old = quarter(newest.dated) < quarter(app.today)
    return Held(
        register=name,
        state="old" if old else "current",
        dated=newest.dated,
        days=(app.today - newest.dated).days,
        entries=newest.entries,
        imported_at=newest.imported_at,
        by=who[newest.issue],
        earlier=tuple(one.dated for one in issues[1:]),
    )


# --- taking one in ---------------------------------------------------------------------------


@dataclass(slots=True)
class Draft:
    """An issue that was read, and waits to be let in or dropped."""

    app: App
    register: str
    dated: date
    path: Path
    before: Issue | None
    issue: int
    rows: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    is_in: bool = False

    def read(self, *, smaller: bool = False) -> Planned:
        """All rows of the file into the draft; what would change then.

        UserError when nobody stands there, or, unless `smaller` is all right, when half of those
        who stood on the register are gone.
        """
        for stream, page in _pages(self.app, self.path):
            self._page(stream, page)
        planned = self._planned()
        _must_be_whole(planned, smaller=smaller)
        return planned

    def _page(self, stream: Stream, page: Page) -> None:
        found = [key for one in page.records if (key := self._row(stream, one))]
        for broken in page.broken:
            self._trouble(stream, broken.place, "unreadable")
        self.rows += len(page.records) + len(page.broken)
        with self.app.store.transaction() as tx:
            registers.put(tx, self.issue, found)

    def _row(self, stream: Stream, record: Record) -> bytes | None:
        key = row_key(record.values, self.app.settings.region)
        if not isinstance(key, Lack):
            return self.app.keys.digest(key)
        self._trouble(stream, record.place or 0, key.code)
        return None

    def _trouble(self, stream: Stream, place: int, code: str) -> None:
        self.codes[code] += 1
        if len(self.troubles) < MOST_TOLD:
            self.troubles.append(Trouble(stream.name, place, code))

    def _planned(self) -> Planned:
        with self.app.store.reading() as tx:
            entries = registers.count(tx, self.issue)
            same = registers.in_both(tx, self.issue, self.before.issue) if self.before else 0
        return Planned(
            register=self.register,
            dated=self.dated,
            file=self.path.name,
            rows=self.rows,
            entries=entries,
            added=entries - same,
            removed=(self.before.entries - same) if self.before else 0,
            unusable=sum(self.codes.values()),
            replaces=self.before.dated if self.before else None,
            troubles=tuple(self.troubles),
            codes=dict(self.codes),
        )

    def let_in(self, planned: Planned, by: str) -> Planned:
        """From now on this issue is the one in force."""
        app = self.app
        named(by)
        about = f"register {self.register} {self.dated}"
        details = {"file": planned.file, "entries": str(planned.entries)}
        with app.store.transaction() as tx:
            now = app.clock()
            registers.let_in(tx, self.issue, planned.entries, by, now)
            acts.record(
                tx, "register.imported", about, by=by, login=app.actor, at=now, details=details
            )
        self.is_in = True
        return replace(planned, done=True)


@contextlib.contextmanager
def begun(app: App, path: Path, register: str, dated: date) -> Iterator[Draft]:
    """An issue that is about to be read; nothing is left of it unless it is let in.

    UserError when it cannot be one.
    """
    if not path.is_file():
        raise UserError("registers.no_file", file=str(path))
    if not NAME.fullmatch(register):
        raise UserError("registers.bad_name", name=register)
    if dated > app.today:
        raise UserError("registers.in_future", date=dated)
    newest = _newest(app, register)
    if newest and newest.dated > dated:
        raise UserError("registers.older", date=dated, held=newest.dated)
    with app.store.transaction() as tx:
        issue = registers.draft(tx, register, dated, app.keys.newest, app.clock())
    draft = Draft(app, register, dated, path, newest, issue)
    try:
        yield draft
    finally:
        if not draft.is_in:
            _drop(app, issue)


def _must_be_whole(planned: Planned, *, smaller: bool) -> None:
    if not planned.entries:
        raise UserError("registers.empty", file=planned.file)
    before = planned.entries - planned.added + planned.removed
    if not smaller and planned.entries * 2 < before:
        raise UserError("registers.halved", before=before, now=planned.entries)


def take_away(app: App, register: str, by: str) -> Issue:
    """Take the newest issue of a register away, with the one before it in force again."""
    newest = _newest(app, register)
    if newest is None:
        raise UserError("registers.none", name=register)
    about = f"register {register} {newest.dated}"
    named(by)
    with app.store.transaction() as tx:
        acts.record(tx, "register.dropped", about, by=by, login=app.actor, at=app.clock())
        registers.drop(tx, newest.issue)
    _drop(app, newest.issue)
    return newest


_QUARTER: Final = re.compile(r"(?P<year>\d{4})-?[QqKk](?P<number>[1-4])")


def day_of(text: str) -> date:
    """The day of an issue: a date, or a quarter as it is called (2026Q4, 2026K4); UserError else."""
    named_quarter = _QUARTER.fullmatch(text.strip())
    if named_quarter:
        return date(int(named_quarter["year"]), 3 * int(named_quarter["number"]) - 2, 1)
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UserError("registers.no_date", text=text) from None


def _newest(app: App, register: str) -> Issue | None:
    with app.store.reading() as tx:
        return next((one for one in registers.issues(tx) if one.register == register), None)


def _drop(app: App, issue: int) -> None:
    more = 1
    while more:
        with app.store.transaction() as tx:
            more = registers.drop(tx, issue)


def _pages(app: App, path: Path) -> Iterator[tuple[Stream, Page]]:
    """The sheets of the file, read as a list of people whatever its name is."""
    system = one_file(app, _SYSTEM, path, lambda _: Kind.LEAD)
    for stream in system.streams():
        mapped = {column.canonical for column in stream.columns}
        if "address" not in mapped or not mapped & _NAMES:
            raise UserError("registers.no_columns", file=stream.name)
        for page in cast("Pulls", system).pull(stream, None):
            yield stream, page
