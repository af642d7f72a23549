"""The Danish company register (CVR), by one door or several.

Free of charge by each of them. Numbers are asked for in batches, so all that a customer is linked
with is read anew each night: changes of head counts move no stamp, and a feed would miss them. The
doors stand in an order; where one cannot be used the next one is asked, and what only the first one
knows waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from connectors.rights import Right
from connectors.sources.cvr.doors import SOURCE, Door, kept
from connectors.sources.means import Means
from connectors.sources.source import Detour, Found, Profile, Reply, Unknown
from rules.enrichment.record import CompanyRecord
from rules.errors import RingrenError, SystemStopped, TryAgain
from rules.keys import Key

REST: Final = timedelta(minutes=30)
"""So long a door that could not be used is left alone, where another one leads to the same place."""


@dataclass(slots=True)
class _Way:
    """A door, and until when it is left alone for what reason."""

    door: Door
    why: RingrenError | None = None
    until: datetime | None = None

    def is_shut(self, now: datetime) -> bool:
        if self.until and self.until <= now:
            self.why = self.until = None
        return self.why is not None

    def shut(self, why: SystemStopped | TryAgain, now: datetime) -> None:
        said = why.after_seconds if isinstance(why, TryAgain) else None
        self.why, self.until = why, now + max(REST, timedelta(seconds=said or 0))


class Cvr:
    """The register as a source. `doors` in the order in which they are asked, at least one."""

    def __init__(self, name: str, doors: Sequence[Door], means: Means) -> None:
        self.name, self._means = name, means
        self._ways = [_Way(door) for door in doors]
        self.profile = _profile(doors)

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """One reply for each key, by the first door that has one.

        `Detour` at the end where all were answered, and not by the door that comes first; where
        some were not, what that door says.
        """
        left = dict.fromkeys(keys)
        unsure: dict[Key, Reply] = {}
        why: RingrenError | None = None
        for way in self._ways:
            if not left or keys[0].kind not in way.door.can.asking:
                continue
            try:
                for reply in self._asked(way, list(left)):
                    if isinstance(reply, Unknown):
                        unsure.setdefault(reply.key, reply)
                        continue
                    del left[reply.key]
                    yield reply
            except (SystemStopped, TryAgain) as error:
                why = why or error
        if why is None:
            yield from (unsure[key] for key in left)
            return
        if left:
            raise why
        raise Detour(why)

    def credit(self) -> int | None:
        """Nothing is bought."""
        return None

    def check(self) -> Iterator[Right]:
        """Whether each door lets us in; one that does not keeps nobody from trying the next."""
        shut = 0
        for way in self._ways:
            try:
                yield from way.door.check()
            except (SystemStopped, TryAgain) as error:
                shut += 1
                if shut == len(self._ways):
                    raise
                yield _shut(way.door, error)

    # --- inside ---

    def _asked(self, way: _Way, keys: list[Key]) -> Iterator[Reply]:
        """The replies of a door, with what others told before of what it leaves blank."""
        now = self._means.clock()
        if way.is_shut(now) and way.why:
            raise way.why
        blank = way.door.can.blank
        before = self._means.known(self.name, keys) if blank else {}
        try:
            for reply in way.door.look_up(keys):
                if isinstance(reply, Found) and reply.key in before:
                    yield replace(reply, records=_kept(reply, before[reply.key], blank, now))
                else:
                    yield reply
        except (SystemStopped, TryAgain) as error:
            if len(self._ways) > 1:
                way.shut(error, now)
            raise


def _shut(door: Door, error: SystemStopped | TryAgain) -> Right:
    details = {name: str(value) for name, value in error.details.items()}
    remedy = error.remedy or f"{error.message}.remedy"
    return Right(f"{SOURCE}.{door.name}", False, error.message, remedy, details, stops=False)


def _kept(
    reply: Found, before: Iterable[CompanyRecord], blank: frozenset[str], now: datetime
) -> tuple[CompanyRecord, ...]:
    old = {one.number: one for one in before}
    return tuple(
        kept(one, old[one.number], blank, now) if one.number in old else one
        for one in reply.records
    )


def _profile(doors: Sequence[Door]) -> Profile:
    """What all doors can together: each kind of key is asked for as the first one takes it."""
    asking = {kind: how for door in reversed(doors) for kind, how in door.can.asking.items()}
    return Profile(
        asking=asking,
        fields=frozenset().union(*(door.can.fields for door in doors)),
        licence="source.cvr.licence",
        seconds=doors[0].can.seconds,
        renews=True,
    )
