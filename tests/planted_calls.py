"""Calls whose class is known, planted among lawful ones and pulled by the real pass.

    python tests/planted_calls.py --calls 1000000

Two dialers write logs: one that takes blocks, one that cannot. People say no all through three
weeks; the calls to them, before, after, on request and on the very call, are made up together with
the class and the cause that a person would give them. What counts: every certain one is alarmed with
the right cause, every planted call is in its class, no lawful call is ever called certain.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import sqlalchemy as sa
from promises.lists import Lists

from connectors.protocol import Capabilities, Column, Page, Problem, Stream, Token
from rules.flags import Flag
from rules.keys import Key, KeyKind
from rules.records import Kind, Record, Ref, Value
from rules.spans import Span
from rules.suppression import Channel, EventType, Evidence, Statement
from rules.violation_causes import Cause
from rules.violations import VIOLATIONS, Verdict
from state.ledger import append
from state.store import Tx
from state.tables import alerts, attempts, deliveries, ledger, receipts, releases, violations
from sync.app import App

BEGIN: Final = datetime(2026, 10, 1, 6, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURS: Final = 21 * 24
PAGE: Final = 1000
_CALL: Final = (
    "called_number", "started_at", "agent", "contact_ref", "outcome", "call_list", "direction",
    "duration_seconds",
)  # fmt: skip
Expected = tuple[Verdict, Cause | None]
LAWFUL: Expected = (Verdict.LAWFUL, None)


class Call(NamedTuple):
    """A row of a log, and what it must be found to be."""

    kind: str
    values: Mapping[str, Value]
    expected: Expected


@dataclass
class Dialer:
    """A system that shows people and calls; with `block` where it takes blocks."""

    name: str
    calls: Iterator[Call]
    people: Sequence[Mapping[str, Value]] = ()
    expected: dict[str, tuple[str, Expected]] = field(default_factory=dict)
    """Planted calls by ref; lawful ones are only counted."""
    lawful: int = 0

    def streams(self) -> Sequence[Stream]:
        people = tuple(Column(one, one) for one in ("full_name", "direct_phone"))
        calls = tuple(Column(one, one) for one in _CALL)
        can = Capabilities(delete_feed=True)
        return (
            Stream("people", Kind.CONTACT, can, people, "id"),
            Stream("calls", Kind.CALL, can, calls, "id"),
        )

    def problems(self) -> Sequence[Problem]:
        return ()

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        records = self._people() if stream.kind is Kind.CONTACT else self._calls()
        page: list[Record] = []
        for number, record in enumerate(() if token else records, start=1):
            page.append(record)
            if len(page) == PAGE:
                yield Page(page, {"n": number}, complete=False)
                page = []
        yield Page(page, {"n": -1}, complete=True)

    def _people(self) -> Iterator[Record]:
        for number, values in enumerate(self.people):
            yield Record(Ref(self.name, Kind.CONTACT, f"P{number}"), "1", values)

    def _calls(self) -> Iterator[Record]:
        for number, call in enumerate(self.calls):
            ref = Ref(self.name, Kind.CALL, f"C{number}")
            if call.kind:
                self.expected[str(ref)] = (call.kind, call.expected)
            else:
                self.lawful += 1
            yield Record(ref, "1", call.values)


class Blocking(Dialer):
    """A dialer that takes blocks."""

    def flags(self, stream: Stream) -> Sequence[Flag]:
        return (Flag("opt_out_call", frozenset({Channel.CALL})),) if stream.name == "people" else ()

    def block(self) -> None:
        raise AssertionError("nothing is sent here")


class No(NamedTuple):
    """Somebody who said no: the number, when we heard it, and the event."""

    phone: str
    at: datetime
    event: str


def phone(n: int) -> str:
    return f"+4568{n:06d}"


def says(number: str, at: datetime, kind: EventType = EventType.BLOCK, **more: object) -> Statement:
    given: dict[str, object] = {
        "type": kind,
        "channel": Channel.ALL,
        "span": Span(at, at),
        "system": "desk",
        "keys": (Key(KeyKind.PHONE, number),),
        "evidence": Evidence.PERSON,
        "identity": (kind.value, number),
        "by": ("Rosa Reol",),
        "said": "ring ikke",
    }
    return Statement(**given | more)  # type: ignore[arg-type]


class World:
    """Who said no when, and calls about them. The same seed gives the same calls."""

    def __init__(self, seed: int, noes: int) -> None:
        self.dice = random.Random(seed)
        self.count = noes
        self.noes: list[No] = []
        self.other: dict[str, str] = {}

    def say(self, tx: Tx, app: App) -> None:
        """All noes, hour by hour, each heard when it was said."""
        hours: dict[int, list[int]] = {}
        for n in range(self.count):
            hours.setdefault(self.dice.randrange(2 * 24, HOURS - 2 * 24), []).append(n)
        for hour in sorted(hours):
            at = BEGIN + hour * HOUR
            written = append(tx, app.keys, [says(phone(n), at) for n in hours[hour]], at)
            events = {entry.event.keys: entry.event.event_id for entry in written}
            for n in hours[hour]:
                event = events[app.keys.all_hashed([Key(KeyKind.PHONE, phone(n))])]
                self.noes.append(No(phone(n), at, event))
            self._derive(tx, app, self.noes[-len(hours[hour]) :: 10])

    def _derive(self, tx: Tx, app: App, some: Sequence[No]) -> None:
        """Each tenth has another number, which follows."""
        for no in some:
            self.other[no.phone] = "+4569" + no.phone[5:]
            more = {"root": no.event, "evidence": Evidence.REACH, "path": (no.event,)}
            number = self.other[no.phone]
            append(tx, app.keys, [says(number, no.at, EventType.DERIVED, **more)], no.at)

    def confirm(self, tx: Tx, system: str) -> set[str]:
        """Every second no is read back from a system five minutes after it was heard."""
        done = set()
        for no in self.noes[::2]:
            seq = tx.execute(
                sa.select(ledger.c.seq).where(ledger.c.event_id == no.event)
            ).scalar_one()
            row = {"seq": seq, "system": system, "state": "confirmed", "attempts": 1, "epoch": 0}
            made = tx.execute(sa.insert(deliveries).values(**row, created_at=no.at))
            ident = made.inserted_primary_key[0]  # type: ignore[index]
            receipt = {"delivery": ident, "state": "confirmed", "at": no.at + HOUR / 12}
            tx.execute(sa.insert(receipts).values(receipt))
            done.add(no.phone)
        return done

    # --- calls ---

    def values(self, number: str | None, at: datetime, **more: Value) -> dict[str, Value]:
        row: dict[str, Value] = dict.fromkeys(_CALL)
        row |= {
            "called_number": number,
            "started_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "agent": f"Agent {self.dice.randrange(40)}",
            "outcome": self.dice.choice(["Ring igen", "Intet svar", "Møde booket"]),
            "call_list": None,
            "direction": "Udgående",
            "duration_seconds": str(self.dice.randrange(5, 900)),
        }
        return row | more

    def lawful(self, number: int) -> Iterator[Call]:
        """People who never said no, and people who said it later: days, or a day and a bit."""
        for n in range(number):
            if n % 4 or not self.noes:
                other = phone(self.count + self.dice.randrange(900_000 - self.count))
                at = BEGIN + self.dice.randrange(HOURS * 3600) * timedelta(seconds=1)
                yield Call("", self.values(other, at, call_list=f"Liste {n % 50}"), LAWFUL)
            else:
                no = self.dice.choice(self.noes)
                before = no.at - DAY - self.dice.randrange(20 * 3600) * timedelta(seconds=1)
                row = self.values(
                    no.phone, before, call_list=f"Liste {n % 50}", duration_seconds="60"
                )
                yield Call("", row, LAWFUL)

    def planted(self, system: str, number: int, confirmed: set[str] | None) -> Iterator[Call]:
        """Calls to people who said no, of every kind in turn. `confirmed` None: takes no blocks."""
        makers = [self._after, self._by_hand, self._other, self._giving, self._inbound,
                  self._close, self._late_list, self._released]  # fmt: skip
        for n in range(number):
            no = self.noes[n // len(makers) % len(self.noes)]
            yield from makers[n % len(makers)](system, no, n, confirmed)

    def _cause(self, no: No, confirmed: set[str] | None, otherwise: Cause) -> Cause:
        if confirmed is None:
            return otherwise
        return Cause.DIALLED_ANYWAY if no.phone in confirmed else Cause.LATE_SYNC

    def _after(self, system: str, no: No, n: int, known: set[str] | None) -> Iterator[Call]:
        cause = self._cause(no, known, Cause.CANNOT_BLOCK)
        at = no.at + timedelta(minutes=self.dice.randrange(6, 3000))
        row = self.values(no.phone, at, call_list=f"ny {system} {n}")
        yield Call("after", row, (Verdict.CERTAIN, cause))

    def _by_hand(self, _s: str, no: No, _n: int, _k: set[str] | None) -> Iterator[Call]:
        at = no.at + timedelta(minutes=self.dice.randrange(6, 3000))
        yield Call("by hand", self.values(no.phone, at), (Verdict.CERTAIN, Cause.BY_HAND))

    def _other(self, system: str, no: No, n: int, known: set[str] | None) -> Iterator[Call]:
        if no.phone not in self.other:
            yield from self._after(system, no, n, known)
            return
        at = no.at + timedelta(minutes=self.dice.randrange(6, 3000))
        row = self.values(self.other[no.phone], at, call_list="Nord")
        yield Call("other number", row, (Verdict.CERTAIN, Cause.OTHER_NUMBER))

    def _giving(self, _s: str, no: No, _n: int, _k: set[str] | None) -> Iterator[Call]:
        row = self.values(no.phone, no.at - timedelta(seconds=90), duration_seconds="200",
                          outcome="Nej tak", call_list="Nord")  # fmt: skip
        yield Call("giving", row, (Verdict.GIVING, None))

    def _inbound(self, _s: str, no: No, _n: int, _k: set[str] | None) -> Iterator[Call]:
        at = no.at + timedelta(minutes=self.dice.randrange(6, 3000))
        row = self.values(no.phone, at, direction="Indgående", outcome="Intet behov")
        yield Call("inbound", row, (Verdict.INBOUND, None))

    def _close(self, _s: str, no: No, n: int, known: set[str] | None) -> Iterator[Call]:
        """Two clocks might differ by that: possible, never certain."""
        row = self.values(no.phone, no.at + timedelta(minutes=2), call_list=f"tæt {_s} {n}")
        confirmed = set() if known is not None else None
        yield Call("close", row, (Verdict.POSSIBLE, self._cause(no, confirmed, Cause.CANNOT_BLOCK)))

    def _late_list(self, system: str, no: No, n: int, known: set[str] | None) -> Iterator[Call]:
        """The list was in use before the no."""
        name = f"gammel {system} {n}"
        before = self.values(phone(999_999), no.at - HOUR, call_list=name)
        yield Call("first of its list", before, LAWFUL)
        cause = Cause.LOADED_BEFORE
        if known is not None and no.phone not in known:
            cause = Cause.LATE_SYNC
        row = self.values(no.phone, no.at + HOUR, call_list=name)
        yield Call("late list", row, (Verdict.CERTAIN, cause))

    def _released(self, system: str, no: No, _n: int, _k: set[str] | None) -> Iterator[Call]:
        """The list's release had run out."""
        row = self.values(no.phone, no.at + 5 * HOUR, call_list=f"frigivet {system}")
        yield Call("release ran out", row, (Verdict.CERTAIN, Cause.RELEASED_TOO_LONG_AGO))


