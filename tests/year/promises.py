"""What must hold at the end of a year, whatever happened in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from year.driver import NOT_KEPT, Ran

from rules.keys import KeyKind, keys_in
from rules.suppression import Channel, SuppressionList
from rules.violations import Verdict
from state.ledger import entries_for
from state.screen import hashed_keys
from state.store import Tx
from state.tables import (
    alerts,
    attempts,
    blocked,
    findings,
    history,
    mirror,
    outbox,
)
from sync.app import App
from sync.service.jobs import JOBS, every, kind_of
from sync.service.schedules import At
from sync.settings import Settings

if TYPE_CHECKING:
    from year.house import Alarm, House

SOON: Final = timedelta(minutes=5)
"""From a forbidden call to its alarm, at the full beat, where the dialer can be reached."""
SLACK: Final = timedelta(days=2)
"""A purge comes once a day, and a day's may fail."""
GROWTH: Final = 1.5
"""From the year's middle to its end; opt-outs and what they were told to are kept."""
OLDEST: Final = {
    "mirror": mirror.c.deleted_at, "findings": findings.c.gone_at, "attempts": attempts.c.at_from,
    "alerts": alerts.c.ended_at,
}  # fmt: skip


@dataclass
class Verdicts:
    """What was promised, how often it was looked at, and where it did not hold."""

    looked: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def hold(self, promise: str, *wrongs: str, of: int = 1) -> None:
        """One look at a promise."""
        self.looked[promise] += of
        self.wrong[promise] += len(wrongs)
        self.told += [f"{promise}: {one}" for one in wrongs[:5]]

    @property
    def clean(self) -> bool:
        """Whether all held."""
        return not any(self.wrong.values())


# --- forbidden calls --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Planted:
    """A call to somebody who had said no, made on purpose; an alarm has to be sent until then."""

    ref: str
    at: datetime
    until: datetime


def alarmed(tx: Tx, one: Planted, told: Sequence[Alarm]) -> str | None:
    """What is wrong about the alarm for a planted call; None when it was sent in time."""
    which = f"{one.ref} of {one.at:%d.%m. %H:%M}"
    verdict = tx.execute(
        sa.select(attempts.c.verdict).where(attempts.c.ref == one.ref)
    ).scalar_one_or_none()
    if verdict != Verdict.CERTAIN:
        return f"{which} is {verdict or 'not read'}"
    line = f" · {one.ref}"
    first = next((it.at for it in told if any(x.endswith(line) for x in it.said.split("\n"))), None)
    if first is None:
        return f"{which}: nobody was told"
    return f"{which}: {first - one.until} late" if first > one.until else None


# --- noes -------------------------------------------------------------------------------------


def is_blocked(tx: Tx, app: App, who: str) -> bool:
    """Whether a number may not be called, an address not be written to, asked of the ledger."""
    kind, channel = (KeyKind.EMAIL, Channel.EMAIL) if "@" in who else (KeyKind.PHONE, Channel.CALL)
    hashed = hashed_keys(app.keys, keys_in(kind, who, "DK"))
    found = entries_for(tx, {one.digest for one in hashed})
    listed = SuppressionList(entry.event for entry in found)
    return listed.blocked(hashed, channel, app.clock()).blocked


def all_noes(house: House, app: App, desk: Sequence[str], lifted: Sequence[str]) -> Verdicts:
    """No no is lost, none is lifted but by a consent, and every system shows them."""
    found = Verdicts()
    with app.store.reading() as tx:
        for name, office in house.offices.items():
            lost = [one for one in office.noes if not is_blocked(tx, app, one)]
            found.hold(f"no no of {name} is lost", *lost, of=len(office.noes))
            numbers = {one for one in office.noes if is_blocked(tx, app, one)}
            if not name.endswith(("chimp", "campaign")):
                numbers |= {one for one in desk if is_blocked(tx, app, one)}
            found.hold(f"{name} shows all of them", *office.left(numbers), of=len(numbers))
        still = [one for one in desk if one not in lifted and not is_blocked(tx, app, one)]
        found.hold("no no of the desk is lost", *still, of=len(desk))
        back = [one for one in lifted if is_blocked(tx, app, one)]
        found.hold("a consent that two people vouch for lifts", *back, of=len(lifted))
        untold = tx.execute(
            sa.select(sa.func.count()).select_from(blocked).where(blocked.c.told.is_(False))
        ).scalar_one()
        found.hold("nobody waits to be flagged", *["a record"] * untold)
        queued = tx.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one()
        found.hold("no write is left under way", *["a write"] * queued)
    return found


