"""A year in one house: people at work, thirty hostile days, and the daemon's jobs one after another.

On a hostile day everything that comes again and again comes at its full beat for a while from each
hostile thing on; else there is a run every other day. What has a time of day has it all year long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from promises.points import Killed, Points
from soak.witness import Tally
from year import promises
from year.days import FIRST, Plan, at
from year.driver import Driver
from year.house import House
from year.people import People
from year.progress import Progress
from year.promises import Off, Verdicts
from year.things import THINGS

from rules.errors import Leaving
from sync.passes import Outcome
from sync.service.jobs import JOBS, every
from sync.service.schedules import At

MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
COARSE: Final = dict.fromkeys(("run", "alarms"), timedelta(hours=46)) | dict.fromkeys(
    ("deliver", "poll", "mailbox", "ping"), timedelta(hours=70)
)
"""While nothing goes wrong: every other day, since a run does what a poll does, and more."""
MOST_RESTS: Final = 12
NIGHT: Final = timedelta(hours=6)
"""A little less than the hours in which Five9 takes numbers: none of its nights is stepped over."""
WORK: Final = (time(9, 30), time(14, 0))


@dataclass
class Year:
    """`minutes`: so long the full beat lasts from each hostile thing on."""

    house: House
    plan: Plan
    minutes: int = 12
    verdicts: Verdicts = field(default_factory=Verdicts)
    armed: int = 0
    """The program is killed at so many commits and calls from now."""
    leaves_at: int = 0
    """It is asked to stop at so many calls from now."""
    jumps: int = 0
    away: list[Off] = field(default_factory=list)
    sizes: list[tuple[datetime, int]] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)
    _points: Points | None = None
    say: Callable[[str], object] = str
    """Told how far it is, with each hostile thing and each half month."""

    def __post_init__(self) -> None:
        self.r = Random(f"days of {self.house.seed}")
        house = self.house
        self.people = People(house, self.r, self.verdicts)
        self.driver = Driver(
            house.store, JOBS, house.settings, house.clock, house.opens, holder=house.holder,
            slow=COARSE,
        )  # fmt: skip

    # --- the whole ---

    def live(self, days: int, first: date = FIRST) -> None:
        """From the first reading to the last day's evening, and on until all is at rest."""
        house = self.house
        for doings in house.doings.values():
            doings.begin()
        for office in house.offices.values():
            for _ in range(6):
                office.work()
        self.driver.start()
        self.begun = house.clock()
        self.progress = Progress(days, sum(map(len, self.plan.values())), self.say)
        self.walk(MINUTE)
        for number in range(days):
            self.progress.day = number
            self.day(first + number * DAY)
        self.progress.tell("to its rest")
        self.rest()

    def day(self, day: date) -> None:
        """What is to happen, in its order, and the jobs in between."""
        happens: list[tuple[datetime, str]] = [(at(day, one), "") for one in WORK]
        for when, name in sorted([*happens, *self.plan.get(day, ())]):
            if when < self.house.clock():
                if name:
                    self.house.seen["fell into another thing"] += 1
                    self.progress.ends()
                continue
            self.walk_to(when)
            if name:
                self.stretch(name)
            else:
                self.people.work(self.r.choice((1, 2, 3)))
        if day.day in {1, 15}:
            [[pages]] = self.house.asked("SELECT page_count - freelist_count FROM "
                                         "pragma_page_count(), pragma_freelist_count()")  # fmt: skip
            self.sizes.append((self.house.clock(), pages))
            self.progress.tell(f"{day}: {pages} pages in the database")
        self.walk_to(at(day + DAY, time(0, 0)))
        self.people.look_at_alarms()
        self.people.answer()
        self._tell_wrongs()

    def _tell_wrongs(self) -> None:
        """At once: the rest of the year need not be waited for."""
        told = [one for witness in self.house.witnesses.values() for one in witness.tally.told]
        for one in [*told, *self.verdicts.told]:
            if one not in self._told:
                self.progress.tell(f"BROKEN {one}")
        self._told = {*told, *self.verdicts.told}

    # --- hostile hours ---

    def stretch(self, name: str) -> None:
        """The full beat for a while: the thing begins, goes on for a third of it, and is over."""
        house, thing = self.house, THINGS[name]
        house.seen[name] += 1
        self.progress.tell(f"{house.clock():%Y-%m-%d %H:%M} {name}")
        self.progress.begins()
        before = house.clock(), self.jumps
        self.driver.slow = {}
        self.people.work(2)
        self.people.forbidden()
        thing.begins(self)
        for minute in range(self.minutes):
            if minute == max(self.minutes // 3, 1):
                thing.ends(self)
            if self.r.random() < 0.3:
                self.people.work(1)
            if self.r.random() < 0.15:
                over = minute > self.minutes // 3 + 1 and not (self.armed or self.leaves_at)
                self.people.forbidden(self.minutes - minute if over else 0)
            self.walk(MINUTE)
        thing.ends(self)
        if self.jumps != before[1]:
            self.away.append((before[0], house.clock()))
        self.driver.slow = COARSE
        self.progress.ends()

    def off(self, how_long: timedelta) -> None:
        """Nobody of us is there, and everybody else goes on working."""
        house, since = self.house, self.house.clock()
        for _ in range(max(how_long // timedelta(hours=12), 1)):
            house.clock.pass_(min(how_long, timedelta(hours=12)).total_seconds())
            self.people.work(1)
        self.restart()
        now = house.clock()
        self.away.append((since, now))
        missed = [
            job.name
            for job in every(house.settings, JOBS)
            if isinstance(plan := job.schedule(house.settings), At)
            and plan.after(since, since) < now
        ]
        self.walk(2 * MINUTE)
        wrongs = promises.caught_up(self.driver.ran, now, missed)
        self.verdicts.hold("what was missed is made up for, once", *wrongs, of=len(missed))

    # --- the program ---

    def walk(self, how_long: timedelta) -> None:
        """So long."""
        self.walk_to(self.house.clock() + how_long)

    def walk_to(self, until: datetime) -> None:
        """The jobs until the true time is this, through deaths and new beginnings."""
        while self.house.clock() < until:
            self._arm()
            try:
                self.driver.walk(until + self.house.clock.ahead)
            except (Killed, Leaving) as how:
                self.house.seen[
                    "died" if isinstance(how, Killed) else "left between two pages"
                ] += 1
                self._after_death()

    def _arm(self) -> None:
        house = self.house
        house.visited = house.opened = None
        if self.armed:
            self._points = points = Points(deadly=self.armed)
            watched: list[Any] = []

            def opened_(app: Any) -> None:
                engine = app.store.engine
                points._listen(engine)
                # Engines of one database share how they commit.
                if engine.dialect not in watched:
                    watched.append(engine.dialect)
                    points._wrap(engine.dialect)

            house.visited = lambda _system, point: points.visit(point)
            house.opened = opened_
        elif self.leaves_at:
            left = [self.leaves_at]

            def visited(_system: str, _point: str) -> None:
                left[0] -= 1
                if not left[0]:
                    house.stopping.set()

            house.visited = visited

    def _after_death(self) -> None:
        self.armed = self.leaves_at = 0
        if self._points:
            # Engines are shared: the next process counts nothing.
            self._points.dead, self._points.visit = False, _counts_nothing  # type: ignore[method-assign]
        self.house.broke_off()
        self.restart()

    def restart(self) -> None:
        """A process of ours begins where another one ended."""
        self.house.reborn()
        self.driver.holder = self.house.holder
        self.driver.start()

    def reload(self) -> None:
        """The settings as they are now, from the next run on."""
        self.driver.settings = self.house.settings
        self.driver.start()

    # --- the end ---

    def rest(self) -> None:
        """Days on which nothing happens, until nothing is left to do; then everything must add up."""
        house = self.house
        self.armed = self.leaves_at = 0
        self.driver.slow = dict.fromkeys(COARSE, NIGHT)
        house.outcomes.clear()
        for place in house.places.values():
            place.calm()
            place.settle()
        for office in house.offices.values():
            office.settle()
        least = 5 if "five9" in house.offices else 1
        for number in range(1, MOST_RESTS + 1):
            # Five9 takes numbers by night, which is our day.
            self.walk(NIGHT)
            if number >= least and self._is_at_rest():
                break
        else:
            self.verdicts.hold("it comes to rest", "never")
        self.people.look_at_alarms()
        with self.people.app() as app:
            for name, witness in house.witnesses.items():
                witness.all_adds_up(app)
                tally = witness.tally
                wrongs = [one for what, n in tally.wrongs.items() for one in [what] * n]
                self.verdicts.hold(f"{name}: nothing missed, doubled, overwritten, lost", *wrongs,
                                   of=tally.changes)  # fmt: skip
                self.verdicts.told += [f"{name}: {one}" for one in tally.told]
            phones = [phone for phone, _ in self.people.desk_noes]
            self._add(promises.all_noes(house, app, phones, self.people.lifted))
            with app.store.reading() as tx:
                self._add(promises.lifetimes(tx, house.settings, house.clock()))
        ran = self.driver.ran
        self._add(promises.schedules(house.settings, ran, self.begun, house.clock(), self.away))
        self._add(promises.bounded(self.sizes))

    def _is_at_rest(self) -> bool:
        """The last whole pass over each system found nothing to do."""
        return all(map(_is_quiet, self.house.outcomes.values())) and (
            self.house.outcomes.keys() >= set(self.house.settings.everywhere)
        )

    def _add(self, found: Verdicts) -> None:
        self.verdicts.looked += found.looked
        self.verdicts.wrong += found.wrong
        self.verdicts.told += found.told

    @property
    def tally(self) -> Tally:
        """What came of all CRMs together."""
        total = Tally()
        for witness in self.house.witnesses.values():
            total.add(witness.tally)
        return total


def _counts_nothing(_name: str) -> None:
    """Nobody is to be killed."""


def _is_quiet(outcome: Outcome) -> bool:
    totals = outcome.report.totals
    left = totals.waiting or totals.applied or totals.conflict or totals.unknown
    return not (left or outcome.report.failures)
