"""A small CRM in memory: records with versions, conditional writes, a delete feed, and a journal.

`Desk` is the system itself, as its other users see it; it outlives any crash of ours. `Memory` is
our connector to it. Tests judge by the desk's journal, which is written by nobody but the desk.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from connectors.protocol import (
    Applied,
    Capabilities,
    Column,
    Conflict,
    Moved,
    Outcome,
    Page,
    Problem,
    Rejected,
    Stream,
    Token,
    Unknown,
)
from rules.changes import RecordChange
from rules.errors import StartOver, SystemStopped, TryAgain
from rules.flags import ALL, Flag
from rules.records import Kind, Record, Ref, Tombstone, Value

FIELDS = ("full_name", "company_name", "direct_phone", "other_phone", "email", "opt_out")
OURS = "ringren"
FLAGS = "ringren, a flag"
"""Who sets flags: they are set whatever stands there, so no version is named."""


class Fault(Enum):
    """What can go wrong with a call, other than that we die."""

    LOST = "answer lost after the write"
    DROPPED = "request lost before the write"
    STOPPED = "system stopped"
    LATER = "try again"
    OVER = "start over"
    REFUSED = "value refused"


@dataclass(slots=True)
class Row:
    """A record as the desk holds it. `version` counts the writes to the whole desk."""

    version: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One write that the desk accepted: what stood there, what was asked for, what stands now.

    `claimed` is what the writer thought would stand there (our `Change.old`), `base` the version
    that it named; both are None for people, who just type.
    """

    seq: int
    who: str
    ident: str
    before: Mapping[str, str]
    asked: Mapping[str, str]
    after: Mapping[str, str]
    claimed: Mapping[str, str] | None = None
    base: int | None = None
    found: int | None = None


@dataclass(slots=True)
class Desk:
    """The system. `stores` is how it spells a value that it is given: some vendors rewrite."""

    rows: dict[str, Row] = field(default_factory=dict)
    journal: list[Entry] = field(default_factory=list)
    deleted: list[tuple[int, str]] = field(default_factory=list)
    seq: int = 0
    stores: Callable[[str, str], str] | None = None
    rival: Callable[[Desk, Entry], None] | None = None
    """Another program, which hears of each write of ours."""

    def add(self, ident: str, **values: str) -> None:
        """Somebody enters a record."""
        self.seq += 1
        kept = {name: values[name] for name in FIELDS if values.get(name)}
        self.rows[ident] = Row(self.seq, kept)
        self.journal.append(Entry(self.seq, "somebody", ident, {}, kept, dict(kept)))

    def edit(self, ident: str, who: str = "somebody", **values: str) -> None:
        """Somebody types over some fields of a record, whatever stands there."""
        self._write(who, ident, values, None, None)

    def remove(self, ident: str) -> None:
        """Somebody deletes a record."""
        before = self.rows.pop(ident)
        self.seq += 1
        self.deleted.append((self.seq, ident))
        self.journal.append(Entry(self.seq, "somebody", ident, before.values, {}, {}))

    def patch(self, ident: str, change: RecordChange) -> int | None:
        """Our write: the new version, or None when the record is not in the version named."""
        row = self.rows.get(ident)
        if row is None or str(row.version) != change.base_version:
            return None
        asked = {one.field: one.new or "" for one in change.changes}
        claimed = {one.field: one.old or "" for one in change.changes}
        entry = self._write(OURS, ident, asked, claimed, int(change.base_version))
        version = self.seq
        if self.rival:
            self.rival(self, entry)
        return version

    def flag(self, ident: str, change: RecordChange) -> int:
        """Our write of a flag, whatever stands there: the new version."""
        asked = {one.field: one.new or "" for one in change.changes}
        entry = self._write(FLAGS, ident, asked, None, None)
        version = self.seq
        if self.rival:
            self.rival(self, entry)
        return version

    def _write(
        self,
        who: str,
        ident: str,
        asked: Mapping[str, str],
        claimed: Mapping[str, str] | None,
        base: int | None,
    ) -> Entry:
        row = self.rows[ident]
        found, before = row.version, dict(row.values)
        for name, text in asked.items():
            if stored := self.stores(name, text) if self.stores and text else text:
                row.values[name] = stored
            else:
                row.values.pop(name, None)
        self.seq += 1
        row.version = self.seq
        entry = Entry(
            self.seq, who, ident, before, dict(asked), dict(row.values), claimed, base, found
        )
        self.journal.append(entry)
        return entry

    def snapshot(self) -> dict[str, dict[str, str]]:
        """All values, by record."""
        return {ident: dict(row.values) for ident, row in self.rows.items()}

    def copied(self) -> Desk:
        """Another desk in the same state."""
        return copy.deepcopy(self)