# --- schedules --------------------------------------------------------------------------------


def schedules(
    settings: Settings, ran: Sequence[Ran], begun: datetime, until: datetime, off: Sequence[Off]
) -> Verdicts:
    """Each job with a time of day once for each of its times: never twice, and missed by nobody who
    was there."""
    found = Verdicts()
    for job in every(settings, JOBS):
        schedule = job.schedule(settings)
        if not isinstance(schedule, At):
            continue
        times = [begun]
        while times[-1] < until:
            times.append(schedule.after(times[-1], times[-1]))
        wrongs = list(_misses(job.name, times, [one for one in ran if one.job == job.name], off))
        found.hold(f"{kind_of(job.name)} keeps its times", *wrongs, of=len(times) - 2)
    return found


Off = tuple[datetime, datetime]
"""From when until when nothing of ours was at work, or its clock was wrong."""


def _misses(
    name: str, times: Sequence[datetime], ran: Sequence[Ran], off: Sequence[Off]
) -> Iterator[str]:
    for since, until in pairwise(times[1:]):
        mine = [one for one in ran if since <= one.true < until]
        good = [one for one in mine if one.ended and one.ended.error is None]
        excused = any(begin < until and end > since for begin, end in off)
        if len(good) > 1 and not excused:
            yield f"{name} of {since:%d.%m. %H:%M} ran {len(good)} times"
        if not mine and not any(begin <= since and end >= until for begin, end in off):
            yield f"{name} of {since:%d.%m. %H:%M} never ran"


def caught_up(ran: Sequence[Ran], since: datetime, names: Sequence[str]) -> list[str]:
    """After a time in which nobody was there each job comes once, and at once."""
    first = [one.job for one in ran if since <= one.true < since + timedelta(minutes=10)]
    counted = Counter(one for one in first if one in names)
    return [
        f"{one} came {counted[one]} times after {since:%d.%m.}"
        for one in names
        if counted[one] != 1
    ]


def not_kept(ran: Sequence[Ran]) -> int:
    """Runs that the store could not take down."""
    return sum(bool(one.ended and one.ended.error and NOT_KEPT in one.ended.error) for one in ran)


# --- keeping house ----------------------------------------------------------------------------


def lifetimes(tx: Tx, settings: Settings, now: datetime) -> Verdicts:
    """Nothing is kept for longer than the settings say."""
    found = Verdicts()
    lives: Mapping[str, int] = settings.purge.model_dump()
    for name, column in OLDEST.items():
        oldest = tx.execute(sa.select(sa.func.min(column))).scalar_one()
        too_old = oldest is not None and oldest < now - timedelta(days=lives[name]) - SLACK
        found.hold(f"{name}: {lives[name]} days and no longer", *[str(oldest)] * too_old)
    values = tx.execute(
        sa.select(sa.func.min(history.c.applied_at)).where(history.c.emptied_at.is_(None))
    ).scalar_one()
    too_old = values is not None and values < now - timedelta(days=lives["history"]) - SLACK
    found.hold("values of writes: 30 days and no longer", *[str(values)] * too_old)
    return found


def bounded(sizes: Sequence[tuple[datetime, int]]) -> Verdicts:
    """The database grows by what must be kept, and by nothing else."""
    found = Verdicts()
    if len(sizes) >= 8:
        half, last = sizes[len(sizes) // 2][1], sizes[-1][1]
        grown = f"from {half:,} pages in the middle to {last:,} at the end"
        found.hold("the database stays bounded", *[grown] * (last > half * GROWTH))
    return found
