"""What people do in a year: at work in all systems, at the desk, in the queues of dialers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from soak.people import BLOCK
from year import promises
from year.dialers import danish
from year.house import House
from year.promises import Planted, Verdicts
from year.things import DIALERS

from rules.errors import SystemStopped
from rules.keys import KeyKind, keys_in
from rules.spans import Span
from rules.suppression import Channel, Evidence
from rules.violations import Verdict
from sync.calling import violations
from sync.service.daemon import opened
from sync.service.jobs import named
from sync.suppression import desk, lifts

MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
AT_DESK: Final = 68_900_000
SETTLED: Final = timedelta(days=1)
"""So long after a no, at the latest, our program knows of it on an ordinary day."""


@dataclass
class People:
    """Of one house. `verdicts`: what was promised to them."""

    house: House
    r: Random
    verdicts: Verdicts
    planted: list[Planted] = field(default_factory=list)
    desk_noes: list[tuple[str, datetime]] = field(default_factory=list)
    lifted: list[str] = field(default_factory=list)
    _answered: int = 0

    def work(self, steps: int) -> None:
        """People at work for a moment, in all systems."""
        house = self.house
        for name in house.can_act:
            for _ in range(steps):
                house.doings[name].step()
            house.witnesses[name].look()
        for name, office in house.offices.items():
            house.seen[f"{name}: {office.work()}"] += 1
            if self.r.random() < 0.25:
                office.say_no()
                house.seen[f"{name}: a no"] += 1
        if self.r.random() < 0.2:
            self._by_hand(self._at_desk)
        if self.r.random() < 0.15:
            self._by_hand(self._consent)
        if self.r.random() < 0.2:
            self._queue()

    def app(self) -> Any:
        """Ours, for what somebody does by hand."""
        return opened(self.house.settings, named("run"), self.house.stopping, self.house.clock.ours)

    def _by_hand(self, does: Callable[[], None]) -> None:
        """Who is told that nothing can be written on a full disk does it another day."""
        try:
            does()
        except SystemStopped:
            if not self.house.is_full:
                raise
            self.house.seen["nothing could be written down: the disk was full"] += 1

    def _at_desk(self) -> None:
        """Somebody writes down a no: of somebody whom no system knows, or of one in the CRMs."""
        known = self.r.random() < 0.5
        number = BLOCK + self.r.randrange(1, 60) if known else AT_DESK + len(self.desk_noes)
        phone = danish(number)
        with self.app() as app:
            said = desk.statement(
                keys_in(KeyKind.PHONE, phone, "DK"), Channel.CALL, now=app.clock(), at=None,
                evidence="ring ikke", by="anna",
            )  # fmt: skip
            desk.record(app, said)
        if phone not in {one for one, _ in self.desk_noes}:
            self.desk_noes.append((phone, self.house.clock()))
        self.house.seen["desk: a no"] += 1

    def _consent(self) -> None:
        """Somebody who had said no asks to be called again; one person proposes, another approves."""
        house = self.house
        free = [
            phone
            for phone, said in self.desk_noes
            if phone >= danish(AT_DESK)
            and house.clock() - said > 2 * DAY
            and phone not in self.lifted
        ]
        if not free or house.clock.ahead:
            return
        phone = self.r.choice(free)
        with self.app() as app:
            given = Span(app.clock() - MINUTE * 30, app.clock() - MINUTE * 29)
            consent = lifts.Consent(Channel.CALL, given, Evidence.LETTER, "brev af i dag", "ja tak")
            asked = lifts.propose_lift(app, keys_in(KeyKind.PHONE, phone, "DK"), consent, "anna")
            for number in asked.requests:
                lifts.approve(app, number, "birgit")
        self.lifted.append(phone)
        for witness in house.witnesses.values():
            witness.consents += len(asked.requests)
        house.seen["a consent, proposed and approved"] += 1

    def _queue(self) -> None:
        """Somebody puts a number that is blocked into a dialer's queue."""
        if known := self._heard():
            phone = self.r.choice(known)
            for name in self._dialers:
                self.house.offices[name].queue(phone)  # type: ignore[attr-defined]
            self.house.seen["queued although blocked"] += 1

    @property
    def _dialers(self) -> list[str]:
        return [one for one in DIALERS if one in self.house.offices]

    def _heard(self) -> list[str]:
        """Whose no our program must know of by now."""
        now = self.house.clock()
        return [
            phone for phone, said in self.desk_noes
            if now - said > SETTLED and phone not in self.lifted
        ]  # fmt: skip

    def forbidden(self, left: int = 0) -> None:
        """Somebody is called who had said no. `left`: so many minutes of the full beat, undisturbed."""
        house = self.house
        if house.clock.ahead or not (self._dialers and (known := self._heard())):
            return
        name = self.r.choice(self._dialers)
        made = house.offices[name].call(self.r.choice(known), ago=90)  # type: ignore[attr-defined]
        now = house.clock()
        until = now + (promises.SOON if left > promises.SOON // MINUTE else 3 * DAY)
        self.planted.append(Planted(f"{name}/call/{made}", now, until))
        house.seen["a forbidden call"] += 1

    def look_at_alarms(self) -> None:
        """Those that must have been sent by now."""
        due = [one for one in self.planted if one.until < self.house.clock()]
        if not due:
            return
        with self.house.store.reading() as tx:
            wrongs = [promises.alarmed(tx, one, self.house.alarms) for one in due]
        promise = "each forbidden call is alarmed in its time"
        self.verdicts.hold(promise, *filter(None, wrongs), of=len(due))
        self.planted = [one for one in self.planted if one not in due]

    def answer(self) -> None:
        """Compliance answers for what stands open at the end of a day."""
        if len(self.house.alarms) == self._answered or self.house.excused:
            return
        self._answered = len(self.house.alarms)
        with self.app() as app:
            done = violations.acknowledge(app, (), Verdict.CERTAIN, by="clara", reason="set")
        self.house.seen["forbidden calls answered for"] += len(done)
