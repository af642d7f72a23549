"""Dynamics 365 as a place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from simulators.dynamics import HOST, LOGIN, Fault, Site
from simulators.dynamics.org import Entry, Late, Org
from simulators.dynamics.site import CLIENT, SECRET, TENANT
from simulators.inward import Heard, Told, inward
from soak.place import Field, Known, News, Texts

from connectors.caller import Patience
from connectors.dynamics import Dynamics as Connector
from connectors.dynamics.client import Org as Line
from connectors.entra import Login
from rules.records import Kind

TABLES: Final = {Kind.COMPANY: "account", Kind.CONTACT: "contact", Kind.LEAD: "lead"}
KINDS: Final = {table: kind for kind, table in TABLES.items()}
FIELDS: Final = {
    Kind.COMPANY: {
        "company": Field("name", "company_name"),
        "phone": Field("telephone1", "main_phone"),
        "mail": Field("emailaddress1", "email"),
        "note": Field("address1_line1", "address"),
        "no": Field("donotphone", "opt_out_call"),
    },
    Kind.CONTACT: {
        "name": Field("lastname", "last_name"),
        "phone": Field("telephone1", "direct_phone"),
        "mail": Field("emailaddress1", "email"),
        "note": Field("jobtitle", "title"),
        "no": Field("donotphone", "opt_out_call"),
    },
    Kind.LEAD: {
        "name": Field("lastname", "last_name"),
        "phone": Field("telephone1", "direct_phone"),
        "mail": Field("emailaddress1", "email"),
        "company": Field("companyname", "company_name"),
        "no": Field("donotphone", "opt_out_call"),
    },
}
READING: Final = (
    Fault.DROPPED, Fault.HALF, Fault.BUSY, Fault.REVOKED, Fault.THROTTLED, Fault.SLOW,
    Fault.BROKEN, Fault.LOST,
)  # fmt: skip
WRITING: Final = (
    Fault.LOST, Fault.DROPPED, Fault.HALF, Fault.SLOW, Fault.BUSY, Fault.THROTTLED, Fault.CROWDED,
    Fault.REVOKED, Fault.NO_EFFECT, Fault.GARBLED, Fault.BROKEN,
)  # fmt: skip
LONGEST: Final = timedelta(minutes=8)
ROBOT: Final = "rival"
AUDITS_LIVE: Final = timedelta(days=30)


@dataclass
class Place:
    """One environment."""

    r: Random
    time: Any = None
    """A clock that others go by, too."""
    system: str = "dynamics"
    skew: timedelta = timedelta()
    fields: Mapping[Kind, Mapping[str, Field]] = field(default_factory=lambda: FIELDS)
    history: bool = False
    forgets: bool = True
    unheard: set[tuple[Kind, str]] = field(default_factory=set)
    pending: Mapping[tuple[Kind, str], News] = field(default_factory=dict)
    went: dict[tuple[Kind, str], tuple[Kind, str]] = field(default_factory=dict)
    late: list[Late] = field(default_factory=list)
    _begun: list[tuple[Late, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.site = Site(Org(self.time))
        self.site.api.most = 10**9
        self.org.page = self.r.choice((40, 300, 5000))
        self.org.leaves_out_nulls = False
        self.org.buries_the_living = self.r.random() < 0.5
        self.history = self.r.random() < 0.6
        # The log keeps what a deleted row held.
        self.forgets = not self.history
        if self.history:
            for table in TABLES.values():
                self.org.audit(table, "donotphone")

    @property
    def org(self) -> Org:
        return self.site.org

    @property
    def clock(self) -> Any:
        return self.org.clock

    # --- ours ---

    def connector(self, known: Known) -> Connector:
        del known
        line = Line(
            self.system,
            HOST,
            Login(TENANT, CLIENT, SECRET),
            clock=self.clock,
            patience=Patience(tries=3),
            sleep=lambda seconds: self.clock.pass_(min(seconds, 30)),
            elapsed=lambda: self.clock().timestamp(),
        )
        return Connector(self.system, line, objects=list(TABLES.values()))

    @contextmanager
    def reached(self, visit: Callable[[str], None]) -> Iterator[None]:
        def door(heard: Heard) -> Told:
            self.clock.pass_(0.02)
            visit(f"call {heard.method} {heard.address.path}")
            told = self.site.door(heard)
            visit(f"called {heard.method} {heard.address.path}")
            return told

        with inward({HOST: door, LOGIN: door}):
            yield
        self.site.api.calls.clear()
        self._forget_old_audits()

    def _forget_old_audits(self) -> None:
        """As a retention of some days does: a long life would go through all of them each time."""
        kept, since = self.org.rows["audit"], f"{self.now() - AUDITS_LIVE:%Y-%m-%dT%H:%M:%SZ}"
        for ident in [i for i, row in kept.items() if row["createdon"] < since]:
            del kept[ident]

    def now(self) -> datetime:
        return self.clock()

    # --- theirs ---

    def _values(self, kind: Kind, traits: Texts) -> dict[str, Any]:
        return {self.fields[kind][trait].vendor: text or None for trait, text in traits.items()}

    def add(self, kind: Kind, traits: Texts, *, no: bool = False) -> str:
        return self.org.add(TABLES[kind], **self._values(kind, traits), donotphone=no)

    def edit(self, kind: Kind, ident: str, traits: Texts) -> None:
        self.org.edit(TABLES[kind], ident, **self._values(kind, traits))

    def flag(self, kind: Kind, ident: str, *, no: bool) -> None:
        self.org.edit(TABLES[kind], ident, donotphone=no)

    def remove(self, kind: Kind, ident: str) -> None:
        self.org.remove(TABLES[kind], ident)

    def living(self, kind: Kind) -> Sequence[str]:
        """Without those that a write under way is about: it would come after their end."""
        busy = {late.ident for late in self.late}
        rows = self.org.rows[TABLES[kind]]
        return [ident for ident, row in rows.items() if not row["merged"] and ident not in busy]

    def flagged(self, kind: Kind, ident: str) -> bool:
        return bool(self.org.rows[TABLES[kind]][ident].get("donotphone"))

    def ways(self) -> Mapping[str, Callable[[Random], str | None]]:
        return {
            "merge": self._merge,
            "made anew": self._again,
            "late begun": self._begin,
            "late committed": self._commit,
            "links dead": self._dead,
            "token ended": self._end_tokens,
        }

    def _merge(self, r: Random) -> str | None:
        kind = r.choice(list(TABLES))
        if len(there := self.living(kind)) < 4:
            return None
        winner, loser = r.sample(there, 2)
        self.org.merge(TABLES[kind], winner, loser)
        self.went[kind, loser] = kind, winner
        return winner

    def _again(self, r: Random) -> str | None:
        """Under its old id, as a restore does."""
        kind = r.choice(list(TABLES))
        table = TABLES[kind]
        gone = [
            i for _, name, i in self.org.deleted if name == table and i not in self.org.rows[table]
        ]
        if not gone:
            return None
        number = f"68 {r.randrange(800_000, 900_000):06}"
        name = {"account": "name"}.get(table, "lastname")
        self.org.add(table, r.choice(gone), **{name: "Opdigtet", "telephone1": number})
        return "one"

    def _begin(self, r: Random) -> str | None:
        kind = r.choice(list(TABLES))
        if len(self.late) > 2 or not (there := self.living(kind)):
            return None
        number = f"68 {r.randrange(900_000, 1_000_000):06}"
        self.late.append(self.org.begin(TABLES[kind], r.choice(there), telephone1=number))
        self._begun.append((self.late[-1], self.now()))
        return "one"

    def _commit(self, r: Random) -> str | None:
        if not self.late:
            return None
        self.org.commit(self.late.pop(r.randrange(len(self.late))))
        return "one"

    def _dead(self, _r: Random) -> str:
        self.org.oldest_token = self.org.version + 1
        return "all"

    def _end_tokens(self, _r: Random) -> str:
        self.site.tenant.revoke()
        return "all"

    def oppose(self) -> None:
        def react(org: Org, entry: Entry) -> None:
            before = entry.before or {}
            values = {name: before.get(name) for name in entry.asked}
            org.edit(entry.table, entry.ident, ROBOT, **values)

        self.org.rivals.append(react)

    def pass_by(self, seconds: float) -> None:
        """No transaction lasts for longer than some minutes."""
        for one, begun in list(self._begun):
            if one not in self.late:
                self._begun.remove((one, begun))
            elif self.now() - begun + timedelta(seconds=seconds) > LONGEST:
                self.org.commit(one)
                self.late.remove(one)
        self.clock.pass_(seconds)

    def spoil(self, r: Random) -> str:
        reading = r.random() < 0.5
        fault = r.choice(READING if reading else WRITING)
        pattern = "^GET (accounts|contacts|leads)" if reading else "batch"
        self.site.plan(fault, pattern, times=r.choice((1, 1, 1, 4)))
        return f"{'read' if reading else 'write'}: {fault.name.lower()}"

    def calm(self) -> None:
        self.site.planned.clear()

    def settle(self) -> None:
        while self.late:
            self.org.commit(self.late.pop())

    def exposed(self, point: str) -> str | None:
        del point
        return "*"

    # --- what is to be seen ---

    def truth(self, kind: Kind) -> Mapping[str, Mapping[str, str | None]]:
        held = [one for trait, one in self.fields[kind].items() if trait != "no"]
        return {
            ident: {one.canonical: row.get(one.vendor) or None for one in held}
            for ident, row in self.org.rows[TABLES[kind]].items()
            if not row["merged"]
        }

    def news(self) -> Sequence[News]:
        found = [self._news(one) for one in self.org.journal if one.table in KINDS]
        self.org.journal.clear()
        return found

    def _news(self, one: Entry) -> News:
        kind = KINDS[one.table]
        names = {held.vendor: trait for trait, held in self.fields[kind].items() if trait != "no"}
        before, after = (
            {names[k]: v for k, v in (values or {}).items() if k in names and v}
            for values in (one.before, one.after)
        )
        asked = {names[k]: v or "" for k, v in one.asked.items() if k in names}
        flags = [bool((values or {}).get("donotphone")) for values in (one.before, one.after)]
        no, cleared = flags == [False, True], "donotphone" in one.asked and flags == [True, False]
        ours, rival = one.who in self.org.users, one.who == ROBOT
        said = (ours, before, asked, after, one.version, no, cleared)
        return News(kind, one.ident, *said, rival=rival)

    def shows(self, one: News) -> bool:
        return bool(one.at <= self.org.floor())
