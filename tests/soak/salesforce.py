"""Salesforce as a place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from simulators.inward import Heard, Told, inward
from simulators.salesforce.journal import Entry
from simulators.salesforce.org import OURS, ROBOT, Org, Transaction
from simulators.salesforce.serving import HOST, LOGIN, Clock, Trouble, build
from soak.place import Field, Known, News, Texts

from connectors.caller import Patience
from connectors.salesforce import Salesforce as Connector
from connectors.salesforce.client import SETTLES
from connectors.salesforce.client import Org as Line
from connectors.salesforce.logins import ClientCredentials
from rules.records import Kind

TABLES: Final = {Kind.COMPANY: "Account", Kind.CONTACT: "Contact", Kind.LEAD: "Lead"}
KINDS: Final = {table: kind for kind, table in TABLES.items()}
FIELDS: Final = {
    Kind.COMPANY: {
        "company": Field("Name", "company_name"),
        "phone": Field("Phone", "main_phone"),
        "note": Field("BillingStreet", "address"),
    },
    Kind.CONTACT: {
        "name": Field("LastName", "last_name"),
        "phone": Field("Phone", "direct_phone"),
        "mail": Field("Email", "email"),
        "note": Field("Title", "title"),
        "no": Field("DoNotCall", "opt_out_call"),
    },
    Kind.LEAD: {
        "name": Field("LastName", "last_name"),
        "phone": Field("Phone", "direct_phone"),
        "mail": Field("Email", "email"),
        "company": Field("Company", "company_name"),
        "no": Field("DoNotCall", "opt_out_call"),
    },
}
READING: Final = (
    Trouble.BUSY, Trouble.HALF, Trouble.SIGNED_OUT, Trouble.GARBLED, Trouble.SLOW, Trouble.FAILED,
)  # fmt: skip
WRITING: Final = (
    Trouble.LOST, Trouble.DROPPED, Trouble.HALF, Trouble.FAILED, Trouble.BUSY, Trouble.SLOW,
    Trouble.HOLLOW, Trouble.SIGNED_OUT,
)  # fmt: skip
MOST_LATE: Final = 3


@dataclass
class Place:
    """One org."""

    r: Random
    time: Any = None
    """A clock that others go by, too."""
    system: str = "salesforce"
    fields: Mapping[Kind, Mapping[str, Field]] = field(default_factory=lambda: FIELDS)
    history: bool = False
    forgets: bool = False
    unheard: set[tuple[Kind, str]] = field(default_factory=set)
    pending: Mapping[tuple[Kind, str], News] = field(default_factory=dict)
    """Who said no and was not read since: what becomes of them for good nobody could hear."""
    went: dict[tuple[Kind, str], tuple[Kind, str]] = field(default_factory=dict)
    late: list[tuple[Transaction, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        noon = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
        self.vendor = build(self.time or Clock(stopped=noon, ahead=timedelta()))
        self.vendor.desk.daily = 10**9
        self.vendor.desk.page = self.r.choice((60, 250, 2000))
        self.vendor.skew = timedelta(seconds=self.r.choice((0, 0, -120, 45, 200)))
        self.vendor.request_takes = timedelta(milliseconds=self.r.choice((20, 300)))
        self.vendor.desk.composite_deleted = self.r.random() < 0.7
        self.vendor.desk.closed_logs = self.r.random() < 0.15
        self.history = self.r.random() < 0.6
        if self.history:
            self.org.tracked |= {("Contact", "DoNotCall"), ("Lead", "DoNotCall")}
        self._together, self._jobs_from = self.r.random() < 0.5, self.r.choice((200, 50_000))

    @property
    def org(self) -> Org:
        return self.vendor.org

    @property
    def skew(self) -> timedelta:
        return self.vendor.skew

    # --- ours ---

    def connector(self, known: Known) -> Connector:
        app, clock = self.vendor.desk.tickets.app, self.vendor.clock
        line = Line(
            self.system,
            ClientCredentials(HOST, app.key, app.secret),
            clock=clock,
            patience=Patience(tries=3),
            sleep=lambda seconds: clock.pass_by(seconds=min(seconds, 30)),
            elapsed=lambda: clock().timestamp(),
        )
        return Connector(
            self.system,
            line,
            objects=list(TABLES.values()),
            known=known,
            guard_together=self._together,
            bulk_from=self._jobs_from,
        )

    @contextmanager
    def reached(self, visit: Callable[[str], None]) -> Iterator[None]:
        def door(heard: Heard) -> Told:
            visit(f"call {heard.method} {heard.address.path}")
            told = self.vendor.door(heard)
            visit(f"called {heard.method} {heard.address.path}")
            return told

        with inward({HOST: door, LOGIN: door}):
            yield
        self.vendor.calls.clear()

    def now(self) -> datetime:
        return self.vendor.clock()

    # --- theirs ---

    def _values(self, kind: Kind, traits: Texts) -> dict[str, Any]:
        return {self.fields[kind][trait].vendor: text or None for trait, text in traits.items()}

    def add(self, kind: Kind, traits: Texts, *, no: bool = False) -> str:
        values = self._values(kind, traits)
        return self.org.add(TABLES[kind], **values, **({"DoNotCall": True} if no else {}))

    def edit(self, kind: Kind, ident: str, traits: Texts) -> None:
        self.org.edit(ident, **self._values(kind, traits))

    def flag(self, kind: Kind, ident: str, *, no: bool) -> None:
        self.org.edit(ident, DoNotCall=no)

    def remove(self, kind: Kind, ident: str) -> None:
        self.org.remove(ident)

    def living(self, kind: Kind) -> Sequence[str]:
        return [i for i, row in self._rows(kind).items() if not _gone(row)]

    def flagged(self, kind: Kind, ident: str) -> bool:
        return bool(self._rows(kind)[ident].get("DoNotCall"))

    def _rows(self, kind: Kind) -> dict[str, dict[str, Any]]:
        return self.org.rows.get(TABLES[kind], {})

    def ways(self) -> Mapping[str, Callable[[Random], str | None]]:
        return {
            "merge": self._merge,
            "restore": self._restore,
            "erased for good": self._erase,
            "converted": self._convert,
            "late begun": self._begin,
            "late committed": self._commit,
            "session ended": self._end_sessions,
            "locators forgotten": self._forget,
            "log purged": self._purge_log,
            "away for long": self._long,
        }

    def _merge(self, r: Random) -> str | None:
        kind = r.choice(list(TABLES))
        if len(there := self.living(kind)) < 4:
            return None
        winner, *losers = r.sample(there, r.choice((2, 3)))
        self.org.merge(winner, *losers)
        self.went |= {(kind, loser): (kind, winner) for loser in losers}
        return winner

    def _bin(self) -> list[tuple[Kind, str]]:
        return [
            (kind, ident)
            for kind in TABLES
            for ident, row in self._rows(kind).items()
            if row.get("IsDeleted")
        ]

    def _restore(self, r: Random) -> str | None:
        kept = [i for kind, i in self._bin() if not self._rows(kind)[i].get("MasterRecordId")]
        if not kept:
            return None
        self.org.restore(r.choice(kept))
        return "one"

    def _erase(self, r: Random) -> str | None:
        """Past the recycle bin. A no that nobody was told of would go with it, and so would the
        word in whom a record went up."""
        quiet = [
            ident
            for kind, ident in self._bin()
            if (kind, ident) not in self.unheard
            and not ((kind, ident) in self.went and (kind, ident) in self.pending)
        ]
        if not quiet or self.vendor.desk.closed_logs:
            return None
        self.org.purge(*r.sample(quiet, max(1, len(quiet) // 2)))
        return "some"

    def _convert(self, r: Random) -> str | None:
        if not (there := self.living(Kind.LEAD)):
            return None
        self.org.convert(r.choice(there))
        return "one"

    def _begin(self, r: Random) -> str | None:
        kind = r.choice(list(TABLES))
        there = self.living(kind)
        if len(self.late) >= MOST_LATE or not there:
            return None
        one = self.org.transaction()
        name = self.fields[kind]["phone"].vendor
        for ident in r.sample(there, min(len(there), r.choice((1, 5)))):
            one.edit(ident, **{name: f"68 {r.randrange(900_000, 1_000_000):06}"})
        self.late.append((one, self.now()))
        return "one"

    def _commit(self, _r: Random | None = None) -> str | None:
        if not self.late:
            return None
        one, _ = self.late.pop(0)
        one.waiting = [(i, v) for i, v in one.waiting if not _gone(self._row(i))]
        one.commit()
        return "one"

    def _row(self, ident: str) -> dict[str, Any]:
        rows = self.org.rows[self.org.table_of(ident)]
        return rows.get(ident, {"IsDeleted": True})

    def _end_sessions(self, _r: Random) -> str:
        self.vendor.desk.tickets.revoke()
        return "all"

    def _forget(self, _r: Random) -> str:
        self.vendor.desk.locators.clear()
        self.vendor.desk.bulk.jobs.clear()
        return "all"

    def _purge_log(self, _r: Random) -> str:
        self.org.log_starts = self.org.now()
        return "all"

    def _long(self, r: Random) -> str | None:
        if r.random() < 0.7:
            return None
        self.pass_by(16 * 86_400)
        return "16 days"

    def oppose(self) -> None:
        def react(org: Org, entry: Entry) -> None:
            if entry.who == OURS and entry.asked:
                values = {name: entry.before.get(name) for name in entry.asked}
                org.change(entry.table, entry.ident, values, who=ROBOT, how="rival")

        self.org.automations.append(react)

    def pass_by(self, seconds: float) -> None:
        passing = timedelta(seconds=seconds)
        while self.late and self.vendor.desk.closed_logs:
            # Nobody tells us of what is still running: only the longest that a request may take.
            if self.now() + passing - self.late[0][1] < timedelta(minutes=9):
                break
            self._commit()
        self.vendor.clock.pass_by(seconds=seconds)

    def spoil(self, r: Random) -> str:
        reading = r.random() < 0.5
        trouble = r.choice(READING if reading else WRITING)
        method, path = (".*", "query|composite$|jobs|deleted") if reading else ("PATCH", ".*")
        times, skip = r.choice((1, 1, 1, 4)), r.choice((0, 0, 1, 3))
        self.vendor.fault(trouble, method=method, path=path, times=times, skip=skip)
        return f"{'read' if reading else 'write'}: {trouble.name.lower()}"

    def calm(self) -> None:
        self.vendor.faults.clear()

    def settle(self) -> None:
        while self.late:
            self._commit()

    def exposed(self, point: str) -> str | None:
        if found := re.fullmatch(r"call PATCH .*/sobjects/\w+/(\w{18})", point):
            return found[1]
        return None if "PATCH" in point or "/composite/sobjects" in point else "*"

    # --- what is to be seen ---

    def truth(self, kind: Kind) -> Mapping[str, Mapping[str, str | None]]:
        return {
            ident: {one.canonical: _text(row.get(one.vendor)) for one in self._held(kind)}
            for ident, row in self._rows(kind).items()
            if not _gone(row)
        }

    def _held(self, kind: Kind) -> list[Field]:
        return [one for trait, one in self.fields[kind].items() if trait != "no"]

    def news(self) -> Sequence[News]:
        found = [self._news(one) for one in self.org.journal if one.table in KINDS]
        self.org.journal.clear()
        return found

    def _news(self, one: Entry) -> News:
        kind = KINDS[one.table]
        names = {held.vendor: trait for trait, held in self.fields[kind].items() if trait != "no"}
        before, asked, after = (
            {names[k]: str(v) for k, v in values.items() if k in names and v}
            for values in (one.before, one.asked, one.after)
        )
        emptied = {names[k]: "" for k, v in one.asked.items() if k in names and not v}
        flags = [bool(one.before.get("DoNotCall")), bool(one.after.get("DoNotCall"))]
        return News(
            kind, one.ident, one.who == OURS, before, {**asked, **emptied}, after, self.now(),
            no=flags == [False, True], cleared="DoNotCall" in one.asked and flags == [True, False],
            second=one.stamp, rival=one.who == ROBOT,
        )  # fmt: skip

    def shows(self, one: News) -> bool:
        return bool(one.at < self.now() + min(self.vendor.skew, timedelta()) - SETTLES - _SECOND)


_SECOND: Final = timedelta(seconds=1)


def _gone(row: Mapping[str, Any]) -> bool:
    return bool(row.get("IsDeleted") or row.get("IsConverted"))


def _text(raw: Any) -> str | None:
    return None if raw is None or raw == "" else str(raw)