def released(tx: Tx, systems: Sequence[str]) -> None:
    """Lists that were let go before anybody said no, for four hours."""
    for name in systems:
        row = {
            "release": f"r {name}", "channel": "call", "source": f"frigivet {name}", "actor": "anna",
            "made_at": BEGIN, "expires_at": BEGIN + 4 * HOUR, "rows": 1, "released": 1,
            "reasons": {}, "ledger_seq": 0, "ledger_chain": b"",
        }  # fmt: skip
        tx.execute(sa.insert(releases).values(row))


# --- measuring -------------------------------------------------------------------------------


@dataclass
class Measured:
    """What came of it. `wrong` are planted calls in another class or with another cause."""

    lawful: int = 0
    planted: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, str, Expected, Expected]] = field(default_factory=list)
    false_certain: int = 0
    false_alarms: int = 0
    certain: int = 0
    alarmed: int = 0
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Everything right."""
        return not (self.wrong or self.false_certain) and self.alarmed == self.certain

    def lines(self) -> Iterator[str]:
        calls = self.lawful + sum(self.planted.values())
        yield f"{calls:,} calls in {self.seconds:.1f} s of CPU: {calls / self.seconds:,.0f} a second"
        yield f"  certain ones alarmed with the right cause  {self.alarmed} of {self.certain}"
        yield f"  planted calls in their class               {sum(self.planted.values()) - len(self.wrong)} of {sum(self.planted.values())}"
        yield f"  lawful calls called certain                {self.false_certain} of {self.lawful:,}"
        yield f"  lawful calls with any alarm                {self.false_alarms} of {self.lawful:,}"
        for kind, number in sorted(self.planted.items()):
            yield f"    {kind:<18} {number}"
        for one in self.wrong[:10]:
            yield f"  WRONG {one}"


def measure(folder: Path, calls: int, planted: int, noes: int = 2000, seed: int = 1) -> Measured:
    """Make the world, pull its logs in one pass, and hold what was found against what is known."""
    world, found = World(seed, noes), Measured()
    dialers: list[Dialer] = []

    def ready(app: App) -> None:
        app.systems = {one.name: one for one in dialers}

    lists = Lists(folder, now=BEGIN + (HOURS + 48) * HOUR, systems=ready)
    with lists.app() as app, app.store.transaction() as tx:
        world.say(tx, app)
        confirmed = world.confirm(tx, "blocking")
        released(tx, ("blocking", "plain"))
    for kind, name, known in ((Blocking, "blocking", confirmed), (Dialer, "plain", None)):
        made = world.planted(name, planted // 2, known)
        dialers.append(kind(name, _mixed(world.lawful(calls // 2), made, calls // max(planted, 1))))
    begun = time.process_time()
    lists.dry()
    found.seconds = time.process_time() - begun
    with lists.app() as app, app.store.reading() as tx:
        _compare(tx, dialers, found)
    return found


def _mixed(lawful: Iterator[Call], planted: Iterator[Call], every: int) -> Iterator[Call]:
    for n, call in enumerate(lawful):
        yield call
        if n % max(every, 1) == 0 and (one := next(planted, None)):
            yield one
    yield from planted


def _compare(tx: Tx, dialers: Sequence[Dialer], found: Measured) -> None:
    causes = {row.rid: Cause(row.cause) for row in tx.execute(sa.select(violations))}
    raised = set(
        tx.execute(
            sa.select(violations.c.rid).join(
                alerts, alerts.c.subject == sa.cast(violations.c.violation, sa.Text)
            )
        ).scalars()
    )
    expected = {ref: one for dialer in dialers for ref, one in dialer.expected.items()}
    found.lawful = sum(dialer.lawful for dialer in dialers)
    found.planted = Counter(kind for kind, _ in expected.values())
    for row in tx.execute(sa.select(attempts.c.rid, attempts.c.ref, attempts.c.verdict)):
        verdict, cause = Verdict(row.verdict), causes.get(row.rid)
        if row.ref not in expected:
            found.false_certain += verdict is Verdict.CERTAIN
            found.false_alarms += verdict in VIOLATIONS
            continue
        kind, right = expected.pop(row.ref)
        if (verdict, cause) != right:
            found.wrong.append((row.ref, kind, right, (verdict, cause)))
        if right[0] is Verdict.CERTAIN:
            found.certain += 1
            found.alarmed += (verdict, cause) == right and row.rid in raised
    found.wrong += [(ref, kind, right, LAWFUL) for ref, (kind, right) in expected.items()]


def main() -> int:
    """Measure and say; 1 when anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--planted", type=int, default=20_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), given.calls, given.planted)
    sys.stdout.write("\n".join(found.lines()) + "\n")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
