"""A HubSpot portal: records with history, an index that lags behind, a bin, merges, a journal.

It is the system as its other users see it, and outlives any crash of ours. Tests judge by its
journal, which nobody but the portal writes. It knows nothing of HTTP (`wire`) or of our program.
"""

from __future__ import annotations

import heapq
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from simulators.hubspot.schema import (
    OBJECTS,
    Property,
    birth_of,
    iso,
    refusal,
    stamp_of,
    standard,
)

OURS = "INTEGRATION"
PEOPLE = "CRM_UI"
MERGING = "MERGE_OBJECTS"


class Version(NamedTuple):
    """One value that a property has had."""

    value: str
    at: int
    source: str


@dataclass(slots=True)
class Row:
    """One record. `values` is replaced, never changed: the index may still hold the old one."""

    id: int
    values: dict[str, str]
    created: int
    changed: int
    archived_at: int | None = None
    history: dict[str, list[Version]] = field(default_factory=dict)
    """By property, newest last; a property that never changed has its first value only."""


class Doc(NamedTuple):
    """A record as the search index has it."""

    values: Mapping[str, str]
    changed: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One write that was accepted: who, what stood there, what was asked, what stands now."""

    seq: int
    at: int
    who: str
    what: str
    objects: str
    id: int
    before: Mapping[str, str]
    asked: Mapping[str, str]
    after: Mapping[str, str]


class Refused(Exception):
    """A write that is not taken."""

    def __init__(self, status: int, category: str, code: str, name: str, message: str) -> None:
        super().__init__(message)
        self.status, self.category, self.code, self.name = status, category, code, name


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        """Time goes by."""
        self.now += timedelta(seconds=seconds)


def wall_clock() -> datetime:
    """The real time."""
    return datetime.now(UTC)


def _trimmed(name: str, text: str) -> str:
    """What HubSpot makes of a value: no blanks around it, e-mail addresses in lower case."""
    return text.strip().lower() if name == "email" else text.strip()


@dataclass
class Portal:
    """The state. `lag_ms` is how long the index needs to show a change."""

    clock: Callable[[], datetime] = wall_clock
    lag_ms: int = 0
    rewrites: Callable[[str, str], str] = _trimmed
    rules: list[Callable[[str, Mapping[str, str]], str | None]] = field(default_factory=list)
    """Rules of the customer's administrator: give the name of a property that they miss."""
    rival: Callable[[Portal, Entry], None] | None = None
    """A workflow, which hears of each write of ours."""
    hidden: set[tuple[str, str]] = field(default_factory=set)
    """(object, property) that whoever calls may not see."""
    portal_id: int = 4321
    zone: str = "Europe/Copenhagen"

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.properties: dict[str, dict[str, Property]] = standard()
        self.groups: dict[str, dict[str, str]] = {name: {} for name in OBJECTS}
        self.rows: dict[str, dict[int, Row]] = {name: {} for name in OBJECTS}
        self.bin: dict[str, dict[int, int]] = {name: {} for name in OBJECTS}
        self.merged: dict[str, dict[int, int]] = {name: {} for name in OBJECTS}
        self.index: dict[str, dict[int, Doc]] = {name: {} for name in OBJECTS}
        self.links: dict[tuple[str, int, str], list[int]] = {}
        self.owners: dict[str, tuple[str, str, str]] = {}
        self.journal: list[Entry] = []
        self.ineffective: set[int] = set()
        """Records whose next write is answered with 200 and not stored."""
        self.unsubscribed: dict[str, int] = {}
        """Addresses that want no mail, and since when."""
        self.types: dict[str, str] = {}
        self.lists: dict[str, list[int]] = {}
        """Lists of contacts by their names: the ids of who is on them."""
        """Types of mail by id: each may be left by itself."""
        self.hollow_addresses: set[str] = set()
        """Addresses that are answered with 200 and not taken off."""
        self.generation: Counter[str] = Counter()
        self._order: dict[str, list[int]] = {name: [] for name in OBJECTS}
        self._taken: dict[tuple[str, str, str], int] = {}
        self._pending: list[tuple[int, int, str, int, Doc | None]] = []
        self._last_id = 1000
        self._seq = 0

    # --- what users do ------------------------------------------------------------------------

    def create(self, objects: str, values: Mapping[str, str], who: str = PEOPLE) -> int:
        """Somebody makes a record; its number."""
        with self.lock:
            self._last_id += 1
            row = Row(self._last_id, {}, self.now_ms, self.now_ms)
            kept = {n: t for n, text in values.items() if (t := self.rewrites(n, text))}
            row.values = kept
            self._add(objects, row)
            self._note(who, "create", objects, row, {}, values)
            return row.id

    def load(self, objects: str, values: dict[str, str], created: int) -> int:
        """A record that has been there for long: no journal tells of it."""
        self._last_id += 1
        row = Row(self._last_id, values, created, created)
        self._add(objects, row)
        self.index[objects][row.id] = Doc(values, created)
        self._unique_of(objects, row)
        return row.id

    def edit(self, objects: str, ident: int, who: str = PEOPLE, **values: str) -> None:
        """Somebody types over some properties, whatever stands there."""
        with self.lock:
            self._store(objects, self.rows[objects][ident], values, who)

    def unsubscribe(self, address: str) -> None:
        """An address wants no mail: all contacts that have it show it, and keep on doing so."""
        with self.lock:
            self.unsubscribed.setdefault(address, self.now_ms)
            for row in self.rows["contacts"].values():
                if row.values.get("email") == address and row.archived_at is None:
                    self._store("contacts", row, {"hs_email_optout": "true"}, "EMAIL_OPT_OUT")

    def mail_type(self, ident: str, name: str) -> None:
        """The customer makes a type of mail: contacts show who has left it."""
        mirror = f"hs_email_optout_{ident}"
        self.types[ident] = name
        self.properties["contacts"][mirror] = Property(
            mirror, f"Opted out of email: {name}", "bool", "booleancheckbox",
            {"true": "Yes", "false": "No"}, read_only=True,
        )  # fmt: skip

    def leave(self, address: str, ident: str, *, back: bool = False) -> None:
        """An address leaves a type of mail, or comes back to it."""
        with self.lock:
            said = {f"hs_email_optout_{ident}": "" if back else "true"}
            for row in self.rows["contacts"].values():
                if row.values.get("email") == address and row.archived_at is None:
                    self._store("contacts", row, said, "EMAIL_OPT_OUT")

    def recalculate(self, objects: str, ident: int, **values: str) -> None:
        """HubSpot works a property out anew, and no stamp tells of it."""
        with self.lock:
            row = self.rows[objects][ident]
            row.values = {**row.values, **values}
            self._to_index(objects, row)

    def archive(self, objects: str, ident: int, who: str = PEOPLE) -> None:
        """Somebody deletes a record: it lies in the bin."""
        with self.lock:
            row = self.rows[objects][ident]
            row.archived_at = self.bin[objects][ident] = self.now_ms
            self._note(who, "archive", objects, row, row.values, {})

    def restore(self, objects: str, ident: int) -> None:
        """Somebody takes a record out of the bin."""
        with self.lock:
            row = self.rows[objects][ident]
            del self.bin[objects][ident]
            row.archived_at, row.changed = None, self.now_ms
            self._note(PEOPLE, "restore", objects, row, row.values, {})

    def forget(self, objects: str, ident: int) -> None:
        """Deletion for privacy: nothing is left, not even in the bin."""
        with self.lock:
            row = self.rows[objects].pop(ident)
            self.bin[objects].pop(ident, None)
            row.archived_at = self.now_ms
            self._note(PEOPLE, "forget", objects, row, row.values, {})

    def merge(
        self, objects: str, winner: int, loser: int, *, third: bool = False, who: str = PEOPLE
    ) -> int:
        """Two records become one; with `third` under a new number. The number that remains."""
        with self.lock:
            first, second = self.rows[objects][winner], self.rows[objects].pop(loser)
            values = {**second.values, **first.values}
            gone, past = [second], first.history
            for name, text in second.values.items() - first.values.items():
                if values[name] == text:
                    past.setdefault(name, []).append(Version(text, self.now_ms, MERGING))
            if third:
                self._last_id += 1
                gone = [self.rows[objects].pop(winner), second]
                first = Row(self._last_id, {}, first.created, self.now_ms, history=past)
                self._add(objects, first)
            eaten = [one.values.get("hs_merged_object_ids") or "" for one in (*gone, first)]
            ids = [str(one.id) for one in gone] + [n for text in eaten for n in text.split(";")]
            values["hs_merged_object_ids"] = ";".join(dict.fromkeys(filter(None, ids)))
            before, first.values, first.changed = first.values, values, self.now_ms
            for one in gone:
                self.merged[objects][one.id] = first.id
                one.archived_at = self.now_ms
                self._to_index(objects, one)
            self._note(who, "merge", objects, first, before, {"loser": str(loser)})
            return first.id

    def associate(self, objects: str, ident: int, to: str, other: int) -> None:
        """Two records belong together."""
        with self.lock:
            self.links.setdefault((objects, ident, to), []).append(other)
            self.links.setdefault((to, other, objects), []).append(ident)

    def own(self, objects: str, name: str, kind: str = "string", **more: Any) -> None:
        """The customer makes a property of his own."""
        form = {"bool": "booleancheckbox", "number": "number", "enumeration": "select"}
        more.setdefault("field_type", form.get(kind, "date" if "date" in kind else "text"))
        label = more.pop("label", name)
        self.properties[objects][name] = Property(name, label, kind, own=True, **more)

    # --- what the API does --------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """The portal's time."""
        return int(self.clock().timestamp() * 1000)

    def find(self, objects: str, ident: str, *, archived: bool = False) -> Row | None:
        """The record under a number; under that of one that was merged away, the winner."""
        if not ident.isdigit():
            return None
        number = int(ident)
        while number in self.merged[objects]:
            number = self.merged[objects][number]
        row = self.rows[objects].get(number)
        return row if row is not None and (row.archived_at is not None) == archived else None

    def find_by(self, objects: str, name: str, text: str) -> Row | None:
        """The record with a unique value."""
        wanted = self.rewrites(name, text)
        row = self.rows[objects].get(self._taken.get((objects, name, wanted), 0))
        live = row is not None and row.archived_at is None and row.values.get(name) == wanted
        return row if live else None

    def patch(self, objects: str, row: Row, values: Mapping[str, str], who: str) -> None:
        """A write through the API; `Refused` when a rule of the portal is broken."""
        self.check(objects, row, values)
        if row.id in self.ineffective:
            self.ineffective.discard(row.id)
            return
        entry = self._store(objects, row, values, who)
        if self.rival:
            self.rival(self, entry)

    def check(self, objects: str, row: Row, values: Mapping[str, str]) -> None:
        """`Refused` when such a write is not taken."""
        known = self.properties[objects]
        for name, text in values.items():
            rule = None if (objects, name) in self.hidden else known.get(name)
            if why := refusal(rule, name, text):
                raise Refused(400, "VALIDATION_ERROR", why[0], name, why[1])
            if rule and rule.unique and text:
                other = self.find_by(objects, name, text)
                if other and other.id != row.id:
                    raise Refused(409, "CONFLICT", "CONFLICTING_VALUE", name, "value is taken")
        after = {**row.values, **values}
        for rule_of in self.rules:
            if missing := rule_of(objects, after):
                message = f"{missing} is required"
                raise Refused(400, "VALIDATION_ERROR", "REQUIRED_PROPERTY", missing, message)

    def numbers_from(self, objects: str, number: int) -> Iterator[int]:
        """The numbers of records from this one on; those of records that are gone among them."""
        order = self._order[objects]
        for at in range(bisect_left(order, number), len(order)):
            yield order[at]

    def caught_up(self, objects: str) -> Mapping[int, Doc]:
        """The index as it is by now."""
        while self._pending and self._pending[0][0] <= self.now_ms:
            self._show(*heapq.heappop(self._pending)[2:])
        return self.index[objects]

    def value(self, objects: str, row: Row, name: str, doc: Doc | None = None) -> str | None:
        """A property of a record, computed ones too."""
        if name == "hs_object_id":
            return str(row.id)
        if name == stamp_of(objects):
            return iso(doc.changed if doc else row.changed)
        if name == birth_of(objects) and name not in row.values:
            return iso(row.created)
        return (doc.values if doc else row.values).get(name)

    def versions(self, row: Row, name: str) -> list[Version]:
        """What a property has been, newest first."""
        past = row.history.get(name)
        if past is None:
            text = row.values.get(name)
            return [Version(text, row.created, "IMPORT")] if text else []
        return past[::-1]

    def snapshot(self) -> dict[str, dict[int, dict[str, str]]]:
        """All values of all records that are not in the bin."""
        with self.lock:
            return {
                objects: {n: dict(r.values) for n, r in rows.items() if r.archived_at is None}
                for objects, rows in self.rows.items()
                if rows
            }

    # --- inside -------------------------------------------------------------------------------

    def _store(self, objects: str, row: Row, asked: Mapping[str, str], who: str) -> Entry:
        before, values = row.values, dict(row.values)
        for name, text in asked.items():
            stored = self.rewrites(name, text)
            if stored == values.get(name, ""):
                continue
            past = row.history.setdefault(
                name, [Version(values[name], row.created, "IMPORT")] if values.get(name) else []
            )
            past.append(Version(stored, self.now_ms, who))
            values[name] = stored
            if not stored:
                del values[name]
        row.values, row.changed = values, self.now_ms
        return self._note(who, "edit", objects, row, before, asked)

    def _note(
        self,
        who: str,
        what: str,
        objects: str,
        row: Row,
        before: Mapping[str, str],
        asked: Mapping[str, str],
    ) -> Entry:
        self._seq += 1
        entry = Entry(
            self._seq, self.now_ms, who, what, objects, row.id, before, dict(asked), row.values
        )
        self.journal.append(entry)
        self._unique_of(objects, row)
        self._to_index(objects, row)
        return entry

    def _add(self, objects: str, row: Row) -> None:
        self.rows[objects][row.id] = row
        self._order[objects].append(row.id)

    def _unique_of(self, objects: str, row: Row) -> None:
        if objects == "contacts" and (text := row.values.get("email")):
            self._taken[objects, "email", text] = row.id

    def _to_index(self, objects: str, row: Row) -> None:
        if self.lag_ms <= 0:
            self._show(objects, row.id, _doc(row))
            return
        self._seq += 1
        due = self.now_ms + self.lag_ms
        heapq.heappush(self._pending, (due, self._seq, objects, row.id, _doc(row)))

    def _show(self, objects: str, ident: int, doc: Doc | None) -> None:
        self.generation[objects] += 1
        if doc is None or ident not in self.rows[objects]:
            self.index[objects].pop(ident, None)
        else:
            self.index[objects][ident] = doc


def _doc(row: Row) -> Doc | None:
    """How the index will show it; None for one in the bin."""
    return Doc(row.values, row.changed) if row.archived_at is None else None
