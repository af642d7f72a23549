"""HubSpot as a place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from simulators.faults import Fault
from simulators.hubspot.portal import OURS, Clock, Entry, Portal
from simulators.hubspot.records import MOST_LIST
from simulators.hubspot.serving import HOST, build
from simulators.inward import Heard, Told, inward
from soak.place import Field, Known, News, Texts

from connectors.caller import Patience
from connectors.hubspot import HubSpot as Connector
from connectors.hubspot.logins import OAuth
from connectors.hubspot.windows import BIN_EVERY_MS
from rules.records import Kind

OBJECTS: Final = {Kind.COMPANY: "companies", Kind.CONTACT: "contacts"}
KINDS: Final = {name: kind for kind, name in OBJECTS.items()}
NO: Final = "ringren_do_not_call"
ROBOT: Final = "AUTOMATION"
FIELDS: Final = {
    Kind.COMPANY: {
        "company": Field("name", "company_name"),
        "phone": Field("phone", "main_phone"),
        "note": Field("address", "address"),
    },
    Kind.CONTACT: {
        "name": Field("lastname", "last_name"),
        "phone": Field("phone", "direct_phone"),
        "mail": Field("email", "email"),
        "note": Field("jobtitle", "title"),
        "no": Field(NO, "opt_out_call"),
    },
}
TROUBLES: Final = (
    Fault.LOST, Fault.DROPPED, Fault.HALF, Fault.SLOW, Fault.REVOKED, Fault.STATUS, Fault.STATUS,
)  # fmt: skip
STATUSES: Final = (429, 500, 502, 423, 477)
READS: Final = r"/crm/objects/.*(search|batch/read)|/crm/objects/[^/]+/\w+|/oauth/.*"
WRITES: Final = r".*/batch/update"


@dataclass
class Place:
    """One account."""

    r: Random
    time: Any = None
    """A clock that others go by, too."""
    system: str = "hubspot"
    fields: Mapping[Kind, Mapping[str, Field]] = field(default_factory=lambda: FIELDS)
    history: bool = True
    forgets: bool = False
    unheard: set[tuple[Kind, str]] = field(default_factory=set)
    pending: Mapping[tuple[Kind, str], News] = field(default_factory=dict)
    went: dict[tuple[Kind, str], tuple[Kind, str]] = field(default_factory=dict)
    _went_up: list[News] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = self.time or Clock()
        self.vendor = build(self.clock)
        self.portal.lag_ms = self.r.choice((0, 3_000, 45_000, 300_000))
        self.vendor.skew = timedelta(seconds=self.r.choice((0, 0, -100, 60)))
        self.vendor.desk.whole_batches = self.r.random() < 0.3
        label = "MÅ IKKE RINGES OP"
        for name in OBJECTS.values():
            self.portal.own(name, NO, "bool", label=label, options={"true": "Ja", "false": "Nej"})

    @property
    def portal(self) -> Portal:
        return self.vendor.portal

    @property
    def skew(self) -> timedelta:
        return self.vendor.skew

    # --- ours ---

    def connector(self, known: Known) -> Connector:
        del known
        app = self.vendor.tickets.app
        return Connector(
            self.system,
            OAuth(app.client_id, app.client_secret, app.refresh_token),
            objects=list(OBJECTS.values()),
            clock=self.clock,
            patience=Patience(tries=3),
            sleep=lambda seconds: self.clock.pass_(min(seconds, 30)),
        )

    @contextmanager
    def reached(self, visit: Callable[[str], None]) -> Iterator[None]:
        def door(heard: Heard) -> Told:
            self.clock.pass_(0.02)
            visit(f"call {heard.method} {heard.address.path}")
            told = self.vendor.door(heard)
            visit(f"called {heard.method} {heard.address.path}")
            return told

        with inward({HOST: door}):
            yield
        self.vendor.calls.clear()

    def now(self) -> datetime:
        return self.clock()

    # --- theirs ---

    def _values(self, kind: Kind, traits: Texts) -> dict[str, str]:
        return {self.fields[kind][trait].vendor: text for trait, text in traits.items()}

    def add(self, kind: Kind, traits: Texts, *, no: bool = False) -> str:
        values = self._values(kind, traits) | ({NO: "true"} if no else {})
        return str(self.portal.create(OBJECTS[kind], values))

    def edit(self, kind: Kind, ident: str, traits: Texts) -> None:
        self.portal.edit(OBJECTS[kind], int(ident), **self._values(kind, traits))

    def flag(self, kind: Kind, ident: str, *, no: bool) -> None:
        self.portal.edit(OBJECTS[kind], int(ident), **{NO: "true" if no else "false"})

    def remove(self, kind: Kind, ident: str) -> None:
        self.portal.archive(OBJECTS[kind], int(ident))

    def living(self, kind: Kind) -> Sequence[str]:
        rows = self.portal.rows[OBJECTS[kind]]
        return [str(n) for n, row in rows.items() if row.archived_at is None]

    def flagged(self, kind: Kind, ident: str) -> bool:
        return self.portal.rows[OBJECTS[kind]][int(ident)].values.get(NO) == "true"

    def ways(self) -> Mapping[str, Callable[[Random], str | None]]:
        return {
            "merge": self._merge,
            "restore": self._restore,
            "erased for good": self._erase,
            "worked out anew": self._recalculate,
            "access ended": self._end_access,
            "no effect": self._no_effect,
            "away for long": self._long,
        }

    def _merge(self, r: Random) -> str | None:
        kind = r.choice(list(OBJECTS))
        if len(there := self.living(kind)) < 4:
            return None
        winner, loser = (int(one) for one in r.sample(there, 2))
        if self._loses_a_no(kind, loser):
            return None
        # Under a third number neither is left by name.
        third = r.random() < 0.3 and not self._loses_a_no(kind, winner)
        now = self.portal.now_ms
        into = str(self.portal.merge(OBJECTS[kind], winner, loser, third=third))
        for ident in (loser, winner) if third else (loser,):
            self._went_up.append(News(kind, str(ident), False, {}, {}, None, now, into=into))
            self.went[kind, str(ident)] = kind, into
        return into

    def _loses_a_no(self, kind: Kind, ident: int) -> bool:
        """Who was merged away is told of by the one that remains, and by his flags there alone."""
        return (kind, str(ident)) in self.unheard

    def _restore(self, r: Random) -> str | None:
        kept = [(kind, n) for kind, name in OBJECTS.items() for n in self.portal.bin[name]]
        if not kept:
            return None
        kind, ident = r.choice(kept)
        self.portal.restore(OBJECTS[kind], ident)
        return "one"

    def _erase(self, r: Random) -> str | None:
        """For privacy: not even in the bin. Nobody tells of it."""
        kind = r.choice(list(OBJECTS))
        quiet = [
            one for one in self.portal.bin[OBJECTS[kind]] if (kind, str(one)) not in self.unheard
        ]
        told = [one for one in quiet if (kind, str(one)) not in self.pending]
        if not told:
            return None
        self.portal.forget(OBJECTS[kind], r.choice(told))
        return "one"

    def _recalculate(self, r: Random) -> str | None:
        if not (there := self.living(Kind.CONTACT)):
            return None
        ident = int(r.choice(there))
        stamp = self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.portal.recalculate("contacts", ident, notes_last_contacted=stamp)
        return "one"

    def _end_access(self, _r: Random) -> str:
        self.vendor.tickets.access.clear()
        return "all"

    def _no_effect(self, r: Random) -> str | None:
        there = self.living(r.choice(list(OBJECTS)))
        self.portal.ineffective.update(int(one) for one in r.sample(there, min(3, len(there))))
        return "some"

    def _long(self, r: Random) -> str | None:
        if r.random() < 0.7:
            return None
        self.pass_by(4 * 86_400)
        return "4 days"

    def oppose(self) -> None:
        def react(portal: Portal, entry: Entry) -> None:
            values = {name: entry.before.get(name, "") for name in entry.asked}
            self.clock.pass_(0.05)
            portal.edit(entry.objects, entry.id, ROBOT, **values)

        self.portal.rival = react

    def pass_by(self, seconds: float) -> None:
        self.clock.pass_(seconds)

    def spoil(self, r: Random) -> str:
        reading = r.random() < 0.5
        fault = r.choice(TROUBLES)
        times, skip = r.choice((1, 1, 1, 4)), r.choice((0, 0, 1, 3))
        status = r.choice(STATUSES)
        path = READS if reading else WRITES
        self.vendor.fault(fault, path=path, times=times, skip=skip, status=status)
        name = f"status {status}" if fault is Fault.STATUS else fault.name.lower()
        return f"{'read' if reading else 'write'}: {name}"

    def calm(self) -> None:
        self.vendor.faults.clear()
        self.portal.ineffective.clear()

    def settle(self) -> None:
        """Nothing stays half done here."""

    def exposed(self, point: str) -> str | None:
        del point
        return "*"

    # --- what is to be seen ---

    def truth(self, kind: Kind) -> Mapping[str, Mapping[str, str | None]]:
        held = [one for trait, one in self.fields[kind].items() if trait != "no"]
        return {
            str(n): {one.canonical: row.values.get(one.vendor) or None for one in held}
            for n, row in self.portal.rows[OBJECTS[kind]].items()
            if row.archived_at is None
        }

    def news(self) -> Sequence[News]:
        found = [self._news(one) for one in self.portal.journal if one.objects in KINDS]
        self.portal.journal.clear()
        found += self._went_up
        self._went_up.clear()
        return found

    def _news(self, one: Entry) -> News:
        kind = KINDS[one.objects]
        names = {held.vendor: trait for trait, held in self.fields[kind].items() if trait != "no"}
        before, after = (
            {names[k]: v for k, v in values.items() if k in names and v}
            for values in (one.before, one.after)
        )
        asked = {names[k]: v for k, v in one.asked.items() if k in names}
        # The one that remains of two takes the no of the other.
        no = one.after.get(NO) == "true" != one.before.get(NO)
        cleared = NO in one.asked and one.before.get(NO) == "true" != one.after.get(NO)
        gone = one.what in {"archive", "forget"}
        ours, rival = one.who == OURS, one.who == ROBOT
        said = (ours, before, asked, after, one.at, no, cleared, gone)
        return News(kind, str(one.id), *said, rival=rival)

    def shows(self, one: News) -> bool:
        """What is deleted is seen on the first page of the bin at once, beyond it once an hour."""
        late, other = self.portal.lag_ms, self.pending.get((one.kind, one.into))
        if other and not self.shows(other):
            return False
        if one.gone and len(self.portal.bin[OBJECTS[one.kind]]) >= MOST_LIST:
            late = max(late, BIN_EVERY_MS + 1000)
        return one.at < self.portal.now_ms - late + min(0, self._skew_ms) - 1000

    @property
    def _skew_ms(self) -> int:
        return int(self.vendor.skew.total_seconds() * 1000)