class Memory:
    """The connector. `hook(point)` is called before and after everything that can go wrong.

    What the hook returns or raises is what happens there: a `Fault`, an exception, or nothing.
    It can list what there is when `compares` is set: `unlisted` are ids that a list leaves out.
    With a delete feed, pulls after the first show what has changed; without one, everything.
    """

    def __init__(
        self,
        name: str,
        desk: Desk,
        *,
        hook: Callable[[str], Fault | None] = lambda _point: None,
        delete_feed: bool = True,
        page: int = 3,
        batch: int = 2,
        fields: Sequence[str] = FIELDS,
        kind: Kind = Kind.CONTACT,
        compares: bool = False,
    ) -> None:
        self.unlisted: set[str] = set()
        self.counts = True
        self.name = name
        self._desk = desk
        self._hook = hook
        self._feed = delete_feed
        self._page = page
        self._fields = tuple(fields)
        can = Capabilities(
            push=True,
            conditional_write=True,
            delete_feed=delete_feed,
            batch_size=batch,
            compares=compares,
        )
        columns = tuple(Column(name, name) for name in self._fields)
        self._stream = Stream("people", kind, can, columns, "id")

    def streams(self) -> Sequence[Stream]:
        """The one stream."""
        self._point("streams")
        return [self._stream]

    def problems(self) -> Sequence[Problem]:
        """None, ever."""
        return []

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """Everything from the beginning, or what has changed since the token was made.

        The cursor of a complete reading is the moment at which it began: what changed meanwhile
        is shown again.
        """
        token = token or {"since": 0, "until": self._desk.seq, "after": "", "full": True}
        if token.get("done"):
            if self._desk.seq == token["until"]:
                yield Page((), token, complete=True, full=False)
                return
            since = token["until"] if self._feed else 0
            token = {
                "since": since, "until": self._desk.seq, "after": "", "full": not self._feed,
            }  # fmt: skip
        while True:
            if self._point("pull") is Fault.OVER:
                raise StartOver("files.changed_while_read", file="people")
            page = self._page_from(token)
            yield page
            if page.complete:
                return
            token = page.next

    def count(self, stream: Stream) -> int | None:
        """How many there are, unless the desk cannot tell."""
        self._point("count")
        return len(self._desk.rows) - len(self.unlisted) if self.counts else None

    def ids(self, stream: Stream) -> Iterator[Ref]:
        """Every id."""
        for ident in sorted(self._desk.rows):
            self._point("ids")
            if ident not in self.unlisted:
                yield self._ref(ident)

    def _page_from(self, token: Token) -> Page:
        waiting = sorted(
            ident
            for ident, row in self._desk.rows.items()
            if ident > token["after"] and row.version > token["since"]
        )
        shown, complete = waiting[: self._page], len(waiting) <= self._page
        gone = [Tombstone(self._ref(i)) for at, i in self._desk.deleted if at > token["since"]]
        new = {**token, "after": shown[-1] if shown else token["after"]}
        if complete:
            new = {"until": token["until"], "done": True}
        return Page(
            [self._record(ident) for ident in shown],
            new,
            complete=complete,
            full=complete and token["full"],
            tombstones=[
                one for one in gone if complete and self._feed and one.ref.id not in self._desk.rows
            ],
        )

    def _ref(self, ident: str) -> Ref:
        return Ref(self.name, self._stream.kind, ident)

    def _record(self, ident: str) -> Record:
        row = self._desk.rows[ident]
        values: dict[str, Value] = {name: row.values.get(name) for name in self._fields}
        return Record(self._ref(ident), str(row.version), values)

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """Single records as they are now."""
        self._point("read")
        for ref in refs:
            if ref.id in self._desk.rows:
                yield self._record(ref.id)

    def push(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """One conditional request for each record."""
        for change in batch:
            fault = self._point("push")
            if fault is Fault.DROPPED:
                yield Unknown(change.ref, "timeout")
                continue
            unknown = [one.field for one in change.changes if one.field not in self._fields]
            if fault is Fault.REFUSED or unknown:
                code = "no_column" if unknown else "cell_not_writable"
                yield Rejected(change.ref, code, {"field": change.changes[0].field})
                continue
            version = self._desk.patch(change.ref.id, change)
            if fault is Fault.LOST or self._point("pushed") is Fault.LOST:
                yield Unknown(change.ref, "timeout")
            elif version is None:
                yield Conflict(change.ref)
            else:
                yield Applied(change.ref, str(version))

    def flags(self, stream: Stream) -> Sequence[Flag]:
        """The one flag of the desk, if it is shown."""
        return [Flag("opt_out", ALL, "ja", words=True)] if "opt_out" in self._fields else []

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """One request for each record, whatever was changed on it since."""
        for change in batch:
            fault = self._point("block")
            row = self._desk.rows.get(change.ref.id)
            if fault is Fault.REFUSED:
                yield Rejected(change.ref, "cell_not_writable", {"field": "opt_out"})
            elif fault is Fault.DROPPED:
                yield Unknown(change.ref, "timeout")
            elif row is None:
                yield Conflict(change.ref)
            else:
                same = str(row.version) == change.base_version
                version = self._desk.flag(change.ref.id, change)
                if fault is Fault.LOST or self._point("blocked") is Fault.LOST:
                    yield Unknown(change.ref, "timeout")
                else:
                    yield Applied(change.ref, str(version) if same else change.base_version)

    def expected_version(self, stream: Stream, record: Record, change: RecordChange) -> str | None:
        """Only the desk knows."""
        return None

    def _point(self, point: str) -> Fault | None:
        fault = self._hook(f"{self.name}.{point}")
        if fault is Fault.STOPPED:
            raise SystemStopped("error.surroundings", file=self.name, reason=point)
        if fault is Fault.LATER:
            raise TryAgain("error.surroundings", file=self.name, reason=point)
        return fault
